/** Goal: what two short patterns say of a hash is told from what a picture of the world says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { separableBitsOf } from '../../../src/match/separability.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';
import { boxHash } from '../../support/separable-hashes.ts';

const side = 16;
const patterns = 1 << side;
const anyPattern = fc.integer({ min: 0, max: patterns - 1 });

/** The slow twin: every pattern of columns there is, each row upright or inverted, whichever tells more. */
function bestOfAllPatterns(hash: Uint8Array): number {
  let best = 0;
  for (let columns = 0; columns < patterns; columns++) {
    let told = 0;
    for (let row = 0; row < side; row++) {
      let alike = 0;
      for (let column = 0; column < side; column++) {
        const bit = ((hash[2 * row + (column >> 3)] ?? 0) >> (column & 7)) & 1;
        if (bit === ((columns >> column) & 1)) alike += 1;
      }
      told += Math.max(alike, side - alike);
    }
    best = Math.max(best, told);
  }
  return best;
}

describe('how far a hash is separable', () => {
  it('is wholly so for the signs of a product, whatever its two patterns are', () => {
    fc.assert(
      fc.property(anyPattern, anyPattern, (rows, columns) => {
        expect(separableBitsOf(boxHash(rows, columns))).toBe(256);
      }),
    );
  });

  it('comes within a few bits of the best pair of patterns, and never above it', () => {
    for (let number = 0; number < 6; number++) {
      const hash = number < 3 ? hashNumber(number) : scattered(boxHash(0xa5c3, 0x0ff0 + number), 30 * (number - 2));
      const best = bestOfAllPatterns(hash);
      const told = separableBitsOf(hash);
      expect(told).toBeLessThanOrEqual(best);
      expect(told).toBeGreaterThanOrEqual(best - 12);
    }
  });

  it('falls with every bit that the patterns do not tell', () => {
    const box = boxHash(0x00ff, 0x3c3c);
    expect(separableBitsOf(flipped(box, 7))).toBe(249);
    expect(separableBitsOf(scattered(box, 20))).toBe(236);
  });

  it('is about two thirds of the bits for hashes that are random', () => {
    const told = Array.from({ length: 200 }, (_, number) => separableBitsOf(hashNumber(number))).sort((a, b) => a - b);
    expect(told[100]).toBeGreaterThan(160);
    expect(told.at(-1)).toBeLessThan(196);
  });
});

/** `bits` bits flipped, spread over rows and columns. */
function scattered(hash: Uint8Array, bits: number): Uint8Array {
  const changed = hash.slice();
  for (let bit = 0; bit < bits; bit++) {
    const place = (bit * 37) % 256;
    changed[place >> 3] = (changed[place >> 3] ?? 0) ^ (1 << (place & 7));
  }
  return changed;
}
