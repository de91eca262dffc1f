import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNoise, createRandom } from '../../../src/demo/random.ts';

describe('createRandom', () => {
  it('repeats itself by seed, and stays within bounds', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        (seed, low, span) => {
          const [one, other] = [createRandom(seed), createRandom(seed)];
          const drawn = Array.from({ length: 20 }, () => one.whole(low, low + span));
          expect(drawn).toEqual(Array.from({ length: 20 }, () => other.whole(low, low + span)));
          expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
          expect(Math.max(...drawn)).toBeLessThanOrEqual(low + span);
        },
      ),
    );
  });

  it('differs between neighbouring seeds from the first number on', () => {
    const first = Array.from({ length: 100 }, (_, seed) => createRandom(seed).between(0, 1));
    expect(new Set(first).size).toBe(100);
  });

  it('refuses to pick from nothing', () => {
    expect(() => createRandom(1).pick([])).toThrow(/nothing to pick/);
  });
});

describe('createNoise', () => {
  const noise = createNoise(createRandom(5));
  const place = fc.double({ min: -300, max: 300, noNaN: true });

  it('stays within 0 and 1 and makes no jumps', () => {
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 5 }), (x, y, octaves) => {
        for (const value of [noise.at(x), noise.at2(x, y), noise.fractal(x, octaves), noise.fractal2(x, y, octaves)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        expect(Math.abs(noise.at2(x + 1e-5, y) - noise.at2(x, y))).toBeLessThan(1e-4);
      }),
    );
  });
});
