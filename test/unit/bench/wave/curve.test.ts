// Goal: the curve shows the backlog as it was, and recovery is not claimed before it came.
import { describe, expect, it } from 'vitest';
import { condense, curveOf, fullEffortSeconds, recoveredSeconds, sparkline } from '../../../bench/wave/curve.ts';
import type { Offered } from '../../../bench/wave/tally.ts';

function upload(dueMs: number, atMs?: number): Offered {
  const decided = { outcome: 'block', reason: 'matched', degraded: [], isIncident: true } as const;
  return {
    uploadId: 'u',
    kind: 'edited',
    about: '',
    dueMs,
    ...(atMs !== undefined && { decided: { ...decided, atMs } }),
  };
}

describe('curveOf', () => {
  const uploads = [upload(1_000, 1_100), upload(1_200, 3_500), upload(2_100, 3_600), upload(2_900)];
  const curve = curveOf(uploads, 1_000, new Map([[1, 2]]));

  it('counts by second what came, what was decided and what waits', () => {
    expect(curve.map(({ offered }) => offered)).toEqual([2, 2, 0]);
    expect(curve.map(({ decided }) => decided)).toEqual([1, 0, 2]);
    expect(curve.map(({ backlog }) => backlog)).toEqual([1, 3, 1]);
  });

  it('gives the median latency of what was decided, and the rung where it is known', () => {
    expect(curve.map(({ p50Ms }) => p50Ms)).toEqual([100, null, 1_500]);
    expect(curve.map(({ rung }) => rung)).toEqual([null, 2, null]);
  });
});

const point = (second: number, backlog: number, rung: number | null = null) => {
  return { second, offered: 1, decided: 0, backlog, p50Ms: null, degraded: 0, rung };
};

it('finds when the backlog was gone, counted from the end of the overload', () => {
  const curve = [point(0, 1), point(1, 50), point(2, 30), point(3, 5), point(4, 3)];
  expect(recoveredSeconds(curve, 2, 6)).toBe(2);
  expect(recoveredSeconds(curve.slice(0, 3), 2, 6)).toBeNull();
});

it('does not call it recovery when the backlog goes because nothing comes any more', () => {
  const curve = [point(0, 50), point(1, 40), { ...point(2, 5), offered: 0 }, { ...point(3, 0), offered: 0 }];
  expect(recoveredSeconds(curve, 1, 6)).toBeNull();
});

it('finds when the ladder was back at full effort', () => {
  const curve = [point(0, 0, 0), point(1, 0, 2), point(2, 0, 1), point(3, 0, 0)];
  expect(fullEffortSeconds(curve, 1)).toBe(2);
  expect(fullEffortSeconds(curve.slice(0, 3), 1)).toBeNull();
  expect(fullEffortSeconds([point(0, 0)], 1)).toBeNull();
  expect(fullEffortSeconds([point(0, 0, 0)], 1)).toBe(0);
});

it('draws values as bars', () => {
  expect(sparkline([0, 7, 3, null])).toBe('▁█▄ ');
});

it('adds up neighbouring seconds, and keeps the peaks of those that share a row', () => {
  const curve = [point(0, 4, 3), point(1, 9, 1), { ...point(2, 2), p50Ms: 40 }];
  expect(condense(curve, 2)).toEqual([
    { ...point(0, 9, 3), offered: 2 },
    { ...point(2, 2), p50Ms: 40 },
  ]);
  expect(condense(curve, 80)).toEqual(curve);
});
