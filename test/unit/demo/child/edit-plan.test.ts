import { describe, expect, it } from 'vitest';
import { chooseRate, chooseSize, listFilters } from '../../../../src/demo/child/edit-plan.ts';

const plain = { encode: { codec: 'h264' } } as const;

describe('chooseSize', () => {
  it('makes odd sides even', () => {
    expect(chooseSize(1076, 399, {})).toEqual({ width: 1076, height: 400 });
  });

  it('scales by a factor or to a height, and lowers to the greatest height', () => {
    expect(chooseSize(640, 360, { scale: { factor: 0.6 } })).toEqual({ width: 384, height: 216 });
    expect(chooseSize(640, 360, { scale: { height: 240 } })).toEqual({ width: 426, height: 240 });
    expect(chooseSize(1280, 720, { scale: { factor: 0.9 }, heightMax: 480 })).toEqual({ width: 854, height: 480 });
    expect(chooseSize(320, 180, { heightMax: 480 })).toEqual({ width: 320, height: 180 });
  });
});

describe('chooseRate', () => {
  it('keeps an announced rate exactly where it will do', () => {
    expect(chooseRate({ num: 30000, den: 1001 }, {})).toEqual({ num: 30000, den: 1001 });
  });

  it('lowers absurd rates, and terms too long for a container', () => {
    expect(chooseRate({ num: 1000, den: 1 }, {})).toEqual({ num: 60_000, den: 1000 });
    expect(chooseRate({ num: 120, den: 1 }, { framesPerSecondMax: 30 })).toEqual({ num: 30_000, den: 1000 });
    expect(chooseRate({ num: 7_740_000, den: 1_000_000 }, {})).toEqual({ num: 7740, den: 1000 });
  });
});

describe('listFilters', () => {
  const video = { width: 320, height: 180, quarterTurns: 0 };

  it('mirrors left and right on request', () => {
    expect(listFilters(video, plain)).toEqual(['scale=320:180:flags=bicubic:out_range=tv']);
    expect(listFilters(video, { ...plain, mirror: true })[0]).toBe('hflip');
  });

  it('applies the turn that a player would apply, so that the copy stands upright without it', () => {
    const [turn, scale] = listFilters({ ...video, quarterTurns: 1 }, plain);
    expect(turn).toBe('transpose=clock');
    expect(scale).toContain('scale=180:320');
    expect(listFilters({ ...video, quarterTurns: 2 }, plain).slice(0, 2)).toEqual(['hflip', 'vflip']);
    expect(listFilters({ ...video, quarterTurns: 3 }, plain)[0]).toBe('transpose=cclock');
  });
});
