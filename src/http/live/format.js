/** Numbers and words for people. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

export const outcomeNames = ['block', 'review', 'allow'];
export const outcomeWords = { block: 'Blocked', review: 'Review', allow: 'Allowed' };

export const reasonWords = {
  exact_copy: 'The same bytes as known content',
  matched: 'A copy of known content',
  near_match: 'Close to known content, not close enough to be sure',
  no_match: 'No match with anything known',
  no_detail: 'Too little detail to be judged',
  unsupported: 'Not an image or video that can be judged',
  undecodable: 'Could not be decoded',
  too_large: 'Over the limits',
  timed_out: 'Took too long to judge',
  forbidden_source: 'May not be fetched from where it is',
  unreachable: 'Could not be fetched',
  digest_mismatch: 'Not the bytes that were announced',
  shed: 'Not looked at to the end, under overload',
};

export const viewWords = {
  original: 'as it is',
  rotate90: 'rotated by 90°',
  rotate180: 'rotated by 180°',
  rotate270: 'rotated by 270°',
  flipX: 'upside down',
  flipY: 'mirrored left to right',
  flipPlus1: 'mirrored along a diagonal',
  flipMinus1: 'mirrored along the other diagonal',
};

export const degradationWords = {
  truncated_content: 'content cut off',
  decode_errors: 'errors while decoding',
  hits_capped: 'too many hits to look at all',
  frames_capped: 'too many frames to look at all',
  video_backend_missing: 'video cannot be decoded here',
  second_look_shed: 'no second look, under overload',
  frames_shed: 'key frames alone, under overload',
  far_regions_shed: 'no crops and halves, under overload',
  regions_shed: 'whole frames alone, under overload',
};

/** Where in a picture a match is: { left, top, width, height } in shares of it, and degrees. */
export function formatRegion({ left, top, width, height, degrees }) {
  const isWhole = left === 0 && top === 0 && width === 1 && height === 1;
  const place = `${formatShare(width)} × ${formatShare(height)} at ${formatShare(left)}, ${formatShare(top)}`;
  return (isWhole ? 'all' : place) + (degrees === 0 ? '' : `, turned by ${degrees}°`);
}

export function formatShare(share) {
  return `${whole.format(share * 100)} %`;
}

export function formatCount(count) {
  return count < 100_000 ? whole.format(count) : short.format(count);
}

export function formatRate(perSecond) {
  return perSecond >= 100 ? whole.format(perSecond) : perSecond.toFixed(1);
}

/** 83.4 -> "1:23.4"; tenths below ten minutes only. */
export function formatSeconds(seconds) {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = (tenths % 600) / 10;
  if (minutes === 0) return `${rest.toFixed(1)} s`;
  if (minutes >= 60) return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(Math.floor(rest))}`;
  return minutes < 10 ? `${minutes}:${rest.toFixed(1).padStart(4, '0')}` : `${minutes}:${pad(Math.floor(rest))}`;
}

export function formatSegment({ startSeconds, endSeconds }) {
  return `${formatSeconds(startSeconds).replace(/ s$/, '')} – ${formatSeconds(endSeconds)}`;
}

export function formatUptime(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

export function formatBytes(bytes) {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? whole.format(value) : value.toFixed(1)} ${units[power]}`;
}

export function formatTime(rfc3339) {
  return clock.format(new Date(rfc3339));
}

export function formatMs(ms) {
  return ms < 1000 ? `${whole.format(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function pad(number) {
  return String(number).padStart(2, '0');
}
