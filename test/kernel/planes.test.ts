/** Goal: the maps that regions are detected in are those of the twin, whatever the planes and however many. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import { discs, movingNoise, pasted, planesOf, slopes } from '../support/edited-pictures.ts';
import { planeTwin } from '../support/plane-twin.ts';
import { seededBytes } from '../support/synthetic-frames.ts';

const side = limits.planeSide;

/** All but the outermost pixels, which have not four neighbours. */
function inner<T extends Uint8Array | Uint16Array>(map: T): number[] {
  return [...map].filter((_, at) => at % side > 0 && at % side < side - 1 && at >= side && at < side * (side - 1));
}

const noise = Array.from({ length: limits.detectionFramesMax }, (_, seed) => seededBytes(seed, side * side));
const extremes = [0, 255, 0, 255, 255].map((level) => new Uint8Array(side * side).fill(level));
/** Neighbours as far apart as they can be, in rows, columns and on a board. */
const stripes = [0, 1, 2].map((kind) =>
  Uint8Array.from({ length: side * side }, (_, at) => {
    const [x, y] = [at % side, Math.floor(at / side)];
    return 255 * (([x, y, x + y][kind] ?? 0) & 1);
  }),
);
const pictures = planesOf(
  pasted(slopes(4), discs(3), { left: 0.2, top: 0.3, width: 0.5, height: 0.45, degrees: 0 }),
  9,
);
const moving = planesOf(movingNoise(7), 5);

describe.each(['release', 'debug'] as const)('maps of planes, %s binary', (build) => {
  const hasher = createHasher({ build });

  it.each([
    ['noise', noise],
    ['black and white', extremes],
    ['stripes', stripes],
    ['a picture in a picture', pictures],
    ['movement', moving],
  ])('are the twin’s for %s', (_, planes) => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16].filter((each) => each <= planes.length)) {
      const some = planes.slice(0, count);
      expect(hasher.mapRange(some)).toEqual(planeTwin.mapRange(some));
      expect(inner(hasher.mapDetail(some))).toEqual(inner(planeTwin.mapDetail(some)));
      if (count % 2 === 0 || count > limits.edgeFramesMax) continue;
      for (const beside of ['before', 'above'] as const) {
        for (const cap of [0, 96, 255]) {
          expect(hasher.mapEdges(some, beside, cap)).toEqual(planeTwin.mapEdges(some, beside, cap));
        }
      }
    }
  });

  it('stay as they were given when others are made', () => {
    const before = hasher.mapRange(noise);
    const kept = before.slice();
    hasher.mapDetail(extremes);
    expect(before).toEqual(kept);
  });

  it('refuse planes that there cannot be', () => {
    expect(() => hasher.mapRange([])).toThrow(/number of planes/);
    expect(() => hasher.mapRange([...noise, ...extremes])).toThrow(/number of planes/);
    expect(() => hasher.mapDetail([new Uint8Array(9)])).toThrow(/length of a plane/);
    expect(() => hasher.mapEdges(noise.slice(0, 1), 'above', 256)).toThrow(/cap of an edge/);
    expect(() => hasher.mapEdges(noise.slice(0, 2), 'above', 96)).toThrow(/odd number of planes/);
    expect(() => hasher.mapEdges(noise.slice(0, 11), 'above', 96)).toThrow(/odd number of planes/);
  });
});
