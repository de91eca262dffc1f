/**
 * Goal: a scan of quartets finds what comparing every form with every hash finds: with its exact distance, nothing else, all
 * that is well within the radius, and all but one in a thousand at the very radius.
 * Method: against the twin, on hashes near forms that were made up and on the forms of frames that the kernel hashed.
 */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { dihedralNames } from '../../src/contracts/common.ts';
import type { HammingIndex, Quartets } from '../../src/kernel/hamming-index.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import { createHammingIndex } from '../../src/kernel/segmented-index.ts';
import { bitsApart, HammingTwin, type TwinHit } from '../support/hamming-twin.ts';
import { joined, listOf, ordered } from '../support/search-cases.ts';
import { seededBytes, seededNumbers } from '../support/synthetic-frames.ts';
import { turnedHashes } from '../support/turned-hashes.ts';

const families = [
  ['original', 'flipX', 'flipY', 'rotate180'],
  ['flipPlus1', 'rotate90', 'rotate270', 'flipMinus1'],
] as const;
const all = 0xff;

/** Four hashes of a picture, of its eight. */
function quartetOf(picture: Uint8Array, family: 0 | 1): Uint8Array[] {
  return families[family].map((name) => picture.slice(dihedralNames.indexOf(name) * 32).subarray(0, 32));
}

function quartetsOf(quartets: readonly (readonly Uint8Array[])[], asked: readonly number[]): Quartets {
  return { hashes: joined(quartets.flat()), asked: Uint8Array.from(asked) };
}

