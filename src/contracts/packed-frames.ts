/**
 * Frames packed for the bank log, 40 bytes each, little-endian:
 *
 *   0        4        5        6     8                                        40
 *   | timeMs | quality| view   | 0 0 | PDQ hash, in the order of its hex text |
 *   |  u32   |   u8   |   u8   |     | 32 bytes                               |
 */
import { limits } from '../config/limits.ts';

export interface Frame {
  /** Position in the content, milliseconds, below 2^32. */
  readonly timeMs: number;
  /** PDQ's quality, 0 to 100. */
  readonly quality: number;
  /** Absent or 0: the exact PDQ of the whole frame. Otherwise a place in `knownViews` (match/region.ts) plus 1. */
  readonly view?: number;
  /** 32 bytes, in the order of the hash's hex text. */
  readonly hash: Uint8Array;
}

export const packedFrameBytes = 40;

export function packFrames(frames: readonly Frame[]): Buffer {
  const packed = Buffer.alloc(frames.length * packedFrameBytes);
  frames.forEach((frame, index) => {
    const at = index * packedFrameBytes;
    packed.writeUInt32LE(frame.timeMs, at);
    packed.writeUInt8(frame.quality, at + 4);
    packed.writeUInt8(frame.view ?? 0, at + 5);
    packed.set(frame.hash, at + 8);
  });
  return packed;
}

/** Throws a RangeError when the length is not a whole number of frames. */
export function unpackFrames(packed: Uint8Array): Frame[] {
  if (packed.length % packedFrameBytes !== 0) {
    throw new RangeError(`packed frames: ${packed.length} bytes are not a multiple of ${packedFrameBytes}`);
  }
  // One copy for all: views of the given Buffer would keep all of its memory, and a copy each would cost more than it holds.
  const own = new Uint8Array(packed);
  const view = new DataView(own.buffer);
  const frames: Frame[] = [];
  for (let at = 0; at < own.length; at += packedFrameBytes) {
    const viewNumber = view.getUint8(at + 5);
    frames.push({
      timeMs: view.getUint32(at, true),
      quality: Math.min(view.getUint8(at + 4), 100),
      ...(viewNumber === 0 ? {} : { view: viewNumber }),
      hash: own.subarray(at + 8, at + 8 + limits.hashBytes),
    });
  }
  return frames;
}

/** A small gray picture of a known frame: 32 x 32 pixels, rows from the top. */
export interface KnownThumbnail {
  readonly timeMs: number;
  readonly pixels: Uint8Array;
}

const thumbnailBytes = limits.knownThumbnailSide ** 2;
export const packedThumbnailBytes = 4 + thumbnailBytes;

/** Time (u32) and pixels of each, one after the other. Throws a RangeError when a picture has another size. */
export function packThumbnails(thumbnails: readonly KnownThumbnail[]): Buffer {
  const packed = Buffer.alloc(thumbnails.length * packedThumbnailBytes);
  thumbnails.forEach(({ timeMs, pixels }, index) => {
    if (pixels.length !== thumbnailBytes) throw new RangeError(`a thumbnail has ${pixels.length} pixels`);
    packed.writeUInt32LE(timeMs, index * packedThumbnailBytes);
    packed.set(pixels, index * packedThumbnailBytes + 4);
  });
  return packed;
}

/** Throws a RangeError when the length is not a whole number of thumbnails. */
export function unpackThumbnails(packed: Uint8Array): KnownThumbnail[] {
  if (packed.length % packedThumbnailBytes !== 0) {
    throw new RangeError(`packed thumbnails: ${packed.length} bytes are not a multiple of ${packedThumbnailBytes}`);
  }
  const own = new Uint8Array(packed);
  const view = new DataView(own.buffer);
  return Array.from({ length: own.length / packedThumbnailBytes }, (_, index) => {
    const at = index * packedThumbnailBytes;
    return { timeMs: view.getUint32(at, true), pixels: own.subarray(at + 4, at + packedThumbnailBytes) };
  });
}
