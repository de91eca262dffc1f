import { describe, expect, it } from 'vitest';
import { aspectOf, readDisplayMatrix, turnSquare } from '../../../../src/fingerprint/child/rotation.ts';

const one = 65_536;
function matrix(a: number, b: number, c: number, d: number): Buffer {
  const bytes = Buffer.alloc(36);
  for (const [at, value] of [
    [0, a],
    [4, b],
    [12, c],
    [16, d],
  ] as const)
    bytes.writeInt32LE(value, at);
  return bytes;
}

// A square of 2 x 2, rows from the top:  1 2 / 3 4
const stored = Uint8Array.of(1, 2, 3, 4);

describe('turnSquare', () => {
  // Goal: each of the eight turns puts every pixel where its matrix shows it (shown x = a x + c y, shown y = b x + d y).
  it.each([
    ['quarter turn clockwise', matrix(0, one, -one, 0), [3, 1, 4, 2]],
    ['half turn', matrix(-one, 0, 0, -one), [4, 3, 2, 1]],
    ['quarter turn counter-clockwise', matrix(0, -one, one, 0), [2, 4, 1, 3]],
    ['mirror', matrix(-one, 0, 0, one), [2, 1, 4, 3]],
    ['upside down', matrix(one, 0, 0, -one), [3, 4, 1, 2]],
    ['transposed', matrix(0, one, one, 0), [1, 3, 2, 4]],
    ['transposed the other way', matrix(0, -one, -one, 0), [4, 2, 3, 1]],
  ])('%s', (_name, display, expected) => {
    const turn = readDisplayMatrix(display);
    const upright = new Uint8Array(4);
    if (turn !== null) turnSquare(stored, upright, 2, turn);
    expect([...upright]).toEqual(expected);
  });

  it('is not needed for an upright picture, a missing matrix or a short one', () => {
    expect(readDisplayMatrix(matrix(one, 0, 0, one))).toBeNull();
    expect(readDisplayMatrix(null)).toBeNull();
    expect(readDisplayMatrix(Buffer.alloc(8))).toBeNull();
  });
});

describe('aspectOf', () => {
  const quarter = readDisplayMatrix(matrix(0, one, -one, 0));
  const half = readDisplayMatrix(matrix(-one, 0, 0, -one));
  // Goal: views of a turned phone video keep its true proportions; turned by an angle, they would be sheared otherwise.
  it.each([
    ['as it is stored', 1920, 1080, 1, null, 16 / 9],
    ['a quarter turn', 1920, 1080, 1, quarter, 9 / 16],
    ['a half turn', 1920, 1080, 1, half, 16 / 9],
    ['pixels that are wider than high', 720, 576, 16 / 15, null, 4 / 3],
    ['wide pixels, a quarter turn', 720, 576, 16 / 15, quarter, 3 / 4],
    ['pixels of no known shape', 640, 480, 0, null, 4 / 3],
    ['pixels of no shape at all', 640, 480, Number.NaN, null, 4 / 3],
    ['a line', 30_000, 2, 1, null, 16],
    ['a column', 2, 30_000, 1, null, 1 / 16],
  ] as const)('is that of the upright picture: %s', (_name, width, height, pixelAspect, turn, aspect) => {
    expect(aspectOf(width, height, pixelAspect, turn)).toBeCloseTo(aspect, 9);
  });
});