/** The hash with so many of its bits flipped, drawn by the seed. */
function flippedAnywhere(hash: Uint8Array, flips: number, seed: number): Uint8Array {
  const next = seededNumbers(seed);
  const flipped = hash.slice();
  const bits = new Set<number>();
  while (bits.size < flips) bits.add(next() % limits.hashBits);
  for (const bit of bits) flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

const negative = (hash: Uint8Array) => hash.map((byte) => byte ^ 0xff);

/** By the twin: each form that is asked for is a query of its own. */
function wantedHits(twin: HammingTwin, { hashes, asked }: Quartets, radiusBits: number): TwinHit[] {
  return [...asked].flatMap((bits, quartet) =>
    Array.from({ length: 8 }, (_, bit) => bit)
      .filter((bit) => ((bits >> bit) & 1) === 1)
      .flatMap((bit) => {
        const from = (quartet * 4 + (bit & 3)) * 32;
        const hash = hashes.slice(from, from + 32);
        const hits = twin.search([bit < 4 ? hash : negative(hash)], radiusBits);
        return hits.map((hit) => ({ ...hit, query: quartet * 8 + bit }));
      }),
  );
}

function found(index: HammingIndex, quartets: Quartets, radiusBits: number, slots?: readonly number[]): TwinHit[] {
  const listed = slots === undefined ? undefined : Uint32Array.from(slots);
  const hits = index.searchQuartets(quartets, radiusBits, limits.hitsPerSearchMax, listed);
  expect(hits.capped).toBe(false);
  return ordered(listOf(hits));
}

const textOf = (hits: readonly TwinHit[]) => hits.map((hit) => `${hit.query} ${hit.slot} ${hit.distanceBits}`);

/** Nothing that is not there, and all that is within three quarters of the radius. Returns how many of the rest are missing. */
function expectSound(given: readonly TwinHit[], wanted: readonly TwinHit[], radiusBits: number): number {
  const texts = new Set(textOf(given));
  expect(texts.size).toBe(given.length);
  expect(textOf(wanted)).toEqual(expect.arrayContaining([...texts]));
  const missing = wanted.filter((hit) => !texts.has(textOf([hit])[0] ?? ''));
  expect(missing.filter(({ distanceBits }) => distanceBits <= 0.75 * radiusBits)).toEqual([]);
  return missing.length;
}

describe.each([
  ['release', 2_000],
  ['debug', 300],
] as const)('quartets, %s binary', (build, hashes) => {
  /** Pictures whose forms are a few bits beside what turning makes of the first, and hashes at all distances from these. */
  function setUp() {
    const index = createHammingIndex({ build });
    const twin = new HammingTwin();
    const quartets = Array.from({ length: limits.quartetsPerSearchMax }, (_, at) => {
      const turned = quartetOf(turnedHashes(seededBytes(at + 1, 32)), at % 2 === 0 ? 0 : 1);
      return turned.map((hash, form) => flippedAnywhere(hash, (at * form) % 15, 50 * at + form));
    });
    for (let at = 0; at < hashes; at++) {
      const form = quartets[at % quartets.length]?.[(at >> 2) & 3] ?? new Uint8Array(32);
      const hash = flippedAnywhere(at % 5 === 0 ? negative(form) : form, at % 111, 7_000 + at);
      twin.insertAt(index.insert(hash), hash);
    }
    const slots = [...twin.hashes.keys()];
    for (const slot of slots.filter((_, at) => at % 7 === 0)) {
      index.remove(slot);
      twin.remove(slot);
    }
    return { index, twin, quartets, slots };
  }

  it('find what the twin finds, whichever forms are asked for', () => {
    const { index, twin, quartets } = setUp();
    const everything = quartets.map(() => all);
    const some = quartets.map((_, at) => (at * 37 + 1) & all);
    for (const radiusBits of [0, 1, 10, 31, 60, 84, 90, 96]) {
      for (const asked of [everything, some]) {
        const queries = quartetsOf(quartets, asked);
        const wanted = wantedHits(twin, queries, radiusBits);
        const missing = expectSound(found(index, queries, radiusBits), wanted, radiusBits);
        expect(missing).toBeLessThanOrEqual(wanted.length / 1_000);
      }
    }
    expect(found(index, quartetsOf(quartets.slice(0, 1), [0]), 96)).toEqual([]);
  });

  it('find among listed slots what they find there among all', () => {
    const { index, quartets, slots } = setUp();
    const queries = quartetsOf(
      quartets,
      quartets.map(() => all),
    );
    const next = seededNumbers(77);
    const chosen = slots.filter(() => next() % 3 === 0);
    for (const listed of [[], [0], slots.slice(127, 129), slots.slice(100, 280), chosen, slots]) {
      for (const radiusBits of [0, 31, 90]) {
        const wanted = found(index, queries, radiusBits).filter(({ slot }) => listed.includes(slot));
        expect(found(index, queries, radiusBits, listed)).toEqual(wanted);
      }
    }
    const [first] = quartets;
    const one = quartetsOf([first ?? []], [all]);
    expect(index.searchQuartets(one, 96, 3)).toMatchObject({ count: 3, capped: true });
    expect(index.searchQuartets(one, 96, 3, Uint32Array.from(slots))).toMatchObject({ count: 3, capped: true });
    expect(() => index.searchQuartets(one, 90, 7, Uint32Array.from([2, 1]))).toThrow(/do not ascend/);
    expect(() => index.searchQuartets(one, 9, 7, Uint32Array.from([hashes + 9]))).toThrow(/does not exist/);
  });

  it('refuse what they were not made for', () => {
    const { index } = setUp();
    const hashes = new Uint8Array(4 * 32);
    expect(() => index.searchQuartets({ hashes, asked: new Uint8Array(0) }, 9, 7)).toThrow(/number of quartets/);
    expect(() => index.searchQuartets({ hashes, asked: new Uint8Array(2) }, 9, 7)).toThrow(/for each quartet/);
    expect(() => index.searchQuartets({ hashes, asked: new Uint8Array(1) }, 97, 7)).toThrow(/radius/);
  });
});

describe('quartets at the very radius', () => {
  it.each([60, 84, 90])('leave out no more than three in a thousand pairs at %d bits', (radiusBits) => {
    const index = createHammingIndex({ merging: 'never' });
    const quartet = quartetOf(turnedHashes(seededBytes(9, 32)), 0).map((hash, form) =>
      flippedAnywhere(hash, 7 * form, 90 + form),
    );
    const pairs = 8_000;
    for (let at = 0; at < pairs; at++) {
      const form = quartet[at % 4] ?? new Uint8Array(32);
      index.insert(flippedAnywhere(at % 2 === 0 ? form : negative(form), radiusBits, at));
    }
    const hits = listOf(index.searchQuartets(quartetsOf([quartet], [all]), radiusBits, limits.hitsPerSearchMax));
    const atRadius = hits.filter(({ distanceBits }) => distanceBits === radiusBits);
    expect(atRadius.length).toBeGreaterThanOrEqual(0.997 * pairs);
  });
});

describe('quartets of hashed pictures', () => {
  it('are what the kernel makes of a turned picture, but for a few bits between its medians', () => {
    const hasher = createHasher();
    const side = 128;
    const distances = Array.from({ length: 40 }, (_, seed) => {
      hasher.frameBuffer(side, side, 1).set(cloudyPicture(seed, side));
      const picture = hasher.hashDihedral().hashes.slice();
      const turned = turnedHashes(picture.subarray(0, 32));
      return dihedralNames.map((_, at) =>
        bitsApart(picture.subarray(at * 32, at * 32 + 32), turned.subarray(at * 32, at * 32 + 32)),
      );
    });
    const sorted = distances.flat().sort((a, b) => a - b);
    expect(sorted[sorted.length >> 1]).toBeLessThanOrEqual(8);
    expect(sorted.at(-1)).toBeLessThanOrEqual(64);
  });
});

/** Sums of waves with random directions: pictures with as much at every frequency as photographs have. */
function cloudyPicture(seed: number, side: number): Uint8Array {
  const next = seededNumbers(seed + 1);
  const waves = Array.from({ length: 40 }, (_, at) => {
    const frequency = 1 + at / 3;
    const angle = ((next() % 360) * Math.PI) / 180;
    return {
      across: frequency * Math.cos(angle),
      down: frequency * Math.sin(angle),
      phase: next() % 7,
      height: 60 / frequency,
    };
  });
  return Uint8Array.from({ length: side * side }, (_, at) => {
    const [x, y] = [(at % side) / side, Math.floor(at / side) / side];
    const sum = waves.reduce(
      (level, { across, down, phase, height }) =>
        level + height * Math.sin(2 * Math.PI * (across * x + down * y) + phase),
      128,
    );
    return Math.max(0, Math.min(255, Math.round(sum)));
  });
}
