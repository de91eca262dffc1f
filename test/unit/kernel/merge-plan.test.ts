/** Goal: segments stay few, no hash is built over and over, and removed hashes do not pile up. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { dueMerge, segmentsToTake } from '../../../src/kernel/merge-plan.ts';

const { freshHashesMax } = limits;

describe('dueMerge', () => {
  it('waits until enough is new', () => {
    expect(dueMerge({ freshHashes: freshHashesMax - 1, deadHashes: 0, namedHashes: 0 })).toBeUndefined();
    expect(dueMerge({ freshHashes: freshHashesMax, deadHashes: 0, namedHashes: 0 })).toBe('fresh');
  });

  it('builds all anew when a quarter of what segments name was removed, and not for a few', () => {
    const named = 10 * freshHashesMax;
    expect(dueMerge({ freshHashes: 0, deadHashes: named / 4, namedHashes: named })).toBeUndefined();
    expect(dueMerge({ freshHashes: 0, deadHashes: named / 4 + 1, namedHashes: named })).toBe('all');
    expect(dueMerge({ freshHashes: 0, deadHashes: 100, namedHashes: 200 })).toBeUndefined();
  });
});

describe('segmentsToTake', () => {
  it('takes the segments that are not much larger than what there is so far, the smallest first', () => {
    expect([...segmentsToTake(100, [1000, 290, 5000])].sort()).toEqual([0, 1]);
    expect([...segmentsToTake(100, [1000, 310, 5000])]).toEqual([]);
    expect([...segmentsToTake(100, [])]).toEqual([]);
  });

  it('keeps ten million hashes in at most seven segments, each hash built at most nine times on the way', () => {
    let segments: number[] = [];
    let built = 0;
    let most = 0;
    const all = 10_000_000;
    for (let hashes = 0; hashes < all; hashes += freshHashesMax) {
      const taken = segmentsToTake(freshHashesMax, segments);
      const merged = segments.filter((_, at) => taken.has(at)).reduce((sum, each) => sum + each, freshHashesMax);
      built += merged;
      segments = [...segments.filter((_, at) => !taken.has(at)), merged];
      most = Math.max(most, segments.length);
    }
    expect(segments.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(all);
    expect(most).toBeLessThanOrEqual(7);
    expect(built / all).toBeLessThanOrEqual(9);
  });
});
