/**
 * From a hash to a code: the same 256 bits in an order in which every chunk of 16 is as good as random.
 *
 * The index looks codes up by chunks, so a chunk must not favour some values. The bits of PDQ do: a hash is a 16 x 16
 * matrix of frequencies, neighbours in a row or a column go together, and the 16-bit words of two unrelated frames lie
 * within one bit of each other more often than random ones. On 3,913 frames of photographs and clips: rows 1.9 times as
 * often, columns 2.1, chunks along a slanted diagonal 1.0. (On photographs alone 1.3, 1.4 and 1.06: docs/benchmarks.md.)
 * So the word of row i is turned by 5 i bits, and then columns are read:
 *
 *      row 0   bits  0  1  2  3 ...                  chunk 0 takes bit 0 of row 0, bit 11 of row 1, bit 6 of row 2, ...
 *      row 1        11 12 13 14 ...   turned by 5    chunk 1 takes bit 1 of row 0, bit 12 of row 1, ...
 *      row 2         6  7  8  9 ...   turned by 10
 *
 * Distances do not change when both sides are rearranged alike. One bit at a time would take 256 steps; here sixteen
 * bits are gathered by one instruction.
 */

/** Writes the code (16 chunks of 16 bits, little-endian) of the hash at `hash` to `code`: 32 bytes each. */
export function codeOfHash(hash: usize, code: usize): void {
  const upper = turnWords(v128.load(hash), i16x8(1, 1 << 5, 1 << 10, -32768, 1 << 4, 1 << 9, 1 << 14, 1 << 3));
  const lower = turnWords(
    v128.load(hash, 16),
    i16x8(1 << 8, 1 << 13, 1 << 2, 1 << 7, 1 << 12, 1 << 1, 1 << 6, 1 << 11),
  );
  storeColumns(v128.shuffle<i8>(upper, lower, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), code);
  storeColumns(v128.shuffle<i8>(upper, lower, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), code + 16);
}

/** Rotates each 16-bit word to the left: times a power of two is 32 bits, whose halves are put on top of each other. */
function turnWords(words: v128, powers: v128): v128 {
  const low = i32x4.extmul_low_i16x8_u(words, powers);
  const high = i32x4.extmul_high_i16x8_u(words, powers);
  return v128.or(
    v128.shuffle<i16>(low, high, 0, 2, 4, 6, 8, 10, 12, 14),
    v128.shuffle<i16>(low, high, 1, 3, 5, 7, 9, 11, 13, 15),
  );
}

/** `rows` holds one byte of each of the sixteen words; its eight columns become eight chunks. */
function storeColumns(rows: v128, to: usize): void {
  for (let column: i32 = 0; column < 8; column++) {
    store<u16>(to + <usize>(2 * column), <u16>i8x16.bitmask(i8x16.shl(rows, 7 - column)));
  }
}
