/**
 * The deep side of one content as a string of bytes, little-endian, each column aligned to 4 bytes:
 *
 *      aspect f32 | entries u32 | thumbnails u32 | from u32 x n | until u32 x n | hashes 32 x n
 *      | thumbnail times u32 x m | thumbnails 1024 x m | view u8 x n | quality u8 x n
 */
import { limits } from '../config/limits.ts';
import type { Frame, KnownThumbnail } from '../contracts/packed-frames.ts';
import { bitsBetween } from '../match/bits.ts';

export interface DeepFrames {
  /** Width over height. */
  readonly aspect: number;
  /** `view` is a place in `knownViews` plus 1. */
  readonly views: readonly Frame[];
  readonly thumbnails: readonly KnownThumbnail[];
  /** Rate at which the frames were taken; 0 for an image. */
  readonly framesPerSecond: number;
}

export interface DeepColumns {
  readonly aspect: number;
  readonly entries: number;
  readonly fromMs: Uint32Array;
  readonly untilMs: Uint32Array;
  readonly hashes: Uint8Array;
  /** Places in `knownViews`. */
  readonly view: Uint8Array;
  readonly quality: Uint8Array;
  readonly thumbnailMs: Uint32Array;
  readonly thumbnails: Uint8Array;
}

const headWords = 3;
const thumbnailBytes = limits.knownThumbnailSide ** 2;
/** Frames whose view stays within so many bits of the first of a run are one entry: still scenes shrink to little. */
const sameViewBits = 4;
/** So many steps without a frame end a run. */
const runSteps = 1.5;
const usualStepMs = 500;

interface Run {
  readonly frame: Frame;
  untilMs: number;
  quality: number;
}

export function packDeep({ aspect, views, thumbnails, framesPerSecond }: DeepFrames): Uint8Array {
  const runs = runsOf(views, framesPerSecond);
  const n = runs.length;
  const m = thumbnails.length;
  const places = layoutOf(n, m);
  const packed = new Uint8Array(places.end);
  const view = new DataView(packed.buffer);
  view.setFloat32(0, aspect, true);
  view.setUint32(4, n, true);
  view.setUint32(8, m, true);
  runs.forEach(({ frame, untilMs, quality }, at) => {
    view.setUint32(places.from + at * 4, frame.timeMs, true);
    view.setUint32(places.until + at * 4, untilMs, true);
    packed.set(frame.hash, places.hashes + at * limits.hashBytes);
    packed[places.view + at] = (frame.view ?? 1) - 1;
    packed[places.quality + at] = quality;
  });
  thumbnails.forEach(({ timeMs, pixels }, at) => {
    view.setUint32(places.times + at * 4, timeMs, true);
    packed.set(pixels.subarray(0, thumbnailBytes), places.thumbnails + at * thumbnailBytes);
  });
  return packed;
}

/** Views of the bytes, which must be aligned to 4; they may be longer than what was packed. */
export function unpackDeep(packed: Uint8Array): DeepColumns {
  const own = packed.byteOffset % 4 === 0 ? packed : packed.slice();
  const { buffer, byteOffset } = own;
  const head = new DataView(buffer, byteOffset);
  const [aspect, n, m] = [head.getFloat32(0, true), head.getUint32(4, true), head.getUint32(8, true)];
  const places = layoutOf(n, m);
  const words = (at: number, count: number) => new Uint32Array(buffer, byteOffset + at, count);
  const bytes = (at: number, count: number) => new Uint8Array(buffer, byteOffset + at, count);
  return {
    aspect,
    entries: n,
    fromMs: words(places.from, n),
    untilMs: words(places.until, n),
    hashes: bytes(places.hashes, n * limits.hashBytes),
    view: bytes(places.view, n),
    quality: bytes(places.quality, n),
    thumbnailMs: words(places.times, m),
    thumbnails: bytes(places.thumbnails, m * thumbnailBytes),
  };
}

function layoutOf(n: number, m: number) {
  const from = headWords * 4;
  const until = from + n * 4;
  const hashes = until + n * 4;
  const times = hashes + n * limits.hashBytes;
  const thumbnails = times + m * 4;
  const view = thumbnails + m * thumbnailBytes;
  const quality = view + n;
  return { from, until, hashes, times, thumbnails, view, quality, end: quality + n };
}

function runsOf(views: readonly Frame[], framesPerSecond: number): Run[] {
  const breakMs = runSteps * (framesPerSecond > 0 ? 1000 / framesPerSecond : usualStepMs);
  const last = new Map<number, Run>();
  const runs: Run[] = [];
  for (const frame of [...views].sort((a, b) => a.timeMs - b.timeMs)) {
    const run = last.get(frame.view ?? 0);
    const goesOn = run !== undefined && frame.timeMs - run.untilMs <= breakMs;
    if (goesOn && bitsBetween(run.frame.hash, frame.hash) <= sameViewBits) {
      run.untilMs = frame.timeMs;
      run.quality = Math.min(run.quality, frame.quality);
      continue;
    }
    const next = { frame, untilMs: frame.timeMs, quality: frame.quality };
    last.set(frame.view ?? 0, next);
    runs.push(next);
  }
  return runs;
}
