import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptFrames, spreadOver } from '../../../../../src/fingerprint/child/regions/kept-frames.ts';

const base = new Uint8Array(0);

function keptTimes(timesMs: readonly number[], framesMax: number): number[] {
  const kept = new KeptFrames(framesMax);
  for (const timeMs of timesMs) kept.add({ timeMs, base });
  return kept.inTime.map(({ timeMs }) => timeMs);
}

describe('kept frames', () => {
  it('are all there while they are few, in order of time', () => {
    expect(keptTimes([300, 0, 900, 600], 4)).toEqual([0, 300, 600, 900]);
  });

  // Goal: memory is bounded however long a pass is, and no part of the upload loses its regions to another.
  it.each([
    ['in order', (at: number) => at],
    ['backwards', (at: number) => 719 - at],
    ['key frames first, then between them', (at: number) => (at < 72 ? at * 10 : at - 72)],
  ])('stay few and evenly spread, whatever the order: %s', (_name, placeAt) => {
    const times = keptTimes(
      Array.from({ length: 720 }, (_, at) => placeAt(at) * 250),
      24,
    );
    expect(times).toHaveLength(24);
    const gaps = times.slice(1).map((timeMs, at) => timeMs - (times[at] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3 * Math.max(250, Math.min(...gaps)) + 250);
  });

  it('never exceed their bound, and keep the first and the last', () => {
    const property = fc.property(
      fc.uniqueArray(fc.nat(100_000), { minLength: 3, maxLength: 60 }),
      fc.integer({ min: 2, max: 8 }),
      (timesMs, framesMax) => {
        const times = keptTimes(timesMs, framesMax);
        expect(times.length).toBe(Math.min(timesMs.length, framesMax));
        expect(times[0]).toBe(Math.min(...timesMs));
        expect(times.at(-1)).toBe(Math.max(...timesMs));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      },
    );
    fc.assert(property);
  });
});

describe('spreadOver', () => {
  it('takes the first, the last and what lies evenly between', () => {
    expect(spreadOver([0, 1, 2, 3, 4, 5, 6, 7, 8], 5)).toEqual([0, 2, 4, 6, 8]);
    expect(spreadOver([0, 1, 2], 5)).toEqual([0, 1, 2]);
    expect(spreadOver([4, 5, 6], 1)).toEqual([4]);
    expect(spreadOver([], 3)).toEqual([]);
  });
});
