/**
 * The base of a frame: 256 x 256 gray, blurred, from which any number of regions is sampled.
 *
 *      512 x 512 frame -> mean of 2 x 2 -> [1 2 1] / 4 along rows and columns -> base
 *
 * PDQ blurs with a tent of 7 pixels at this size before it takes every eighth. Pairs and [1 2 1] make a blur of about
 * the same width, once for all regions, so that a region costs its samples alone.
 *
 * All in whole numbers and rounded once at the end: sums of four pixels (10 bits) times sixteen weights (14 bits).
 */
import {
  base,
  baseSide,
  blurredPairRows,
  blurredPairs,
  frame,
  pairRow,
  thumbnail,
  thumbnailSums,
} from '../memory-layout';

const rowBytes: usize = <usize>(baseSide * 2);
const vectorBytes: usize = 16;
const firstPair: usize = pairRow + vectorBytes;

/** From the frame of 512 x 512 pixels in `frame` to `base`. */
export function makeBaseOf(channels: u32): void {
  for (let row: u32 = 0; row < baseSide; row++) {
    addPairs(row, channels);
    blurAlongRow(ringRow(row));
    if (row > 0) blurDown(row - 1, row);
  }
  blurDown(baseSide - 1, baseSide - 1);
}

function ringRow(row: u32): usize {
  return blurredPairs + <usize>(row & (blurredPairRows - 1)) * rowBytes;
}

function addPairs(row: u32, channels: u32): void {
  const upperBytes = <usize>(2 * baseSide * channels);
  const upper = frame + <usize>(2 * row) * upperBytes;
  if (channels === 3) addRgbPairs(upper, upper + upperBytes);
  else addGrayPairs(upper, upper + upperBytes);
  store<u16>(firstPair - 2, load<u16>(firstPair));
  store<u16>(firstPair + rowBytes, load<u16>(firstPair + rowBytes - 2));
}

function addGrayPairs(upper: usize, lower: usize): void {
  for (let at: usize = 0; at < rowBytes; at += vectorBytes) {
    const sums = i16x8.add(
      i16x8.extadd_pairwise_i8x16_u(v128.load(upper + at)),
      i16x8.extadd_pairwise_i8x16_u(v128.load(lower + at)),
    );
    v128.store(firstPair + at, sums);
  }
}

/** Luma of the sums of four pixels: (77 R + 150 G + 29 B) / 256, rounded. Four sums, 8 pixels of 3 bytes, at a time. */
function addRgbPairs(upper: usize, lower: usize): void {
  let to = firstPair;
  for (let at: usize = 0; at < 3 * rowBytes; at += 24) {
    const redGreen = i16x8.add(redGreenPairs(upper + at), redGreenPairs(lower + at));
    const blue = i16x8.add(bluePairs(upper + at), bluePairs(lower + at));
    const weighted = i32x4.add(
      i32x4.add(
        i32x4.extmul_low_i16x8_u(redGreen, i16x8.splat(77)),
        i32x4.extmul_high_i16x8_u(redGreen, i16x8.splat(150)),
      ),
      i32x4.add(i32x4.extmul_low_i16x8_u(blue, i16x8.splat(29)), i32x4.splat(128)),
    );
    const luma = i32x4.shr_u(weighted, 8);
    v128.store64_lane(to, v128.narrow<i32>(luma, luma), 0);
    to += 8;
  }
}

/** R0+R1 R2+R3 R4+R5 R6+R7 G0+G1 G2+G3 G4+G5 G6+G7 of eight pixels. */
function redGreenPairs(pixels: usize): v128 {
  const first = v128.load(pixels);
  const last = v128.load(pixels, 8);
  return i16x8.extadd_pairwise_i8x16_u(
    v128.shuffle<i8>(first, last, 0, 3, 6, 9, 12, 15, 26, 29, 1, 4, 7, 10, 13, 24, 27, 30),
  );
}

/** The same of blue, twice. */
function bluePairs(pixels: usize): v128 {
  const first = v128.load(pixels);
  const last = v128.load(pixels, 8);
  return i16x8.extadd_pairwise_i8x16_u(
    v128.shuffle<i8>(first, last, 2, 5, 8, 11, 14, 25, 28, 31, 2, 5, 8, 11, 14, 25, 28, 31),
  );
}

/** The picture ends with a copy of its last pixel on each side. */
function blurAlongRow(to: usize): void {
  for (let at: usize = 0; at < rowBytes; at += vectorBytes) {
    const from = firstPair + at;
    const middle = v128.load(from);
    const beside = i16x8.add(v128.load(from - 2), v128.load(from, 2));
    v128.store(to + at, i16x8.add(beside, i16x8.shl(middle, 1)));
  }
}

/** Row `row` of the base; `next` is the row below it, itself at the bottom. */
function blurDown(row: u32, next: u32): void {
  const above = ringRow(row === 0 ? 0 : row - 1);
  const middle = ringRow(row);
  const below = ringRow(next);
  const to = base + <usize>(row * baseSide);
  for (let at: usize = 0; at < rowBytes; at += 2 * vectorBytes) {
    const left = levels(v128.load(above + at), v128.load(middle + at), v128.load(below + at));
    const right = levels(v128.load(above + at, 16), v128.load(middle + at, 16), v128.load(below + at, 16));
    v128.store(to + at / 2, i8x16.narrow_i16x8_u(left, right));
  }
}

/** A sum of four pixels times sixteen weights, in gray levels. */
function levels(above: v128, middle: v128, below: v128): v128 {
  const sums = i16x8.add(i16x8.add(above, below), i16x8.shl(middle, 1));
  return i16x8.shr_u(i16x8.add(sums, i16x8.splat(32)), 6);
}

/** From `base` to `thumbnail`: means of square boxes, rounded. `side` is 32, 64 or 128. */
export function makeThumbnailOf(side: u32): void {
  const box = baseSide / side;
  const shift = 2 * ctz(box);
  const half: u32 = (1 << shift) >> 1;
  let to = thumbnail;
  for (let row: u32 = 0; row < side; row++) {
    sumRows(base + <usize>(row * box * baseSide), box);
    let from = thumbnailSums;
    for (let column: u32 = 0; column < side; column++) {
      let sum = half;
      for (let at: u32 = 0; at < box; at++) {
        sum += load<u16>(from);
        from += 2;
      }
      store<u8>(to++, sum >> shift);
    }
  }
}

function sumRows(rows: usize, count: u32): void {
  for (let at: usize = 0; at < <usize>baseSide; at += vectorBytes) {
    let low = i16x8.splat(0);
    let high = i16x8.splat(0);
    for (let row: u32 = 0; row < count; row++) {
      const pixels = v128.load(rows + <usize>(row * baseSide) + at);
      low = i16x8.add(low, i16x8.extend_low_i8x16_u(pixels));
      high = i16x8.add(high, i16x8.extend_high_i8x16_u(pixels));
    }
    v128.store(thumbnailSums + 2 * at, low);
    v128.store(thumbnailSums + 2 * at, high, 16);
  }
}
