/**
 * Goal: whatever the order of insert, remove, merge, snapshot, restore and search, the index finds every live hash within
 * the radius, with its distance, once, and no other; also while a segment is being built beside it.
 * Method: random interleavings against a map and a loop, over few slots so that they are reused, at every radius.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import type { OwnedIndex } from '../../src/kernel/hamming-index.ts';
import { createHammingIndex, restoreHammingIndex } from '../../src/kernel/segmented-index.ts';
import { HammingTwin } from '../support/hamming-twin.ts';
import { anyHash, hashNear, ordered, searchAll } from '../support/search-cases.ts';
import { seededNumbers } from '../support/synthetic-frames.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-index-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), hashes: fc.array(anyHash, { maxLength: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), picks: fc.array(fc.nat(), { maxLength: 20 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('search' as const),
      queries: fc.array(anyHash, { minLength: 1, maxLength: 9 }),
      radiusBits: fc.oneof(
        fc.integer({ min: 0, max: 31 }),
        fc.constant(31),
        fc.integer({ min: 0, max: limits.radiusBitsMax }),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'startMerge' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'awaitMerge' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restore' as const }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

const settings = { hashesMax: 2000, merging: 'never' } as const;

interface Walk {
  index: OwnedIndex;
  readonly windowSlots: number;
  readonly twin: HammingTwin;
  merging: Promise<void>;
}

async function take(step: Step, walk: Walk): Promise<void> {
  const { index, twin } = walk;
  if (step.kind === 'insert') {
    for (const hash of step.hashes) twin.insertAt(index.insert(hash), hash);
  } else if (step.kind === 'remove') {
    for (const pick of step.picks) {
      const slot = [...twin.hashes.keys()][pick % Math.max(1, twin.hashes.size)];
      if (slot === undefined) return;
      index.remove(slot);
      twin.remove(slot);
    }
  } else if (step.kind === 'search') {
    expect(searchAll(index, step.queries, step.radiusBits)).toEqual(
      ordered(twin.search(step.queries, step.radiusBits)),
    );
  } else if (step.kind === 'startMerge') walk.merging = index.merge();
  else if (step.kind === 'awaitMerge') await walk.merging;
  else {
    await index.save(join(folder, 'walk'));
    await index.close();
    walk.index = await restoreHammingIndex(join(folder, 'walk'), { ...settings, windowSlots: walk.windowSlots });
  }
  expect(walk.index.size).toBe(twin.hashes.size);
}

describe('an index with segments', () => {
  it.each([
    ['one window', 1 << 24],
    ['windows of 128 slots', 128],
  ])(
    'equals the twin under any interleaving of insert, remove, merge, snapshot, restore and search: %s',
    {
      timeout: 180_000,
    },
    async (_, windowSlots) => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 4, maxLength: 30 }), async (steps) => {
          const index = createHammingIndex({ ...settings, windowSlots });
          const walk: Walk = { index, windowSlots, twin: new HammingTwin(), merging: Promise.resolve() };
          for (const step of steps) await take(step, walk);
          await walk.merging;
          const queries = [0, 1, 2, 3].map((centre) => hashNear(centre, 12, centre + 77));
          for (const radiusBits of [0, 7, 15, 16, 30, 31, 64]) {
            const expected = ordered(walk.twin.search(queries, radiusBits));
            expect(searchAll(walk.index, queries, radiusBits)).toEqual(expected);
          }
          await walk.index.close();
        }),
        { numRuns: 30 },
      );
    },
  );

  it('finds a neighbour at every distance up to the radius, at every radius that segments answer', async () => {
    const index = createHammingIndex({ hashesMax: 4000, merging: 'never' });
    const twin = new HammingTwin();
    for (let at = 0; at < 1500; at++) {
      const hash = hashNear(at, at % 40, at + 1);
      twin.insertAt(index.insert(hash), hash);
    }
    await index.merge();
    expect(index).toMatchObject({ segments: 1, freshHashes: 0 });
    const queries = Array.from({ length: 8 }, (_, at) => hashNear(at, at, 5000 + at));
    for (let radiusBits = 0; radiusBits <= 31; radiusBits++) {
      expect(searchAll(index, queries, radiusBits)).toEqual(ordered(twin.search(queries, radiusBits)));
    }
    await index.close();
  });

  it('goes on finding what is inserted and removed while a segment is built', async () => {
    const index = createHammingIndex({ hashesMax: 40_000, merging: 'never' });
    const twin = new HammingTwin();
    const next = seededNumbers(3);
    const fill = (count: number) => {
      for (let at = 0; at < count; at++) {
        const hash = hashNear(next(), next() % 100, next());
        twin.insertAt(index.insert(hash), hash);
      }
    };
    fill(1000);
    let searched = 0;
    for (let round = 0; round < 4; round++) {
      const merging = index.merge();
      while (index.merging) {
        fill(5);
        const slot = [...twin.hashes.keys()][next() % twin.hashes.size] ?? 0;
        index.remove(slot);
        twin.remove(slot);
        const query = hashNear(next(), 10, next());
        expect(searchAll(index, [query], 31)).toEqual(ordered(twin.search([query], 31)));
        searched++;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await merging;
    }
    expect(searched).toBeGreaterThan(8);
    await index.close();
  });

  it('merges by itself once enough is new, and again when much of it was removed', { timeout: 60_000 }, async () => {
    const facts: number[] = [];
    const failures: unknown[] = [];
    const index = createHammingIndex({
      hashesMax: 100_000,
      events: { merged: ({ hashes }) => facts.push(hashes), mergeFailed: (error) => failures.push(error) },
    });
    const next = seededNumbers(9);
    const hash = new Uint8Array(limits.hashBytes);
    const slots: number[] = [];
    const settle = async () => {
      while (index.merging) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    for (let at = 0; at < 3 * limits.freshHashesMax; at++) {
      hash.forEach((_, byte) => {
        hash[byte] = next() >>> 24;
      });
      slots.push(index.insert(hash));
    }
    await settle();
    expect(failures).toEqual([]);
    expect(facts.length).toBeGreaterThan(0);
    // Also what came while something was built, though nothing is inserted any more.
    expect(index.freshHashes).toBeLessThan(limits.freshHashesMax);
    await index.merge();
    expect(index).toMatchObject({ freshHashes: 0, segments: 1, size: slots.length });
    for (const slot of slots.splice(0, 2 * limits.freshHashesMax)) index.remove(slot);
    await settle();
    expect(facts.at(-1)).toBeLessThan(3 * limits.freshHashesMax);
    // The slots of the removed ones are free again: the index does not grow.
    const [first] = slots;
    const bytes = index.bytes;
    for (let at = 0; at < limits.freshHashesMax / 2; at++) {
      hash.forEach((_, byte) => {
        hash[byte] = next() >>> 24;
      });
      expect(index.insert(hash)).toBeLessThan(3 * limits.freshHashesMax);
    }
    expect(index.bytes).toBeLessThanOrEqual(bytes);
    expect(first).toBeDefined();
    await index.close();
  });

  it('stops at the cap, and says so, when a segment has more hits than may be reported', async () => {
    const index = createHammingIndex({ hashesMax: 40_000, merging: 'never' });
    const centre = hashNear(0, 0, 1);
    const pairs = Array.from({ length: 200 }, (_, a) =>
      Array.from({ length: 100 }, (_, b) => [a, 156 + (b % 100)]),
    ).flat();
    for (const bits of pairs) {
      const hash = centre.slice();
      for (const bit of bits) hash[bit >> 3] = (hash[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      index.insert(hash);
    }
    await index.merge();
    const hits = index.search(centre, 31, 100);
    expect(hits).toMatchObject({ count: 100, capped: true });
    expect(new Set(hits.slot).size).toBe(100);
    const all = index.search(centre, 31, limits.hitsPerSearchMax);
    expect(all.capped).toBe(index.size > limits.hitsPerSearchMax);
    expect(new Set(all.slot).size).toBe(all.count);
    await index.close();
  });
});
