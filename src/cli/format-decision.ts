/** A decision and its evidence for people: which seconds of the upload are which seconds of what, at what distance. */
import type { Outcome } from '../contracts/common.ts';
import type { Decision, Match, PictureRegion, Reason } from '../contracts/decision.ts';
import { formatSeconds, formatSegment, printable, type Terminal } from './terminal.ts';

type Colours = Terminal['colours'];

const barWidth = 24;

const marks: Record<Outcome, string> = { block: '■ BLOCK ', review: '◆ REVIEW', allow: '○ ALLOW ' };

const sentences: Record<Reason, string> = {
  exact_copy: 'the same bytes as known content',
  matched: 'matches known content',
  near_match: 'something comes close to known content',
  no_match: 'nothing known comes close',
  no_detail: 'no frame has enough detail to be judged',
  unsupported: 'not an accepted type',
  undecodable: 'could not be decoded',
  too_large: 'over a limit',
  timed_out: 'took too long',
  forbidden_source: 'may not be fetched from there',
  unreachable: 'could not be fetched',
  shed: 'not looked at to the end, under overload',
  digest_mismatch: 'not the announced SHA-256',
};

const viewNames: Record<Match['view'], string> = {
  original: '',
  rotate90: 'turned 90°',
  rotate180: 'turned 180°',
  rotate270: 'turned 270°',
  flipX: 'upside down',
  flipY: 'mirrored',
  flipPlus1: 'mirrored on the diagonal',
  flipMinus1: 'mirrored on the other diagonal',
};

export function formatOutcome(outcome: Outcome, colours: Colours): string {
  const paint = { block: colours.red, review: colours.yellow, allow: colours.green }[outcome];
  return colours.bold(paint(marks[outcome]));
}

/** One line: outcome, upload, reason, time taken. */
function formatDecisionLine(decision: Decision, colours: Colours): string {
  const observed = decision.observedOutcome === undefined ? '' : ` (would be ${decision.observedOutcome})`;
  const why = decision.detail === undefined ? sentences[decision.reason] : printable(decision.detail);
  return `${formatOutcome(decision.outcome, colours)} ${decision.uploadId}  ${colours.dim(
    `${why}${observed} · ${decision.decisionMs} ms`,
  )}`;
}

/** The line and, below it, the best matches as bars of time. */
export function formatDecision(decision: Decision, colours: Colours, matchesMax = 2): string[] {
  const uploadSeconds = decision.sampling?.durationSeconds ?? 0;
  const matches = decision.matches.slice(0, matchesMax).flatMap((match) => formatMatch(match, uploadSeconds, colours));
  return [formatDecisionLine(decision, colours), ...matches];
}

export function formatMatch(match: Match, uploadSeconds: number, colours: Colours): string[] {
  const name = colours.cyan(match.contentId);
  if (match.kind === 'exact') return [`    = ${name} byte for byte`];
  const notes = [
    `${match.framesMatched} frame${match.framesMatched === 1 ? '' : 's'}`,
    `distance ${match.distanceBits}/256 (median ${match.medianDistanceBits})`,
    ...(match.speed === 1 || match.kind === 'frame' ? [] : [`speed ${match.speed.toFixed(2)}x`]),
    ...(viewNames[match.view] === '' ? [] : [viewNames[match.view]]),
    ...(match.negative === true ? ['as a negative'] : []),
    ...formatPicture(match),
  ].join(' · ');
  if (match.kind === 'frame' && uploadSeconds === 0 && match.known.endSeconds === 0) {
    return [`    ≈ ${name}  ${colours.dim(notes)}`];
  }
  const bar = (segment: Match['upload'], wholeSeconds: number) =>
    formatSegment(segment, wholeSeconds, barWidth).replace(/▓+/, (matched) => colours.red(matched));
  return [
    `    upload ${bar(match.upload, uploadSeconds)} ${times(match.upload)}`,
    `    known  ${bar(match.known, match.knownDurationSeconds)} ${times(match.known)} of ${name}`,
    `           ${colours.dim(notes)}`,
  ];
}

/** Which part of the picture shows which part of the known one, and how far the pixels bear it out. */
function formatPicture({ uploadRegion, knownRegion, pixelAgreement }: Match): string[] {
  if (uploadRegion === undefined || knownRegion === undefined) return [];
  const isWhole = uploadRegion.width === 1 && uploadRegion.height === 1 && knownRegion.width === 1;
  const places = `${formatRegion(uploadRegion)} of the picture is ${formatRegion(knownRegion)} of the known one`;
  return [
    ...(isWhole && knownRegion.height === 1 ? [] : [places]),
    ...(pixelAgreement === undefined ? [] : [`pixels agree by ${percent(pixelAgreement)} %`]),
  ];
}

function formatRegion({ left, top, width, height, degrees }: PictureRegion): string {
  const turned = degrees === 0 ? '' : ` turned by ${degrees}°`;
  if (width === 1 && height === 1) return `all${turned}`;
  return `${percent(width)}x${percent(height)} % at ${percent(left)},${percent(top)} %${turned}`;
}

function percent(share: number): number {
  return Math.round(share * 100);
}

function times(segment: Match['upload']): string {
  return `${formatSeconds(segment.startSeconds)}–${formatSeconds(segment.endSeconds)}`;
}
