/** Segments of a broadcast that shows known content for a second of each: too little to decide any of them alone. */
import { flipped, hashNumber } from './hashes.ts';

export interface SegmentFrame {
  readonly timeMs: number;
  readonly hash: Uint8Array;
}

export const segmentMs = 6_000;
/** With two frames of a segment the score is 6.8: below the 8 of a review, and three such segments make a block. */
const weakBits = 62;
const framesPerSegment = 12;

/** Known frames, half a second apart, that are on screen all along; the picture over them is gone for two frames. */
export function knownFrames(segments: number): SegmentFrame[] {
  const count = (segments * segmentMs) / 500;
  return Array.from({ length: count }, (_, at) => ({ timeMs: at * 500, hash: hashNumber(at) }));
}

export function segmentFrames(sequence: number, bits = weakBits, shown = 2): SegmentFrame[] {
  return Array.from({ length: framesPerSegment }, (_, at) => ({
    timeMs: at * 500,
    hash: at < shown ? flipped(hashNumber(sequence * framesPerSegment + at), bits) : other(sequence, at),
  }));
}

function other(sequence: number, at: number): Uint8Array {
  return hashNumber(50_000 + sequence * 100 + at);
}
