/**
 * When to build a segment, and of what. Pure.
 *
 * Fresh hashes are scanned until there are `freshHashesMax` of them, then they become a segment, and smaller segments
 * are taken into it. Sizes so grow in steps, like the digits of a number: ten million hashes are in seven segments at
 * most, and each hash was built that often. (The scheme of log-structured merge trees.)
 */
import { limits } from '../config/limits.ts';

export interface MergeState {
  /** Live hashes that no segment finds. */
  readonly freshHashes: number;
  /** Removed hashes that segments still name. */
  readonly deadHashes: number;
  /** Hashes that segments name. */
  readonly namedHashes: number;
}

/** What is due: a segment of what is fresh, or all segments anew because of what was removed. */
export function dueMerge({ freshHashes, deadHashes, namedHashes }: MergeState): 'fresh' | 'all' | undefined {
  if (deadHashes > Math.max(limits.freshHashesMax, namedHashes * limits.segmentDeadShareMax)) return 'all';
  return freshHashes >= limits.freshHashesMax ? 'fresh' : undefined;
}

/** Positions of the segments that are built anew together with so many fresh hashes. */
export function segmentsToTake(freshHashes: number, segmentHashes: readonly number[]): ReadonlySet<number> {
  const bySize = segmentHashes.map((hashes, at) => ({ hashes, at })).sort((a, b) => a.hashes - b.hashes);
  const taken = new Set<number>();
  let total = freshHashes;
  for (const { hashes, at } of bySize) {
    if (hashes > limits.segmentGrowth * total) break;
    taken.add(at);
    total += hashes;
  }
  return taken;
}
