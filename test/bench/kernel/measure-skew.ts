/**
 * Do chunks of real hashes favour some values? A chunk of two unrelated frames should be within one bit as often as 16
 * random bits are, or probes of the index meet more than their share. Counted for the orders of bits that were considered.
 */
import { createHasher } from '../../../src/kernel/load-kernel.ts';
import { bitsBetween } from '../../../src/match/bits.ts';
import { type ChunkOrder, chunksOf } from '../../support/code-twin.ts';
import { type FrameSet, frameAt } from './frames.ts';

export interface SkewFigures {
  readonly pairs: number;
  /** How many times as often as random bits the chunks of unrelated frames are within one bit of each other. */
  readonly orders: Readonly<Record<ChunkOrder, number>>;
}

const orders: readonly ChunkOrder[] = ['rows', 'columns', 'diagonal'];
/** Closer pairs may show one thing; of 256 random bits 128 differ, with a deviation of 8. */
const unrelatedBitsMin = 81;
const qualityMin = 50;
const randomShare = 17 / 65_536;

export function measureSkew(frames: FrameSet): SkewFigures {
  const hasher = createHasher();
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < frames.count; at++) {
    hasher.frameBuffer(frames.width, frames.height, frames.channels).set(frameAt(frames, at));
    const { hash, quality } = hasher.hash();
    if (quality >= qualityMin) hashes.push(hash);
  }
  const codes = hashes.map((hash) => orders.map((order) => chunksOf(hash, order)));
  const near = orders.map(() => 0);
  let pairs = 0;
  hashes.forEach((hash, a) => {
    for (let b = 0; b < a; b++) {
      if (bitsBetween(hash, hashes[b] ?? hash) < unrelatedBitsMin) continue;
      pairs++;
      orders.forEach((_, order) => {
        near[order] = (near[order] ?? 0) + countNear(codes[a]?.[order] ?? [], codes[b]?.[order] ?? []);
      });
    }
  });
  const times = orders.map((_, order) => (near[order] ?? 0) / Math.max(1, pairs * 16) / randomShare);
  return { pairs, orders: { rows: times[0] ?? 0, columns: times[1] ?? 0, diagonal: times[2] ?? 0 } };
}

/** Chunks that differ in one bit at most: clearing the lowest one leaves nothing. */
function countNear(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, chunk, at) => {
    const difference = chunk ^ (b[at] ?? 0);
    return sum + ((difference & (difference - 1)) === 0 ? 1 : 0);
  }, 0);
}
