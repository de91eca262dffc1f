/** Turns a square gray frame the way its display matrix asks for, before it is hashed. Pure. */

import { limits } from '../../config/limits.ts';

/**
 * Where a pixel of the upright picture is found in the stored one. With u to the right and v downwards, both in
 * [0, side): stored x = xu * u + xv * v + (side - 1 when negative), and y likewise. Exactly one of each pair is not 0.
 */
export interface Turn {
  readonly xu: -1 | 0 | 1;
  readonly xv: -1 | 0 | 1;
  readonly yu: -1 | 0 | 1;
  readonly yv: -1 | 0 | 1;
}

/**
 * Reads the 3 x 3 display matrix of ISO 14496-12 (nine 32-bit integers in the machine's order, as libav keeps them):
 * shown x = a * x + c * y, shown y = b * x + d * y. Rotations and flips by quarter turns are honoured, anything else is
 * taken as the nearest. Returns null when nothing has to be turned.
 */
export function readDisplayMatrix(matrix: Buffer | null): Turn | null {
  if (matrix === null || matrix.length < 36) return null;
  const [a, b, c, d] = [0, 4, 12, 16].map((at) => matrix.readInt32LE(at)) as [number, number, number, number];
  const straight = Math.abs(a) + Math.abs(d) >= Math.abs(b) + Math.abs(c);
  // A rotation or flip by quarter turns is its own transposed inverse.
  const turn: Turn = straight ? { xu: sign(a), xv: 0, yu: 0, yv: sign(d) } : { xu: 0, xv: sign(b), yu: sign(c), yv: 0 };
  return turn.xu === 1 && turn.yv === 1 ? null : turn;
}

/**
 * Width over height of the upright picture, from the stored size and the shape of its pixels (width over height; taken as
 * square when it is no positive number). Within `limits.aspectMax` both ways.
 */
export function aspectOf(width: number, height: number, pixelAspect: number, turn: Turn | null): number {
  const shape = pixelAspect > 0 && Number.isFinite(pixelAspect) ? pixelAspect : 1;
  const stored = (width / height) * shape;
  const upright = turn !== null && turn.xu === 0 ? 1 / stored : stored;
  return Math.min(Math.max(upright, 1 / limits.aspectMax), limits.aspectMax);
}

/** Copies `side * side` pixels from `stored` to `upright`. */
export function turnSquare(stored: Uint8Array, upright: Uint8Array, side: number, turn: Turn): void {
  const x0 = turn.xu + turn.xv < 0 ? side - 1 : 0;
  const y0 = turn.yu + turn.yv < 0 ? side - 1 : 0;
  const alongU = turn.xu + turn.yu * side;
  const alongV = turn.xv + turn.yv * side;
  let to = 0;
  for (let v = 0; v < side; v++) {
    let from = x0 + y0 * side + alongV * v;
    for (let u = 0; u < side; u++) {
      upright[to++] = stored[from] as number;
      from += alongU;
    }
  }
}

function sign(value: number): -1 | 1 {
  return value < 0 ? -1 : 1;
}
