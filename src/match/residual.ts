/**
 * What of two pictures that lie over each other is left when all is taken away that rows and columns tell: of each cell the
 * level of its row and of its column, and the strongest product of one pattern down and one across.
 *
 * Two boxes, boards or windows that stand alike agree in their edges, whatever is in them, and their hashes are alike for
 * the same reason: a hash is a table of signs, and the signs of a product are a product. So what hashes and edges say of
 * such pictures is said once. What is left says something else, and of pictures of the world most is left.
 *
 * The product is the first term of the singular value decomposition of what is centred both ways, by power iteration
 * (Golub and Van Loan, "Matrix Computations", 8.2). It is the known picture's, and taken from both: a logo must not choose
 * what is left.
 */
import { gridSide, type Laid } from './moments.ts';

/** Enough for the product to stand; it need not be exact, for it is the same on both sides. */
const iterations = 6;

/** The same cells count as before. */
export function residualsOf({ known, upload, inside }: Laid): Laid {
  const ofKnown = centred(known, inside);
  const ofUpload = centred(upload, inside);
  const product = strongestProduct(ofKnown);
  takeAway(ofKnown, product);
  takeAway(ofUpload, product);
  return { known: ofKnown, upload: ofUpload, inside };
}

/** Without the means of rows and of columns; 0 in cells that do not count. */
function centred(values: Float32Array, inside: Uint8Array): Float32Array {
  const left = values.slice();
  if (!inside.includes(0)) {
    centreRows(left);
    centreColumns(left);
    return left;
  }
  for (let at = 0; at < left.length; at++) if (inside[at] === 0) left[at] = 0;
  // The means of columns bring back some of those of rows; what remains after two rounds is small.
  for (let round = 0; round < 2; round++) {
    for (let line = 0; line < gridSide; line++) centreLine(left, inside, line * gridSide, 1);
    for (let line = 0; line < gridSide; line++) centreLine(left, inside, line, gridSide);
  }
  return left;
}

function centreRows(values: Float32Array): void {
  for (let start = 0; start < values.length; start += gridSide) {
    let sum = 0;
    for (let at = start; at < start + gridSide; at++) sum += values[at] as number;
    const mean = sum / gridSide;
    for (let at = start; at < start + gridSide; at++) values[at] = (values[at] as number) - mean;
  }
}

function centreColumns(values: Float32Array): void {
  const means = new Float64Array(gridSide);
  for (let row = 0; row < gridSide; row++) addRow(means, values, row, 1 / gridSide);
  for (let at = 0; at < values.length; at++) {
    values[at] = (values[at] as number) - (means[at & (gridSide - 1)] as number);
  }
}

/** A row or a column, where cells are missing. */
function centreLine(values: Float32Array, inside: Uint8Array, start: number, stride: number): void {
  const end = start + gridSide * stride;
  let sum = 0;
  let count = 0;
  for (let at = start; at < end; at += stride) {
    sum += values[at] as number;
    count += inside[at] as number;
  }
  if (count === 0) return;
  const mean = sum / count;
  for (let at = start; at < end; at += stride) {
    if (inside[at] !== 0) values[at] = (values[at] as number) - mean;
  }
}

/** `down` times `across` is a picture of length 1, or of 0 where there is nothing. */
interface Product {
  readonly down: Float64Array;
  readonly across: Float64Array;
}

function strongestProduct(values: Float32Array): Product {
  const down = new Float64Array(gridSide);
  const across = Float64Array.from(rowOfMost(values));
  for (let turn = 0; turn < iterations; turn++) {
    for (let row = 0; row < gridSide; row++) down[row] = dotOfRow(values, row, across);
    toLengthOne(down);
    across.fill(0);
    for (let row = 0; row < gridSide; row++) addRow(across, values, row, down[row] as number);
    toLengthOne(across);
  }
  return { down, across };
}

/** Where most is, something of the strongest product is as well. */
function rowOfMost(values: Float32Array): Float32Array {
  let most = -1;
  let from = 0;
  for (let start = 0; start < values.length; start += gridSide) {
    let squares = 0;
    for (let at = start; at < start + gridSide; at++) squares += (values[at] as number) * (values[at] as number);
    if (squares <= most) continue;
    most = squares;
    from = start;
  }
  return values.subarray(from, from + gridSide);
}

function toLengthOne(pattern: Float64Array): void {
  let squares = 0;
  for (let at = 0; at < pattern.length; at++) squares += (pattern[at] as number) * (pattern[at] as number);
  if (squares === 0) return;
  const scale = 1 / Math.sqrt(squares);
  for (let at = 0; at < pattern.length; at++) pattern[at] = (pattern[at] as number) * scale;
}

/** As much of the product as is in it. Cells that do not count add nothing to that; what they then hold means nothing. */
function takeAway(values: Float32Array, { down, across }: Product): void {
  let much = 0;
  for (let row = 0; row < gridSide; row++) much += (down[row] as number) * dotOfRow(values, row, across);
  for (let row = 0; row < gridSide; row++) {
    const start = row * gridSide;
    const ofRow = much * (down[row] as number);
    for (let column = 0; column < gridSide; column++) {
      values[start + column] = (values[start + column] as number) - ofRow * (across[column] as number);
    }
  }
}

/** Four sums side by side: one after the other each addition would wait for the one before. */
function dotOfRow(values: Float32Array, row: number, pattern: Float64Array): number {
  const start = row * gridSide;
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let column = 0; column < gridSide; column += 4) {
    const at = start + column;
    first += (values[at] as number) * (pattern[column] as number);
    second += (values[at + 1] as number) * (pattern[column + 1] as number);
    third += (values[at + 2] as number) * (pattern[column + 2] as number);
    fourth += (values[at + 3] as number) * (pattern[column + 3] as number);
  }
  return first + second + (third + fourth);
}

function addRow(pattern: Float64Array, values: Float32Array, row: number, times: number): void {
  const start = row * gridSide;
  for (let column = 0; column < gridSide; column++) {
    pattern[column] = (pattern[column] as number) + times * (values[start + column] as number);
  }
}
