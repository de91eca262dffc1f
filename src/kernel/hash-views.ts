/**
 * The eight rotations and flips of a frame from its hash alone, for uploads that arrive as hashes.
 *
 * Mirroring an axis negates the odd frequencies along it, and swapping the axes transposes the matrix (see
 * assembly/pdq/dihedral.ts). A bit says whether a coefficient is above the median, and the median is close to 0, so a
 * negated coefficient flips its bit. Coefficients between 0 and the median do not follow: the views are a few bits off
 * those of the frame itself, where `Hasher.hashDihedral` is exact. The first view is the hash as it is.
 */

import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';

const rows = 16;
const evenColumns = 0x5555;
const oddColumns = 0xaaaa;

/** Which bits of even and of odd rows flip, and whether rows and columns then change places; by dihedral name. */
const recipes: Record<(typeof dihedralNames)[number], { even: number; odd: number; transposed: boolean }> = {
  original: { even: 0, odd: 0, transposed: false },
  rotate90: { even: evenColumns, odd: evenColumns, transposed: true },
  rotate180: { even: oddColumns, odd: evenColumns, transposed: false },
  rotate270: { even: 0xffff, odd: 0, transposed: true },
  flipX: { even: 0xffff, odd: 0, transposed: false },
  flipY: { even: evenColumns, odd: evenColumns, transposed: false },
  flipPlus1: { even: 0, odd: 0, transposed: true },
  flipMinus1: { even: oddColumns, odd: evenColumns, transposed: true },
};

/** Eight hashes of 32 bytes, in the order of `dihedralNames`. */
export function viewsOfHash(hash: Uint8Array): Uint8Array {
  const words = readWords(hash);
  const views = new Uint8Array(dihedralNames.length * limits.hashBytes);
  dihedralNames.forEach((name, view) => {
    const { even, odd, transposed } = recipes[name];
    const flipped = words.map((word, row) => word ^ (row % 2 === 0 ? even : odd));
    writeWords(transposed ? transpose(flipped) : flipped, views.subarray(view * limits.hashBytes));
  });
  return views;
}

/** Row i of the bits is word i, and the text begins with the last word. */
function readWords(hash: Uint8Array): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const at = 2 * (rows - 1 - row);
    return ((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0);
  });
}

function writeWords(words: readonly number[], into: Uint8Array): void {
  words.forEach((word, row) => {
    const at = 2 * (rows - 1 - row);
    into[at] = word >> 8;
    into[at + 1] = word & 0xff;
  });
}

function transpose(words: readonly number[]): number[] {
  return Array.from({ length: rows }, (_, column) =>
    words.reduce((bits, word, row) => bits | (((word >> column) & 1) << row), 0),
  );
}
