/**
 * PDQ step 6, second half, and step 7: bits from coefficients, for the frame and for its rotations and flips.
 *
 * Turning an image needs no second transform. Mirroring an axis negates the odd frequencies along it, and swapping the
 * axes transposes the matrix. Index i (rows, downwards) holds frequency i + 1, so even i are the odd frequencies:
 *
 *      signs of           as it is        transposed
 *      none               original        flipPlus1
 *      even i             flipX           rotate270       the rows of the matrix: the frame upside down
 *      even j             flipY           rotate90        the columns: the frame left to right
 *      odd i + j          rotate180       flipMinus1
 *
 * A transposed pair holds the same numbers, so four medians serve eight hashes, and its bits are transposed, not its
 * floats. Signs are flipped by XOR with the sign bit, which no rounding touches.
 *
 * Source: ThreatExchange, pdq/cpp/hashing: dct16OriginalToRotate90 and so on, pdqBuffer16x16ToBits. There "flipX" turns
 * about the x axis. Text order: the word of row 15 comes first, so bit 0 is the last bit of the last byte.
 */
import { bitColumns, flippedCoefficients, hashBytes, hashes } from '../memory-layout';
import { noSplit, splitOf, splitWithin } from './guard';
import { lowerMedianOf } from './median';

const rowBytes: usize = 64;

/** Hash of the frame as it is, into the first place of `hashes`. False when the guard is not sure of it. */
export function hashOneView(values: usize, isFused: bool): bool {
  return takeBits(values, isFused, 0, -1);
}

/** All eight, in the order: original, rotate90, rotate180, rotate270, flipX, flipY, flipPlus1, flipMinus1. */
export function hashAllViews(values: usize, isFused: bool): bool {
  return (
    takeBits(values, isFused, 0, 6) &&
    hashPair(values, isFused, i32x4.splat(i32.MIN_VALUE), i32x4.splat(0), 4, 3) &&
    hashPair(values, isFused, evenLanes(), evenLanes(), 5, 1) &&
    hashPair(values, isFused, oddLanes(), evenLanes(), 2, 7)
  );
}

export function clearHashes(): void {
  memory.fill(hashes, 0, <usize>(8 * hashBytes));
}

function evenLanes(): v128 {
  return i32x4(i32.MIN_VALUE, 0, i32.MIN_VALUE, 0);
}

function oddLanes(): v128 {
  return i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE);
}

/** The masks hold the signs that change in even and in odd rows. */
function hashPair(values: usize, isFused: bool, even: v128, odd: v128, plain: i32, transposed: i32): bool {
  for (let at: usize = 0; at < 16 * rowBytes; at += 2 * rowBytes) {
    for (let column: usize = at; column < at + rowBytes; column += 16) {
      v128.store(flippedCoefficients + column, v128.xor(v128.load(values + column), even));
      v128.store(flippedCoefficients + column, v128.xor(v128.load(values + column, rowBytes), odd), rowBytes);
    }
  }
  return takeBits(flippedCoefficients, isFused, plain, transposed);
}

/** One bit for each value over the split: row i as a 16-bit word, its low and high byte apart in `bitColumns`. */
function takeBits(values: usize, isFused: bool, plain: i32, transposed: i32): bool {
  // Any number that splits the values sets the bits of the median, and is found sooner; ties are left to the median.
  const split = isFused ? splitWithin(values) : splitOf(values);
  if (isFused && split === noSplit) return false;
  const bound = f32x4.splat(split === noSplit ? lowerMedianOf(values) : split);
  for (let row: usize = 0; row < 16; row++) {
    const at = values + row * rowBytes;
    const low =
      i32x4.bitmask(f32x4.gt(v128.load(at), bound)) | (i32x4.bitmask(f32x4.gt(v128.load(at, 16), bound)) << 4);
    const high =
      i32x4.bitmask(f32x4.gt(v128.load(at, 32), bound)) | (i32x4.bitmask(f32x4.gt(v128.load(at, 48), bound)) << 4);
    store<u8>(bitColumns + row, <u8>low);
    store<u8>(bitColumns + 16 + row, <u8>high);
  }
  storeRows(<u32>plain);
  if (transposed >= 0) storeTransposed(<u32>transposed);
  return true;
}

function storeRows(view: u32): void {
  for (let row: u32 = 0; row < 16; row++) {
    storeWord(view, row, load<u8>(bitColumns + <usize>row, 16), load<u8>(bitColumns + <usize>row));
  }
}

/** Column j of the bits becomes word j: the top bits of sixteen bytes are gathered by one instruction. */
function storeTransposed(view: u32): void {
  for (let column: u32 = 0; column < 16; column++) {
    const bytes = v128.load(bitColumns + <usize>(column & 8) * 2);
    const word = <u32>i8x16.bitmask(i8x16.shl(bytes, 7 - (column & 7)));
    storeWord(view, column, <u8>(word >> 8), <u8>word);
  }
}

function storeWord(view: u32, word: u32, high: u8, low: u8): void {
  const at = hashes + <usize>(view * hashBytes + 2 * (15 - word));
  store<u8>(at, high);
  store<u8>(at, low, 1);
}
