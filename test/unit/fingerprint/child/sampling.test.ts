import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  evenTicks,
  evenTimes,
  fillTimes,
  largestGap,
  listedTicks,
  spreadFirst,
  spreadOrder,
  spreadPages,
  thinOut,
  ticksWithin,
  wideningTicks,
} from '../../../../src/fingerprint/child/sampling.ts';

const bounds = { framesMin: 8, framesMax: 64, spacingMsMin: 500, gapMsMax: 5_000 };

describe('spreadOrder', () => {
  it('visits the halves before the quarters', () => {
    expect(spreadOrder(8)).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
  });

  it('visits every index once, and any prefix is spread evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
        const order = spreadOrder(count);
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
        for (let taken = 1; taken <= count; taken *= 2) {
          const gap = largestGap(
            order.slice(0, taken).toSorted((a, b) => a - b),
            count,
          );
          expect(gap).toBeLessThanOrEqual((4 * count) / taken + 1);
        }
      }),
    );
  });
});

describe('evenTimes', () => {
  it('gives moments within the duration, the first one first', () => {
    expect(evenTimes(16_000, 4)).toEqual([0, 4_000, 8_000, 12_000]);
  });
});

describe('thinOut', () => {
  it('keeps all of few, and the moments around long stretches', () => {
    const splicedMs = [0, 12_500, 20_000, 24_000, 30_700, 37_700];
    expect(thinOut(splicedMs, 8)).toEqual(splicedMs);
    expect(thinOut([0, 1_000, 2_000, 9_000, 20_000], 4)).toEqual([0, 2_000, 9_000, 20_000]);
  });

  it('leaves a steady row no gap above twice its share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 16 }), fc.integer({ min: 3, max: 64 }), (count, length) => {
        const timesMs = Array.from({ length }, (_, index) => index * 1_000);
        const kept = thinOut(timesMs, count);
        expect(kept).toHaveLength(Math.min(count, length));
        expect([kept[0], kept.at(-1)]).toEqual([0, (length - 1) * 1_000]);
        const shareMs = ((length - 1) * 1_000) / (kept.length - 1);
        expect(largestGap(kept, 0)).toBeLessThanOrEqual(2 * Math.max(shareMs, 1_000));
      }),
    );
  });
});

describe('the distance to the nearest tick', () => {
  it('counts ticks that were passed as well', () => {
    const listed = listedTicks([500, 2_000]);
    listed.advance(600);
    expect([0, 540, 1_300, 5_000].map((timeMs) => listed.distanceMs(timeMs))).toEqual([500, 40, 700, 3_000]);
    const even = evenTicks(250);
    even.advance(900);
    expect([0, 110, 240, 1_010].map((timeMs) => even.distanceMs(timeMs))).toEqual([0, 110, 10, 10]);
  });

  it('is nothing where nobody knows the ticks to come', () => {
    expect(wideningTicks(390).distanceMs(1_234)).toBe(0);
  });
});

describe('spreadFirst', () => {
  it('begins with those nearest to the halves and quarters, wherever the moments crowd', () => {
    const crowdedMs = [0, 1_000, 2_000, 3_000, 4_000, 15_000, 31_000, 44_000];
    expect(spreadFirst(crowdedMs, 60_000).slice(0, 4)).toEqual([0, 31_000, 15_000, 44_000]);
  });

  it('gives each moment once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60_000 }), { maxLength: 20 }), (moments) => {
        const timesMs = moments.toSorted((a, b) => a - b);
        expect(spreadFirst(timesMs, 60_000).toSorted((a, b) => a - b)).toEqual(timesMs);
      }),
    );
  });
});

