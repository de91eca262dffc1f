/** Goal: an upload that arrives as hashes is found turned and flipped as well, as if its frames had been here. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dihedralNames } from '../../../src/contracts/common.ts';
import { createCanvas } from '../../../src/demo/canvas.ts';
import { knownStills, renderStillPixels, unrelatedStills } from '../../../src/demo/films.ts';
import { hammingDistanceBits } from '../../../src/kernel/hash-text.ts';
import { viewsOfHash } from '../../../src/kernel/hash-views.ts';
import { createHasher } from '../../../src/kernel/load-kernel.ts';
import { makeFrame } from '../../support/synthetic-frames.ts';

type View = (typeof dihedralNames)[number];

const hasher = createHasher();
const viewOf = (hashes: Uint8Array, view: number) => hashes.subarray(view * 32, view * 32 + 32);
const turned = (hash: Uint8Array, view: View) => viewOf(viewsOfHash(hash), dihedralNames.indexOf(view));
const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 });

function hashStill(still: (typeof knownStills)[number]): Uint8Array {
  const canvas = createCanvas(256, 192);
  renderStillPixels(still, canvas);
  hasher.frameBuffer(canvas.width, canvas.height, 3).set(canvas.pixels);
  return hasher.hashDihedral().hashes;
}

/** Distance of each view from the hash alone to the view of the frame itself, and to the nearest of the other seven. */
function distancesBits(exact: Uint8Array): { own: number; other: number }[] {
  const views = viewsOfHash(viewOf(exact, 0));
  return dihedralNames.map((_, view) => {
    const bits = dihedralNames.map((__, other) => hammingDistanceBits(viewOf(views, view), viewOf(exact, other)));
    return { own: bits[view] ?? 256, other: Math.min(...bits.filter((_bits, other) => other !== view)) };
  });
}

describe('views of a hash', () => {
  // Measured: 0 to 12 bits to the right view, 102 to 126 to the nearest wrong one.
  it.each([...knownStills, ...unrelatedStills])('are those of the frame, but for a few bits: $id', (still) => {
    const distances = distancesBits(hashStill(still));
    expect(distances[0]?.own).toBe(0);
    for (const { own, other } of distances) {
      expect(own).toBeLessThanOrEqual(16);
      expect(other).toBeGreaterThanOrEqual(90);
    }
  });

  it('are as near where few frequencies make the picture, in the middle of many', () => {
    const own = Array.from({ length: 12 }, (_, seed) => {
      const { bytes, ...shape } = makeFrame({ pattern: 'scene', seed, width: 160, height: 120, channels: 1 });
      hasher.frameBuffer(shape.width, shape.height, 1).set(bytes);
      return distancesBits(hasher.hashDihedral().hashes).map((distance) => distance.own);
    }).flat();
    expect(own.sort((a, b) => a - b)[own.length >> 1]).toBeLessThanOrEqual(14);
  });

  it('begin with the hash as it is, and are of its length', () => {
    fc.assert(
      fc.property(hashes, (hash) => {
        expect(viewsOfHash(hash)).toHaveLength(8 * 32);
        expect(turned(hash, 'original')).toEqual(hash);
      }),
    );
  });
});

describe('turning and flipping hashes', () => {
  it.each(['flipX', 'flipY', 'flipPlus1', 'flipMinus1', 'rotate180'] as const)('%s twice is nothing', (view) => {
    fc.assert(
      fc.property(hashes, (hash) => {
        expect(turned(turned(hash, view), view)).toEqual(hash);
      }),
    );
  });

  it.each([
    ['rotate90', 'rotate90', 'rotate180'],
    ['rotate270', 'rotate270', 'rotate180'],
    ['rotate90', 'rotate270', 'original'],
    ['rotate90', 'rotate180', 'rotate270'],
    ['flipX', 'flipY', 'rotate180'],
    ['flipPlus1', 'flipMinus1', 'rotate180'],
  ] as const)('%s, then %s, is %s', (first, second, both) => {
    fc.assert(
      fc.property(hashes, (hash) => {
        expect(turned(turned(hash, first), second)).toEqual(turned(hash, both));
      }),
    );
  });

  it('stays among the eight, whatever is done after what', () => {
    fc.assert(
      fc.property(
        hashes,
        fc.constantFrom(...dihedralNames),
        fc.constantFrom(...dihedralNames),
        (hash, first, second) => {
          const twice = turned(turned(hash, first), second);
          expect(dihedralNames.filter((view) => hammingDistanceBits(twice, turned(hash, view)) === 0)).not.toEqual([]);
        },
      ),
    );
  });
});
