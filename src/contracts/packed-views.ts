/**
 * Frames of a fingerprint with all eight hashes, packed, 264 bytes each, little-endian:
 *
 *   0        4        5        8                                          264
 *   | timeMs | quality| 0 0 0  | 8 PDQ hashes, in the order of their views |
 *   |  u32   |   u8   |        | 8 x 32 bytes                              |
 *
 * All eight, because those computed from the first alone are a few bits off those of the frame itself.
 */
import { limits } from '../config/limits.ts';
import { dihedralNames } from './common.ts';

export interface ViewedFrame {
  /** Position in the content, milliseconds, below 2^32. */
  readonly timeMs: number;
  /** PDQ's quality, 0 to 100. */
  readonly quality: number;
  /** 8 x 32 bytes in the order of `dihedralNames`. */
  readonly hashes: Uint8Array;
}

const hashesBytes = dihedralNames.length * limits.hashBytes;
export const packedViewsBytes = 8 + hashesBytes;

export function packViews(frames: readonly ViewedFrame[]): Buffer {
  const packed = Buffer.alloc(frames.length * packedViewsBytes);
  frames.forEach((frame, index) => {
    const at = index * packedViewsBytes;
    packed.writeUInt32LE(frame.timeMs, at);
    packed.writeUInt8(frame.quality, at + 4);
    packed.set(frame.hashes, at + 8);
  });
  return packed;
}

/** Throws a RangeError when the length is not a whole number of frames. */
export function unpackViews(packed: Uint8Array): ViewedFrame[] {
  if (packed.length % packedViewsBytes !== 0) {
    throw new RangeError(`packed frames: ${packed.length} bytes are not a multiple of ${packedViewsBytes}`);
  }
  // One copy for all: views of the given Buffer would keep all of its memory.
  const own = new Uint8Array(packed);
  const view = new DataView(own.buffer);
  return Array.from({ length: own.length / packedViewsBytes }, (_, index) => {
    const at = index * packedViewsBytes;
    return {
      timeMs: view.getUint32(at, true),
      quality: Math.min(view.getUint8(at + 4), 100),
      hashes: own.subarray(at + 8, at + packedViewsBytes),
    };
  });
}