describe('fillTimes', () => {
  it('begins half a second apart, so that a copy can be recognised early', () => {
    expect(fillTimes([0], 4_000, bounds, 'onward').timesMs).toEqual([500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500]);
  });

  // Goal: encoders place a key frame every 250 frames, and what lies between is most of the work.
  it('leaves gaps alone that are no longer than they may be', () => {
    const keysMs = [0, 10_417, 20_833, 31_250];
    const usual = { framesMin: 4, framesMax: 64, spacingMsMin: 390, gapMsMax: 10_500 };
    expect(fillTimes(keysMs, 40_000, usual, 'onward').timesMs).toEqual([]);
    expect(fillTimes(keysMs, 42_000, usual, 'onward').timesMs).toEqual([36_625]);
  });

  it('goes on from what is there until there are frames enough, past those that are there already', () => {
    expect(fillTimes([0, 1_000, 3_900], 4_000, bounds, 'onward').timesMs).toEqual([500, 1_500, 2_000, 2_500, 3_000]);
  });

  // Goal: what is spliced into a longer upload begins with a key frame; two frames of it make a line in time.
  it('follows every key frame before it goes on from any of them', () => {
    const keys = [0, 7_000, 12_000, 20_000];
    expect(fillTimes(keys, 24_000, { ...bounds, gapMsMax: 10_500 }, 'onward').timesMs).toEqual([
      500, 7_500, 12_500, 20_500,
    ]);
    expect(fillTimes(keys, 24_000, { ...bounds, framesMin: 6, gapMsMax: 10_500 }, 'onward').timesMs).toEqual([
      500, 12_500,
    ]);
  });

  it('looks everywhere where that told nothing', () => {
    const opening = Array.from({ length: 8 }, (_, index) => index * 500);
    const { timesMs } = fillTimes(opening, 8_000, bounds, 'even');
    expect(timesMs).toEqual([4_400, 5_300, 6_200, 7_100]);
  });

  it('leaves alone what has frames enough and no long gap', () => {
    const sampled = Array.from({ length: 16 }, (_, index) => index * 1_000);
    expect(fillTimes(sampled, 16_000, bounds, 'onward').timesMs).toEqual([]);
  });

  // Goal: the promise of a sparse pass, for any key frames a content may have: no long gap, frames enough, in budget.
  it('keeps the promise of a sparse pass', () => {
    const from = fc.constantFrom('onward' as const, 'even' as const);
    const moments = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 40 });
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 200_000 }), from, (times, durationMs, others) => {
        const sampled = [...new Set(times.filter((time) => time < durationMs))].sort((a, b) => a - b);
        const { timesMs } = fillTimes(sampled, durationMs, bounds, others);
        const all = [...sampled, ...timesMs].sort((a, b) => a - b);
        expect(timesMs).toEqual(timesMs.toSorted((a, b) => a - b));
        expect(all.length).toBeLessThanOrEqual(bounds.framesMax);
        expect(all.length).toBeGreaterThanOrEqual(Math.min(8, Math.max(1, Math.floor(durationMs / 500)), 8) - 1);
        if (all.length < bounds.framesMax * 0.7) expect(largestGap(all, durationMs)).toBeLessThanOrEqual(5_000);
      }),
    );
  });

  it('widens the distances evenly when the budget does not reach', () => {
    const { timesMs, toleranceMs } = fillTimes([0], 3_600_000, bounds, 'onward');
    expect(timesMs.length).toBeLessThanOrEqual(63);
    expect(timesMs.length).toBeGreaterThan(45);
    expect(largestGap([0, ...timesMs], 3_600_000)).toBeLessThan(90_000);
    expect(toleranceMs).toBeGreaterThan(5_000);
  });
});

describe('largestGap', () => {
  it('counts the head and the tail', () => {
    expect(largestGap([3_000, 4_000], 9_000)).toBe(5_000);
    expect(largestGap([3_000, 4_000], 5_000)).toBe(3_000);
    expect(largestGap([], 700)).toBe(700);
  });
});

describe('ticks', () => {
  it('come evenly, and leap over a jump in time', () => {
    const ticks = evenTicks(500);
    ticks.advance(0);
    expect(ticks.nextMs).toBe(500);
    ticks.advance(10_100);
    expect(ticks.nextMs).toBe(10_000);
    ticks.advance(10_100);
    expect(ticks.nextMs).toBe(10_500);
  });

  it('come from a list until it ends', () => {
    const ticks = listedTicks([5, 9]);
    ticks.advance(7);
    expect(ticks.nextMs).toBe(9);
    ticks.advance(9);
    expect(ticks.nextMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('reach far with few frames when the end is unknown', () => {
    const ticks = wideningTicks(500);
    for (let frame = 0; frame < 64; frame++) ticks.advance(ticks.nextMs);
    expect(ticks.nextMs).toBeGreaterThan(1_800_000);
  });
});

describe('ticksWithin', () => {
  it('are those of the endless row that lie within the span and the duration, both ends included', () => {
    expect(ticksWithin({ startMs: 400, endMs: 1_500 }, 250, 10_000)).toEqual([500, 750, 1_000, 1_250, 1_500]);
    expect(ticksWithin({ startMs: 500, endMs: 9_000 }, 250, 1_100)).toEqual([500, 750, 1_000]);
  });

  it('are none where the span lies between two, or beyond the end', () => {
    expect(ticksWithin({ startMs: 260, endMs: 490 }, 250, 10_000)).toEqual([]);
    expect(ticksWithin({ startMs: 12_000, endMs: 13_000 }, 250, 10_000)).toEqual([]);
  });
});

describe('spreadPages', () => {
  it('takes all of few and an even choice of many', () => {
    expect(spreadPages(3, 16)).toEqual([0, 1, 2]);
    expect(spreadPages(32, 4)).toEqual([0, 8, 16, 24]);
  });
});
