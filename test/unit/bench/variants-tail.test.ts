/** Goal: the tail of a known distribution is found, far beyond what was drawn of it. */
import { describe, expect, it } from 'vitest';
import { estimateTail } from '../../bench/variants/tail.ts';
import { seededNumbers } from '../../support/synthetic-frames.ts';

/** Each 0 to 1, and never either. */
function shares(count: number, seed: number): number[] {
  const next = seededNumbers(seed);
  return Array.from({ length: count }, () => (next() + 0.5) / 2 ** 32);
}
const count = 20_000;

describe('the tail of', () => {
  it('an exponential distribution is exponential', () => {
    const values = shares(count, 1).map((share) => -Math.log(share));
    const tail = estimateTail(values, count, { peaks: 1_000, level: Math.log(1e6), seed: 1 });
    expect(Math.abs(tail?.shape ?? 1)).toBeLessThan(0.1);
    expect(Math.abs((tail?.scale ?? 0) - 1)).toBeLessThan(0.1);
    // One in a million, from what was drawn twenty thousand times.
    expect(Math.abs(Math.log10((tail?.share ?? 1) / 1e-6))).toBeLessThan(1);
    expect(tail?.shareUpper95).toBeGreaterThan(tail?.share ?? 1);
  });

  it('a heavy one is heavy: half as often at four times the value', () => {
    const values = shares(count, 2).map((share) => share ** -0.5);
    const tail = estimateTail(values, count, { peaks: 1_000, level: 100, seed: 1 });
    expect(tail?.shape).toBeCloseTo(0.5, 0);
    expect(Math.abs(Math.log10((tail?.share ?? 1) / 1e-4))).toBeLessThan(0.5);
  });

  it('a bounded one ends: nothing is expected beyond', () => {
    const tail = estimateTail(shares(count, 3), count, { peaks: 1_000, level: 1.1, seed: 1 });
    expect(tail?.shape).toBeCloseTo(-1, 0);
    expect(tail?.share).toBe(0);
  });

  it('values of which most were too small to be seen counts all of them', () => {
    const seen = shares(count, 4).map((share) => -Math.log(share));
    const options = { peaks: 1_000, level: 8, seed: 1 };
    const one = estimateTail(seen, count, options)?.share ?? 0;
    expect(estimateTail(seen, 10 * count, options)?.share).toBeCloseTo(one / 10, 12);
  });

  it('few values is unknown', () => {
    expect(estimateTail([1, 2, 3], 100, { peaks: 3, level: 4, seed: 1 })).toBeUndefined();
    expect(estimateTail(shares(50, 5), 50, { peaks: 9, level: 4, seed: 1 })).toBeUndefined();
  });

  it('values that are all alike ends with them', () => {
    const tail = estimateTail([...Array.from({ length: 20 }, () => 0.5), 0], 100, { peaks: 20, level: 1, seed: 1 });
    expect(tail?.share).toBe(0);
  });
});
