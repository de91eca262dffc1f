// Goal: the wave has the shares that it is said to have, and a seed gives the same day again.
import { describe, expect, it } from 'vitest';
import { arrivalsMs, drawUploads, type PlannedUpload } from '../../../bench/wave/schedule.ts';

function drawn(count: number, seed = 1): PlannedUpload[] {
  const uploads = drawUploads({ edited: 8, unrelated: 6 }, seed);
  return Array.from({ length: count }, () => uploads.next().value);
}

describe('drawUploads', () => {
  it('gives 50 % edited copies, 15 % identical ones and 35 % unrelated clips in every twenty', () => {
    for (let from = 0; from < 200; from += 20) {
      const kinds = drawn(200)
        .slice(from, from + 20)
        .map(({ kind }) => kind);
      const count = (kind: string) => kinds.filter((each) => each === kind).length;
      expect([count('edited'), count('identical'), count('unrelated')]).toEqual([10, 3, 7]);
    }
  });

  it('uses every file before one comes again', () => {
    const files = drawn(400).flatMap(({ kind, file }) => (kind === 'edited' ? [file] : []));
    for (let from = 0; from < 80; from += 8) {
      expect(files.slice(from, from + 8).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }
  });

  it('repeats itself by seed and differs between seeds', () => {
    expect(drawn(60, 3)).toEqual(drawn(60, 3));
    expect(drawn(60, 3)).not.toEqual(drawn(60, 4));
  });

  it('refuses to draw from nothing', () => {
    const uploads = drawUploads({ edited: 0, unrelated: 0 }, 1);
    expect(() => Array.from({ length: 20 }, () => uploads.next())).toThrow('no file');
  });
});

describe('arrivalsMs', () => {
  it('spaces uploads evenly when asked to', () => {
    expect(arrivalsMs(4, 1, 'even', 1)).toEqual([0, 250, 500, 750]);
  });

  it('has the rate of a Poisson process, and its bunches', () => {
    const moments = arrivalsMs(20, 1000, 'poisson', 5);
    expect(moments.length).toBeGreaterThan(19_500);
    expect(moments.length).toBeLessThan(20_500);
    const gaps = moments.map((moment, index) => moment - (moments[index - 1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    // Exponential gaps: a share of 1/e is longer than the mean.
    const long = gaps.filter((gap) => gap > 50).length / gaps.length;
    expect(long).toBeGreaterThan(0.35);
    expect(long).toBeLessThan(0.39);
  });
});
