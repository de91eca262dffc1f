/**
 * Frames packed for the bank log, 40 bytes each, little-endian:
 *
 *   0        4        5      6     8                                        40
 *   | timeMs | quality| view | 0 0 | PDQ hash, in the order of its hex text |
 *   |  u32   |   u8   |  u8  |     | 32 bytes                               |
 *
 * View 0 is the exact PDQ of the whole frame: what every known frame has. Known content may have *views* besides, hashes
 * of parts of the frame: view n is place n - 1 in `knownViews` (match/region.ts). They stay packed: a frame has dozens.
 *
 * Thumbnails, 1,028 bytes each: timeMs (u32) and 32 x 32 gray pixels, rows from the top.
 */
import { limits } from '../config/limits.ts';

/** The whole frame. */
export interface Frame {
  /** Position in the content, milliseconds, below 2^32. */
  readonly timeMs: number;
  /** PDQ's quality, 0 to 100. */
  readonly quality: number;
  /** 32 bytes, in the order of the hash's hex text. */
  readonly hash: Uint8Array;
}

/** A part of a frame. */
export interface ViewOfFrame extends Frame {
  /** Place in `knownViews`. */
  readonly view: number;
}

export interface FrameThumbnail {
  readonly timeMs: number;
  /** limits.thumbnailBytes of them. */
  readonly pixels: Uint8Array;
}

export const packedFrameBytes = 40;
export const packedThumbnailBytes = 4 + limits.thumbnailBytes;

const timeAt = 0;
const qualityAt = 4;
const viewAt = 5;
const hashAt = 8;
const qualityMax = 100;

export function packFrames(frames: readonly Frame[]): Buffer {
  const packed = Buffer.alloc(frames.length * packedFrameBytes);
  for (const [index, frame] of frames.entries()) writeFrame(packed, index * packedFrameBytes, frame, 0);
  return packed;
}

export function packViews(views: readonly ViewOfFrame[]): Buffer {
  const packed = Buffer.alloc(views.length * packedFrameBytes);
  for (const [index, view] of views.entries()) writeFrame(packed, index * packedFrameBytes, view, view.view + 1);
  return packed;
}

function writeFrame(packed: Buffer, at: number, { timeMs, quality, hash }: Frame, view: number): void {
  packed.writeUInt32LE(timeMs, at + timeAt);
  packed.writeUInt8(quality, at + qualityAt);
  packed.writeUInt8(view, at + viewAt);
  packed.set(hash, at + hashAt);
}

/** The frames, and the views as they lie, each in their order. Throws a RangeError on a length that is not whole. */
export function unpackFrames(packed: Uint8Array): { readonly frames: Frame[]; readonly views: Uint8Array } {
  requireWhole('packed frames', packed, packedFrameBytes);
  // One copy for all: views of the given Buffer would keep all of its memory, and a copy each would cost more than it holds.
  const [own, views] = divide(packed);
  const view = new DataView(own.buffer);
  const frames: Frame[] = [];
  for (let at = 0; at < own.length; at += packedFrameBytes) {
    frames.push({
      timeMs: view.getUint32(at + timeAt, true),
      quality: Math.min(view.getUint8(at + qualityAt), qualityMax),
      hash: own.subarray(at + hashAt, at + hashAt + limits.hashBytes),
    });
  }
  return { frames, views };
}

/** Copies of what has view 0 and of what has another. */
function divide(packed: Uint8Array): readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
  let frames = 0;
  for (let at = viewAt; at < packed.length; at += packedFrameBytes) frames += packed[at] === 0 ? 1 : 0;
  const ends = [new Uint8Array(frames * packedFrameBytes), new Uint8Array(packed.length - frames * packedFrameBytes)];
  const [ofFrames, ofViews] = ends as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  let [frameEnd, viewEnd] = [0, 0];
  for (let at = 0; at < packed.length; at += packedFrameBytes) {
    const one = packed.subarray(at, at + packedFrameBytes);
    if (packed[at + viewAt] === 0) {
      ofFrames.set(one, frameEnd);
      frameEnd += packedFrameBytes;
    } else {
      ofViews.set(one, viewEnd);
      viewEnd += packedFrameBytes;
    }
  }
  return [ofFrames, ofViews];
}

/** Reads packed views one by one, without an object each. */
export function viewReader(packed: Uint8Array) {
  const bytes = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return {
    count: Math.floor(packed.length / packedFrameBytes),
    timeMs: (index: number): number => bytes.getUint32(index * packedFrameBytes + timeAt, true),
    quality: (index: number): number => Math.min(bytes.getUint8(index * packedFrameBytes + qualityAt), qualityMax),
    /** Place in `knownViews`, or beyond it when a later version wrote it. */
    view: (index: number): number => bytes.getUint8(index * packedFrameBytes + viewAt) - 1,
    hash(index: number): Uint8Array {
      const at = index * packedFrameBytes + hashAt;
      return packed.subarray(at, at + limits.hashBytes);
    },
  };
}

export function packThumbnails(thumbnails: readonly FrameThumbnail[]): Buffer {
  const packed = Buffer.alloc(thumbnails.length * packedThumbnailBytes);
  thumbnails.forEach(({ timeMs, pixels }, index) => {
    packed.writeUInt32LE(timeMs, index * packedThumbnailBytes);
    packed.set(pixels.subarray(0, limits.thumbnailBytes), index * packedThumbnailBytes + 4);
  });
  return packed;
}

export function thumbnailReader(packed: Uint8Array) {
  const bytes = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return {
    count: Math.floor(packed.length / packedThumbnailBytes),
    timeMs: (index: number): number => bytes.getUint32(index * packedThumbnailBytes, true),
    pixels: (index: number): Uint8Array =>
      packed.subarray(index * packedThumbnailBytes + 4, (index + 1) * packedThumbnailBytes),
  };
}

/** A copy of packed thumbnails. Throws a RangeError on a length that is not whole. */
export function checkedThumbnails(packed: Uint8Array): Uint8Array {
  requireWhole('packed thumbnails', packed, packedThumbnailBytes);
  return new Uint8Array(packed);
}

function requireWhole(what: string, { length }: Uint8Array, each: number): void {
  if (length % each !== 0) throw new RangeError(`${what}: ${length} bytes are not a multiple of ${each}`);
}
