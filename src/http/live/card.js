/** One decision: outcome, reason, and the evidence for it. */
import { element, outcomeSign } from './elements.js';
import { drawEvidence } from './evidence.js';
import {
  degradationWords,
  formatBytes,
  formatMs,
  formatRegion,
  formatSeconds,
  formatSegment,
  formatShare,
  formatTime,
  outcomeWords,
  reasonWords,
  viewWords,
} from './format.js';

/** `radiusBits`: the greatest distances that match, {frame, aligned, region}. */
export function drawCard(decision, radiusBits) {
  const best = decision.matches[0];
  const card = element(
    'li',
    { class: 'card', 'data-outcome': decision.outcome },
    head(decision),
    finding(decision, best),
  );
  if (best !== undefined) card.append(evidenceOf(best, decision), facts(best, decision, radiusBits));
  else if (decision.sampling !== null) card.append(element('dl', { class: 'facts' }, ...sampled(decision.sampling)));
  if (decision.matches.length > 1) card.append(otherMatches(decision.matches.slice(1), radiusBits));
  return card;
}

function head(decision) {
  const { outcome, observedOutcome, media } = decision;
  const word =
    observedOutcome === undefined ? outcomeWords[outcome] : `Allowed, would be: ${outcomeWords[observedOutcome]}`;
  const revision = decision.revision > 1 ? ` revision ${decision.revision}` : '';
  const when = `${formatTime(decision.decidedAt)} · decided in ${formatMs(decision.decisionMs)}`;
  return element(
    'div',
    { class: 'card-head' },
    element('span', { class: 'badge' }, outcomeSign(outcome), word),
    element('span', { class: 'id' }, decision.uploadId),
    element('span', { class: 'quiet' }, mediaText(media) + revision),
    element('time', { class: 'quiet when', datetime: decision.decidedAt }, when),
  );
}

function mediaText(media) {
  const size = media.width === undefined ? undefined : `${media.width}×${media.height}`;
  const bytes = media.bytes === undefined ? undefined : formatBytes(media.bytes);
  const kind = media.kind === 'unknown' ? undefined : media.kind;
  return [kind, media.codec ?? media.container, size, bytes].filter((text) => text !== undefined).join(' · ');
}

function finding(decision, best) {
  const text = element('p', { class: 'finding' }, reasonWords[decision.reason] ?? decision.reason);
  if (best !== undefined) {
    text.append(': ', ...claim(best));
    for (const label of [best.bank, ...best.labels]) text.append(element('span', { class: 'label' }, label));
  } else if (decision.detail !== undefined) {
    text.append(`. ${decision.detail}`);
  }
  return text;
}

function claim(match) {
  const name = element('span', { class: 'id' }, match.contentId);
  if (match.known.endSeconds <= 0) return [name];
  return [`${formatSegment(match.upload)} of the upload is ${formatSegment(match.known)} of `, name];
}

function evidenceOf(match, decision) {
  const knownSeconds = match.knownDurationSeconds > 0 ? match.knownDurationSeconds : null;
  const sampledSeconds = decision.sampling?.durationSeconds ?? null;
  // The same bytes are as long as each other, though nothing of the upload was looked at.
  const uploadSeconds = match.kind === 'exact' ? (sampledSeconds ?? knownSeconds) : sampledSeconds;
  return element('div', {}, ...[drawEvidence(match, uploadSeconds, knownSeconds)].filter((drawn) => drawn !== null));
}

function facts(match, decision, radiusBits) {
  const list = element('dl', { class: 'facts' }, ...matchFacts(match, radiusBits));
  if (decision.sampling !== null) list.append(...sampled(decision.sampling));
  if (decision.degraded.length > 0) {
    list.append(fact('Degraded', decision.degraded.map((name) => degradationWords[name] ?? name).join(', ')));
  }
  return list;
}

function matchFacts(match, radiusBits) {
  if (match.kind === 'exact') return [fact('Bytes', 'identical')];
  const radius = radiusBits[match.uploadRegion ? 'region' : match.kind];
  const frames = `${match.framesMatched} matched, ${match.distinctFrames} distinct`;
  return [
    element(
      'div',
      {},
      element('dt', {}, 'Distance'),
      element('dd', {}, meter(match.distanceBits, radius)),
      element('dd', {}, `${match.distanceBits} of radius ${radius}`),
    ),
    fact('View', (viewWords[match.view] ?? match.view) + (match.negative ? ', as a negative' : '')),
    ...pictureFacts(match),
    ...(match.known.endSeconds > 0 ? [fact('Speed', `${match.speed.toFixed(2)}×`), fact('Frames', frames)] : []),
  ];
}

/** Which part of the picture shows which part of the known one, and how far the pixels bear it out. */
function pictureFacts({ uploadRegion, knownRegion, pixelAgreement, changeAgreement }) {
  if (uploadRegion === undefined) return [];
  const agreed = [
    pixelAgreement === undefined ? undefined : `${formatShare(pixelAgreement)} of the detail`,
    changeAgreement === undefined ? undefined : `${formatShare(Math.max(0, changeAgreement))} of the motion`,
  ].filter((text) => text !== undefined);
  return [
    fact('Picture', `${formatRegion(uploadRegion)} of the upload, ${formatRegion(knownRegion)} of the known`),
    ...(agreed.length > 0 ? [fact('Pixels agree', agreed.join(', '))] : []),
  ];
}

function meter(distanceBits, radiusBits) {
  const fill = element('i');
  fill.style.width = `${Math.min(100, (distanceBits / Math.max(radiusBits, 1)) * 100)}%`;
  return element('span', { class: 'meter', 'aria-hidden': 'true' }, fill);
}

function sampled(sampling) {
  const { framesSampled, framesUsable, durationSeconds, largestGapSeconds, complete } = sampling;
  const of = durationSeconds ? ` of ${formatSeconds(durationSeconds)}` : '';
  const gap = largestGapSeconds ? `, largest gap ${formatSeconds(largestGapSeconds)}` : '';
  const unusable = framesUsable < framesSampled ? `, ${framesSampled - framesUsable} without detail` : '';
  const frames = framesSampled === 1 ? '1 frame' : `${framesSampled} frames`;
  return [
    fact('Looked at', `${frames}${of}${gap}${unusable}${complete ? '' : '; stopped early, the evidence decides'}`),
  ];
}

function fact(name, text) {
  return element('div', {}, element('dt', {}, name), element('dd', {}, text));
}

function otherMatches(matches, radiusBits) {
  const summary = element('summary', {}, matches.length === 1 ? '1 more match' : `${matches.length} more matches`);
  const items = matches.map((match) =>
    element(
      'li',
      {},
      element('p', { class: 'finding' }, ...claim(match)),
      element('dl', { class: 'facts' }, ...matchFacts(match, radiusBits)),
    ),
  );
  return element('details', {}, summary, element('ul', {}, ...items));
}
