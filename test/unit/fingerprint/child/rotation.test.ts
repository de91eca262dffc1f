import { describe, expect, it } from 'vitest';
import { readDisplayMatrix, turnSquare } from '../../../../src/fingerprint/child/rotation.ts';

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
