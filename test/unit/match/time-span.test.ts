import { describe, expect, it } from 'vitest';
import { lastingMs, spansAround } from '../../../src/match/time-span.ts';

const reachMs = 1_000;
const unbounded = Number.POSITIVE_INFINITY;

describe('spans around moments', () => {
  it('reach to both sides, and not before the beginning', () => {
    expect(spansAround([300, 5_000], reachMs, unbounded)).toEqual([
      { startMs: 0, endMs: 1_300 },
      { startMs: 4_000, endMs: 6_000 },
    ]);
  });

  it('are joined where they meet, and in order of time whatever the order of the moments', () => {
    expect(spansAround([9_000, 5_000, 6_500], reachMs, unbounded)).toEqual([
      { startMs: 4_000, endMs: 7_500 },
      { startMs: 8_000, endMs: 10_000 },
    ]);
  });

  it('end with the moment that would make them last too long', () => {
    const twoWhole = 4_000;
    expect(spansAround([20_000, 50_000, 80_000], reachMs, twoWhole)).toEqual([
      { startMs: 19_000, endMs: 21_000 },
      { startMs: 49_000, endMs: 51_000 },
    ]);
    expect(lastingMs(spansAround([20_000, 50_000, 80_000], reachMs, twoWhole))).toBe(twoWhole);
    expect(spansAround([], reachMs, twoWhole)).toEqual([]);
  });
});
