import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/demo/random.ts';
import { compareChanges } from '../../../src/match/change-check.ts';
import { gridSide, type Laid } from '../../../src/match/moments.ts';

const cells = gridSide * gridSide;
const { between } = createRandom(11);
const everywhere = new Uint8Array(cells).fill(1);
const scene = Float32Array.from({ length: cells }, () => between(60, 180));

/** The scene with a bright thing of 10 x 10 cells at a place. */
function withThing(column: number, row: number, of = scene): Float32Array {
  return of.map((gray, at) => {
    const [x, y] = [at % gridSide, Math.floor(at / gridSide)];
    return x >= column && x < column + 10 && y >= row && y < row + 10 ? gray + 60 : gray;
  });
}

const noisy = (picture: Float32Array, levels: number): Float32Array =>
  picture.map((gray) => gray + between(-levels, levels));
const compared = (known: Float32Array, upload: Float32Array, inside = everywhere): Laid => ({
  known,
  upload,
  inside,
});

describe('the check of changes', () => {
  it('agrees when the same things move the same way, whatever became of brightness and contrast', () => {
    const moments = [2, 8, 14].map((place) => {
      const known = withThing(place, place);
      return compared(
        known,
        noisy(known, 4).map((gray) => 30 + 0.5 * gray),
      );
    });
    const change = compareChanges(moments);
    expect(change?.agreement).toBeGreaterThan(0.85);
    expect(change?.levels).toBeGreaterThan(15);
  });

  it('does not agree between two takes of one scene, though every single picture looks the same', () => {
    const moments = [2, 8, 14].map((place) => compared(withThing(place, 2), withThing(20 - place, 20)));
    expect(compareChanges(moments)?.agreement).toBeLessThan(0.3);
  });

  it('is not moved by a caption that stands still', () => {
    const captioned = (picture: Float32Array) => picture.map((gray, at) => (at < 8 * gridSide ? 255 : gray));
    const moments = [2, 18].map((place) => compared(withThing(place, 18), captioned(withThing(place, 18))));
    expect(compareChanges(moments)?.agreement).toBeGreaterThan(0.85);
  });

  it('knows nothing of a scene that stands still, nor of one moment', () => {
    expect(compareChanges([compared(scene, scene)])).toBeNull();
    expect(compareChanges([compared(scene, noisy(scene, 3)), compared(scene, noisy(scene, 3))])).toBeNull();
    expect(compareChanges([])).toBeNull();
  });

  it('looks at what both pictures show, and nothing else', () => {
    const half = everywhere.map((_, at) => (at % gridSide < gridSide / 2 ? 1 : 0));
    const spoilt = (picture: Float32Array) => picture.map((gray, at) => (half[at] === 1 ? gray : between(0, 255)));
    const moments = [0, 5].map((place) => compared(withThing(place, 4), spoilt(withThing(place, 4)), half));
    expect(compareChanges(moments)?.agreement).toBeGreaterThan(0.95);
  });
});
