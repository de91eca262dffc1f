/** What tests of search share: hashes with neighbours at every distance, and hits in a form that compares. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import type { HammingIndex, Hits } from '../../src/kernel/hamming-index.ts';
import type { TwinHit } from './hamming-twin.ts';
import { seededBytes, seededNumbers } from './synthetic-frames.ts';

/** A hash some bits away from one of four centres, so that every radius has hits and misses. */
export function hashNear(centre: number, flips: number, seed: number): Uint8Array {
  const hash = seededBytes(1000 + (centre % 4), limits.hashBytes);
  const next = seededNumbers(seed);
  for (let flip = 0; flip < flips; flip++) {
    const bit = next() % limits.hashBits;
    hash[bit >> 3] = (hash[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return hash;
}

export const anyHash = fc
  .tuple(fc.nat(3), fc.integer({ min: 0, max: 110 }), fc.nat(1 << 20))
  .map(([centre, flips, seed]) => hashNear(centre, flips, seed));

export function joined(hashes: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(hashes.flatMap((hash) => [...hash]));
}

export function listOf(hits: Hits): TwinHit[] {
  return Array.from({ length: hits.count }, (_, at) => ({
    query: hits.query[at] ?? -1,
    slot: hits.slot[at] ?? -1,
    distanceBits: hits.distanceBits[at] ?? -1,
  }));
}

export function ordered(hits: TwinHit[]): TwinHit[] {
  return hits.sort((a, b) => a.query - b.query || a.slot - b.slot);
}

export function searchAll(index: HammingIndex, queries: readonly Uint8Array[], radiusBits: number): TwinHit[] {
  const hits = index.search(joined(queries), radiusBits, limits.hitsPerSearchMax);
  expect(hits.capped).toBe(false);
  return ordered(listOf(hits));
}
