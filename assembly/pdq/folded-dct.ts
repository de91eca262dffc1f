/**
 * Fused path, step 5: the same 16 x 16 of the DCT with half of the multiplications.
 *
 * The cosine of an odd frequency changes its sign about the middle of the line, that of an even one does not. So the
 * line is folded first, and each frequency multiplies 32 numbers instead of 64:
 *
 *      a0 a1 ... a31 | a32 ... a62 a63
 *      difference k = a[k] - a[63 - k]       for odd frequencies: rows 0, 2, 4, ... of the table
 *      sum k        = a[k] + a[63 - k]       for even frequencies: rows 1, 3, 5, ...
 *
 * Along rows the two lie side by side, because so do the frequencies in the lanes of an output:
 *
 *      difference 0 | sum 0 | difference 0 | sum 0       one load that repeats 64 bits
 *
 * It takes 2.8 us where dct.ts takes 4.2. Additions are in another order, so rounding differs: only the fused path may
 * use this.
 *
 * Source: the even-odd decomposition of the DCT-II, one level deep; deeper ones save no more for 16 of 64 frequencies.
 */
import {
  coefficientSide,
  dctTable,
  foldedRows,
  fusedCoefficients,
  fusedImage,
  halfTransform,
  sampledSide,
} from '../memory-layout';

const imageRowBytes: usize = <usize>(sampledSide * 4);
const tableRowBytes: usize = <usize>(coefficientSide * 4);
const half: u32 = sampledSide / 2;
const halfImageBytes: usize = <usize>half * imageRowBytes;
/** Sums lie after the differences. */
const foldedSums: usize = foldedRows + halfImageBytes;
const pairBytes: usize = 8;

/** From `fusedImage` to `fusedCoefficients`, which are divided by `denominator`. */
export function transformFused(denominator: f32): void {
  foldColumns();
  for (let column: usize = 0; column < 64; column += 8) {
    transformFoldedColumns(foldedRows, 0, column);
    transformFoldedColumns(foldedRows, 8, column);
    transformFoldedColumns(foldedSums, 1, column);
    transformFoldedColumns(foldedSums, 9, column);
  }
  foldRows();
  for (let row: usize = 0; row < 16; row += 2) transformFoldedRows(row, denominator);
}

/** The upper half of the image with the lower half turned over it. */
function foldColumns(): void {
  for (let k: u32 = 0; k < half; k++) {
    const upper = fusedImage + <usize>k * imageRowBytes;
    const lower = fusedImage + <usize>(sampledSide - 1 - k) * imageRowBytes;
    const to = foldedRows + <usize>k * imageRowBytes;
    for (let at: usize = 0; at < imageRowBytes; at += 16) {
      const a = v128.load(upper + at);
      const b = v128.load(lower + at);
      v128.store(to + at, f32x4.sub(a, b));
      v128.store(to + at, f32x4.add(a, b), halfImageBytes);
    }
  }
}

/** Rows `row`, + 2, + 4, + 6 of the half transform at eight columns: the tile of dct.ts, over half as many rows. */
function transformFoldedColumns(folded: usize, row: usize, column: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let image = folded + column * 4;
  let table = dctTable + row * 4;
  for (let k = half; k > 0; k--) {
    const left = v128.load(image);
    const right = v128.load(image, 16);
    const a = v128.load32_splat(table);
    a0 = f32x4.add(a0, f32x4.mul(a, left));
    a1 = f32x4.add(a1, f32x4.mul(a, right));
    const b = v128.load32_splat(table, 8);
    b0 = f32x4.add(b0, f32x4.mul(b, left));
    b1 = f32x4.add(b1, f32x4.mul(b, right));
    const c = v128.load32_splat(table, 16);
    c0 = f32x4.add(c0, f32x4.mul(c, left));
    c1 = f32x4.add(c1, f32x4.mul(c, right));
    const d = v128.load32_splat(table, 24);
    d0 = f32x4.add(d0, f32x4.mul(d, left));
    d1 = f32x4.add(d1, f32x4.mul(d, right));
    image += imageRowBytes;
    table += tableRowBytes;
  }
  const to = halfTransform + row * imageRowBytes + column * 4;
  storePair(to, a0, a1);
  storePair(to + 2 * imageRowBytes, b0, b1);
  storePair(to + 4 * imageRowBytes, c0, c1);
  storePair(to + 6 * imageRowBytes, d0, d1);
}

/** Each row of the half transform becomes 32 pairs of difference and sum, in `foldedRows`. */
function foldRows(): void {
  for (let row: usize = 0; row < 16; row++) {
    const from = halfTransform + row * imageRowBytes;
    const to = foldedRows + row * imageRowBytes;
    for (let at: usize = 0; at < imageRowBytes / 2; at += 16) {
      const a = v128.load(from + at);
      const mirrored = v128.load(from + imageRowBytes - 16 - at);
      const b = v128.shuffle<i32>(mirrored, mirrored, 3, 2, 1, 0);
      const differences = f32x4.sub(a, b);
      const sums = f32x4.add(a, b);
      v128.store(to + 2 * at, v128.shuffle<i32>(differences, sums, 0, 4, 1, 5));
      v128.store(to + 2 * at, v128.shuffle<i32>(differences, sums, 2, 6, 3, 7), 16);
    }
  }
}

/** Two whole rows of sixteen coefficients. */
function transformFoldedRows(row: usize, denominator: f32): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let b2 = f32x4.splat(0);
  let b3 = f32x4.splat(0);
  let pairs = foldedRows + row * imageRowBytes;
  let table = dctTable;
  for (let k = half; k > 0; k--) {
    const a = v128.load64_splat(pairs);
    const b = v128.load64_splat(pairs, imageRowBytes);
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
    pairs += pairBytes;
    table += tableRowBytes;
  }
  const divisor = f32x4.splat(denominator);
  const to = fusedCoefficients + row * tableRowBytes;
  storePair(to, f32x4.div(a0, divisor), f32x4.div(a1, divisor));
  storePair(to + 32, f32x4.div(a2, divisor), f32x4.div(a3, divisor));
  storePair(to + tableRowBytes, f32x4.div(b0, divisor), f32x4.div(b1, divisor));
  storePair(to + tableRowBytes + 32, f32x4.div(b2, divisor), f32x4.div(b3, divisor));
}

function storePair(to: usize, left: v128, right: v128): void {
  v128.store(to, left);
  v128.store(to, right, 16);
}
