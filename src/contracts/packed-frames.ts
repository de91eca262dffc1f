/**
 * Frames packed for the bank log, 40 bytes each, little-endian:
 *
 *   0        4        5        8                                        40
 *   | timeMs | quality| 0 0 0  | PDQ hash, in the order of its hex text |
 *   |  u32   |   u8   |        | 32 bytes                               |
 */
import { limits } from '../config/limits.ts';

export interface Frame {
  /** Position in the content, milliseconds, below 2^32. */
  readonly timeMs: number;
  /** PDQ's quality, 0 to 100. */
  readonly quality: number;
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
    frames.push({
      timeMs: view.getUint32(at, true),
      quality: Math.min(view.getUint8(at + 4), 100),
      hash: own.subarray(at + 8, at + 8 + limits.hashBytes),
    });
  }
  return frames;
}
