/** Two bars of time, and the band between them: which seconds of the upload are which seconds of the known content. */
import { drawing, element } from './elements.js';
import { formatSeconds, formatSegment } from './format.js';

/** Beyond this ratio of lengths one scale for both would leave nothing to see of the shorter. */
const ratioMax = 5;

/**
 * `uploadSeconds` and `knownSeconds` are whole lengths; null where unknown (the bar then ends open).
 * Returns null when there is no stretch of time to draw, as with images.
 */
export function drawEvidence(match, uploadSeconds, knownSeconds) {
  const span = Math.max(match.upload.endSeconds - match.upload.startSeconds, match.known.endSeconds);
  if (span <= 0) return null;
  const upload = bar(match.upload, uploadSeconds);
  const known = bar(match.known, knownSeconds);
  const longest = Math.max(upload.length, known.length);
  const shared = longest / Math.max(Math.min(upload.length, known.length), 0.001) <= ratioMax;
  scaleBar(upload, shared ? longest : upload.length);
  scaleBar(known, shared ? longest : known.length);
  const label = `${formatSegment(match.upload)} of the upload is ${formatSegment(match.known)} of ${match.contentId}`;
  return element(
    'div',
    { class: 'evidence', role: 'img', 'aria-label': label },
    element('span', { class: 'side' }, 'Upload'),
    drawBar(upload),
    band(upload, known),
    element('span', { class: 'side' }, 'Known'),
    drawBar(known),
  );
}

function bar(segment, wholeSeconds) {
  const length = Math.max(wholeSeconds ?? segment.endSeconds * 1.15, segment.endSeconds, 0.1);
  return { segment, length, open: wholeSeconds === null };
}

/** Percentages of the width; a bar takes at most 90, so that its length can stand behind it. */
function scaleBar(it, fullSeconds) {
  const percent = (seconds) => (seconds / fullSeconds) * 90;
  it.end = percent(it.length);
  it.from = percent(it.segment.startSeconds);
  it.to = percent(it.segment.endSeconds);
}

function drawBar(it) {
  const whole = element('span', { class: it.open ? 'whole open' : 'whole' });
  whole.style.width = `${it.end}%`;
  const part = element('span', { class: 'part', title: formatSegment(it.segment) });
  part.style.left = `${it.from}%`;
  part.style.width = `${it.to - it.from}%`;
  const length = element('span', { class: 'length' }, it.open ? '' : formatSeconds(it.length));
  length.style.left = `${it.end}%`;
  return element('div', { class: 'bar' }, whole, part, length);
}

function band(upload, known) {
  const points = `${upload.from},0 ${upload.to},0 ${known.to},100 ${known.from},100`;
  return drawing(
    'svg',
    { class: 'band', viewBox: '0 0 100 100', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    drawing('polygon', { points }),
    drawing('line', { x1: upload.from, y1: 0, x2: known.from, y2: 100 }),
    drawing('line', { x1: upload.to, y1: 0, x2: known.to, y2: 100 }),
  );
}
