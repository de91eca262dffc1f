/**
 * How far a hash is separable: of how many of its bits one pattern of rows and one of columns tell.
 *
 * A bit of PDQ is the sign of one coefficient of a 16 x 16 block of a discrete cosine transform. A picture that is a product
 * of what is across and what is down (a bar, a corner, a box on plain ground, a window with a line of text) has
 * coefficients that are such a product as well, and so are their signs: two short patterns say all of it. Any two boxes
 * that stand alike share the hash, whatever is in them. Pictures of the world need most of their bits.
 *
 * The pair of patterns is looked for by turns, from the row that tells most: given the columns, each row takes the better
 * sign, and the other way round. That finds a good pair and not always the best, which is enough to tell pictures apart.
 */
import { countBits } from './bits.ts';

const side = 16;
const rowMask = 0xffff;
const rounds = 2;

const bitsOfRow = Uint8Array.from({ length: rowMask + 1 }, (_, row) => countBits(row));

/** One frame is on many lines. */
const known = new WeakMap<Uint8Array, number>();

/** Of 256 bits of a hash of 32 bytes those that a pair of patterns tells, 128 to 256. The hash must not change later. */
export function separableBitsOf(hash: Uint8Array): number {
  const before = known.get(hash);
  if (before !== undefined) return before;
  const told = measure(hash);
  known.set(hash, told);
  return told;
}

function measure(hash: Uint8Array): number {
  const rows = new Uint16Array(side);
  for (let row = 0; row < side; row++) rows[row] = (hash[2 * row] ?? 0) | ((hash[2 * row + 1] ?? 0) << 8);
  let [columns, told] = [0, 0];
  for (const row of rows) {
    const toldByRow = toldBy(rows, row);
    if (toldByRow > told) [columns, told] = [row, toldByRow];
  }
  for (let round = 0; round < rounds; round++) {
    columns = columnsFor(rows, columns);
    told = Math.max(told, toldBy(rows, columns));
  }
  return told;
}

/** Bits that this pattern of columns tells, each row upright or inverted. */
function toldBy(rows: Uint16Array, columns: number): number {
  let told = 0;
  for (const row of rows) {
    const differing = bitsOfRow[row ^ columns] ?? 0;
    told += Math.max(differing, side - differing);
  }
  return told;
}

/** The best pattern of columns for the signs that rows take under `columns`. */
function columnsFor(rows: Uint16Array, columns: number): number {
  const counts = new Int8Array(side);
  for (const row of rows) {
    const upright = (bitsOfRow[row ^ columns] ?? 0) <= side / 2 ? row : row ^ rowMask;
    for (let column = 0; column < side; column++) counts[column] = (counts[column] ?? 0) + ((upright >> column) & 1);
  }
  let best = 0;
  for (let column = 0; column < side; column++) if ((counts[column] ?? 0) * 2 >= side) best |= 1 << column;
  return best;
}
