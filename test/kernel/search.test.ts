/**
 * Goal: the kernel finds every live hash within the radius, with its distance, and no other, at any time.
 * Method: random interleavings of insert, remove and search against a map and a loop; the radii at which the scan
 * changes its test; caps; reuse of slots; growth of memory under the caller's feet.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { instantiateKernel } from '../../src/kernel/kernel-binary.ts';
import { createHammingIndex } from '../../src/kernel/segmented-index.ts';
import { HammingTwin } from '../support/hamming-twin.ts';
import { anyHash, hashNear, joined, listOf, ordered, searchAll } from '../support/search-cases.ts';
import { seededBytes, seededNumbers } from '../support/synthetic-frames.ts';

const builds = [
  { build: 'release', optimizeLevel: 3, runs: 60, hashes: 1500 },
  { build: 'debug', optimizeLevel: 0, runs: 20, hashes: 1100 },
] as const;

const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('insert' as const), hash: anyHash }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('search' as const),
      queries: fc.array(anyHash, { minLength: 1, maxLength: 9 }),
      radiusBits: fc.integer({ min: 0, max: limits.radiusBitsMax }),
    }),
  },
);

describe.each(builds)('Hamming search, $build binary', ({ build, optimizeLevel, runs, hashes }) => {
  it('is the wanted binary', () => {
    expect(instantiateKernel(build).capacities.optimizeLevel).toBe(optimizeLevel);
  });

  it('equals the twin under any interleaving of insert, remove and search, at any radius', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const index = createHammingIndex({ build, hashesMax: 1000 });
        const twin = new HammingTwin();
        for (const step of steps) {
          if (step.kind === 'insert') twin.insertAt(index.insert(step.hash), step.hash);
          else if (step.kind === 'search') {
            const expected = ordered(twin.search(step.queries, step.radiusBits));
            expect(searchAll(index, step.queries, step.radiusBits)).toEqual(expected);
          } else if (twin.hashes.size > 0) {
            const slot = [...twin.hashes.keys()][step.pick % twin.hashes.size] ?? -1;
            index.remove(slot);
            twin.remove(slot);
          }
          expect(index.size).toBe(twin.hashes.size);
        }
      }),
      { numRuns: runs },
    );
  });

  it('equals the twin over several tiles, at the radii where the scan changes its test', () => {
    const index = createHammingIndex({ build });
    const twin = new HammingTwin();
    for (let at = 0; at < hashes; at++) {
      const hash = hashNear(at, at % 111, at + 1);
      twin.insertAt(index.insert(hash), hash);
    }
    for (const slot of [...twin.hashes.keys()].filter((_, at) => at % 3 === 0)) {
      index.remove(slot);
      twin.remove(slot);
    }
    const queries = Array.from({ length: 8 }, (_, at) => hashNear(at, at * 3, 9000 + at));
    for (const radiusBits of [0, 1, 31, 42, 43, 60, 70, 71, 95, 96]) {
      expect(searchAll(index, queries, radiusBits)).toEqual(ordered(twin.search(queries, radiusBits)));
    }
  });

  it('finds a hash at exactly the radius and not one bit further, wherever the bits are', () => {
    const index = createHammingIndex({ build });
    const query = seededBytes(5, limits.hashBytes);
    for (const radiusBits of [0, 31, 42, 43, 60, 70, 71, 96]) {
      for (const firstBit of [0, 100, limits.hashBits - radiusBits - 1]) {
        const hash = query.slice();
        const flip = (bit: number) => {
          hash[bit >> 3] = (hash[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        };
        for (let bit = firstBit; bit < firstBit + radiusBits; bit++) flip(bit);
        const slot = index.insert(hash);
        expect(searchAll(index, [query], radiusBits)).toEqual([{ query: 0, slot, distanceBits: radiusBits }]);
        index.remove(slot);
        flip(firstBit + radiusBits);
        const beyond = index.insert(hash);
        expect(searchAll(index, [query], radiusBits)).toEqual([]);
        index.remove(beyond);
      }
    }
  });

  it('reports hits beyond the capacity asked for as capped', () => {
    const index = createHammingIndex({ build });
    const hash = seededBytes(6, limits.hashBytes);
    for (let at = 0; at < 10; at++) index.insert(hashNear(0, 0, 1).map((byte, place) => (place === at ? ~byte : byte)));
    const query = hashNear(0, 0, 1);
    expect(index.search(query, 8, 10)).toMatchObject({ count: 10, capped: false });
    const capped = index.search(query, 8, 9);
    expect(capped).toMatchObject({ count: 9, capped: true });
    expect(capped.slot).toHaveLength(9);
    expect(index.search(joined([query, hash, query]), 8, 10)).toMatchObject({ count: 10, capped: true });
  });

  it('gives each hash one slot, however often it is inserted', () => {
    const index = createHammingIndex({ build });
    const hashes = Array.from({ length: 300 }, (_, at) => seededBytes(at + 1, limits.hashBytes));
    const slots = hashes.map((hash) => index.insert(hash));
    expect(new Set(slots).size).toBe(300);
    expect(hashes.map((hash) => index.insert(hash))).toEqual(slots);
    expect(index.size).toBe(300);
    for (const slot of slots.slice(100)) index.remove(slot);
    expect(hashes.slice(0, 100).map((hash) => index.insert(hash))).toEqual(slots.slice(0, 100));
    expect(index.size).toBe(100);
  });

  it('gives a freed slot out again and refuses to free it twice', () => {
    const index = createHammingIndex({ build });
    const [a, b] = [seededBytes(7, limits.hashBytes), seededBytes(8, limits.hashBytes)];
    const slot = index.insert(a);
    index.remove(slot);
    expect(searchAll(index, [a], limits.radiusBitsMax)).toEqual([]);
    expect(() => index.remove(slot)).toThrow(/slot is empty/);
    expect(() => index.remove(slot + 1)).toThrow(/no such slot/);
    expect(index.insert(b)).toBe(slot);
    expect(searchAll(index, [b], 0)).toEqual([{ query: 0, slot, distanceBits: 0 }]);
  });
});

describe('Hamming search, release binary, growth', () => {
  it('keeps hits readable and codes findable while memory grows', () => {
    const index = createHammingIndex();
    const first = seededBytes(9, limits.hashBytes);
    const slot = index.insert(first);
    const hits = index.search(first, 0, 10);
    const bytesBefore = index.bytes;
    const next = seededNumbers(10);
    const hash = new Uint8Array(limits.hashBytes);
    const words = new Uint32Array(hash.buffer);
    while (index.bytes === bytesBefore) {
      words.forEach((_, at) => {
        words[at] = next();
      });
      index.insert(hash);
    }
    expect(listOf(hits)).toEqual([{ query: 0, slot, distanceBits: 0 }]);
    expect(searchAll(index, [first, hash], 0)).toEqual([
      { query: 0, slot, distanceBits: 0 },
      { query: 1, slot: index.size - 1, distanceBits: 0 },
    ]);
  });
});
