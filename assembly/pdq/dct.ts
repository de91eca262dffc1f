/**
 * PDQ step 5: rows and columns 1 to 16 of the discrete cosine transform of the 64 x 64 image: B = D A D'.
 *
 * A fast transform would compute all 64 frequencies of each line and add in another order, which rounds differently;
 * only 16 are wanted, so the plain product is both exact to the reference and cheap.
 *
 * Every sum runs over k upwards, one product added at a time, as in the reference. Lanes are different outputs, never
 * parts of one sum. A tile of 4 x 8 sums stays in registers while k runs, since one sum alone would wait for each
 * addition (four cycles) and read the image sixteen times:
 *
 *                     A[k][j .. j+7]          two vectors
 *      D[i+0][k]      T[i+0][j .. j+7]        each D entry is spread over a vector
 *      D[i+1][k]      T[i+1][j .. j+7]
 *      D[i+2][k]      ...
 *      D[i+3][k]      ...
 *
 * Source: ThreatExchange, pdq/cpp/hashing: dct64To16.
 */
import { coefficientSide, coefficients, dctTable, halfTransform, sampledImage, sampledSide } from '../memory-layout';

const imageRowBytes: usize = <usize>(sampledSide * 4);
const tableRowBytes: usize = <usize>(coefficientSide * 4);

/** D[i][k] = sqrt(2/64) cos(pi/128 (i + 1)(2k + 1)), stored transposed. The scale is an f32, the cosine an f64. */
export function fillDctTable(): void {
  const scale = <f64>(<f32>Math.sqrt(2.0 / 64.0));
  for (let k: u32 = 0; k < sampledSide; k++) {
    for (let i: u32 = 0; i < coefficientSide; i++) {
      const angle: f64 = (Math.PI / 2.0 / 64.0) * <f64>(i + 1) * <f64>(2 * k + 1);
      store<f32>(dctTable + <usize>((k * coefficientSide + i) * 4), <f32>(scale * Math.cos(angle)));
    }
  }
}

/** From `sampledImage` to `coefficients`. */
export function transformSampled(): void {
  for (let row: usize = 0; row < 16; row += 4) {
    for (let column: usize = 0; column < 64; column += 8) transformColumns(row, column);
  }
  for (let row: usize = 0; row < 16; row += 2) transformRows(row);
}

/** T = D A: four rows by eight columns. */
function transformColumns(row: usize, column: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let image = sampledImage + column * 4;
  let table = dctTable + row * 4;
  for (let k: u32 = 0; k < sampledSide; k++) {
    const left = v128.load(image);
    const right = v128.load(image, 16);
    const a = v128.load32_splat(table);
    a0 = f32x4.add(a0, f32x4.mul(a, left));
    a1 = f32x4.add(a1, f32x4.mul(a, right));
    const b = v128.load32_splat(table, 4);
    b0 = f32x4.add(b0, f32x4.mul(b, left));
    b1 = f32x4.add(b1, f32x4.mul(b, right));
    const c = v128.load32_splat(table, 8);
    c0 = f32x4.add(c0, f32x4.mul(c, left));
    c1 = f32x4.add(c1, f32x4.mul(c, right));
    const d = v128.load32_splat(table, 12);
    d0 = f32x4.add(d0, f32x4.mul(d, left));
    d1 = f32x4.add(d1, f32x4.mul(d, right));
    image += imageRowBytes;
    table += tableRowBytes;
  }
  const to = halfTransform + row * imageRowBytes + column * 4;
  storePair(to, a0, a1);
  storePair(to + imageRowBytes, b0, b1);
  storePair(to + 2 * imageRowBytes, c0, c1);
  storePair(to + 3 * imageRowBytes, d0, d1);
}

/** B = T D': two whole rows of sixteen. */
function transformRows(row: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let b2 = f32x4.splat(0);
  let b3 = f32x4.splat(0);
  let half = halfTransform + row * imageRowBytes;
  let table = dctTable;
  for (let k: u32 = 0; k < sampledSide; k++) {
    const a = v128.load32_splat(half);
    const b = v128.load32_splat(half + imageRowBytes);
    const d0 = v128.load(table);
    a0 = f32x4.add(a0, f32x4.mul(a, d0));
    b0 = f32x4.add(b0, f32x4.mul(b, d0));
    const d1 = v128.load(table, 16);
    a1 = f32x4.add(a1, f32x4.mul(a, d1));
    b1 = f32x4.add(b1, f32x4.mul(b, d1));
    const d2 = v128.load(table, 32);
    a2 = f32x4.add(a2, f32x4.mul(a, d2));
    b2 = f32x4.add(b2, f32x4.mul(b, d2));
    const d3 = v128.load(table, 48);
    a3 = f32x4.add(a3, f32x4.mul(a, d3));
    b3 = f32x4.add(b3, f32x4.mul(b, d3));
    half += 4;
    table += tableRowBytes;
  }
  const to = coefficients + row * tableRowBytes;
  storePair(to, a0, a1);
  storePair(to + 32, a2, a3);
  storePair(to + tableRowBytes, b0, b1);
  storePair(to + tableRowBytes + 32, b2, b3);
}

function storePair(to: usize, left: v128, right: v128): void {
  v128.store(to, left);
  v128.store(to, right, 16);
}
