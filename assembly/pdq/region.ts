/**
 * A region of a frame: 64 x 64 samples of the base through an affine map, hashed as PDQ hashes its 64 x 64 image.
 *
 *      cell (i, j) -> u = (i + 0.5) / 64, v = (j + 0.5) / 64
 *                  -> x = x0 + u xu + v xv, y = y0 + u yu + v yv           shares of the picture
 *                  -> 256 x - 0.5, 256 y - 0.5                             pixels of the base, between their middles
 *
 * Places are whole numbers of 1/65536 pixel, so the first sample and the steps are rounded once and the rest is exact: a
 * sample is its four neighbours weighted in 1/256, 24 bits, which an f32 holds. Beyond the picture its edge goes on.
 *
 * Four samples at a time. The places of their corners are worked out in vectors, taken out as four scalars, and the
 * corners loaded two bytes at a time into their lanes:
 *
 *      lane    | top left | top right | bottom left | bottom right |
 *
 * A region that stands upright, as most do, has the same columns in every row and one height for all of it: its two rows of
 * the base are blended first, sixteen pixels at a time, and a sample is two neighbours of the blend. The same whole
 * numbers in another order, in two fifths of the time.
 */
import {
  base,
  baseSide,
  blendedRow,
  coefficients,
  sampledImage,
  sampledSide,
  sampleOffsets,
  sampleWeights,
} from '../memory-layout';
import { transformSampled } from './dct';
import { hashAllViews, hashOneView } from './dihedral';
import { qualityOfSampled } from './quality';

/** Shares of the picture beyond which no map goes: keeps places within 32 bits. */
export const shareMax: f64 = 4;

const placeOne: f64 = 65536;
const lastPlace: i32 = <i32>((baseSide - 1) << 16);

/** Samples the region, hashes it and gives its quality. */
export function hashRegionOf(x0: f64, xu: f64, xv: f64, y0: f64, yu: f64, yv: f64, allViews: bool): u32 {
  sampleRegion(x0, xu, xv, y0, yu, yv);
  const quality = qualityOfSampled();
  transformSampled();
  if (allViews) hashAllViews(coefficients, false);
  else hashOneView(coefficients, false);
  return quality;
}

/** Fills `sampledImage`. */
function sampleRegion(x0: f64, xu: f64, xv: f64, y0: f64, yu: f64, yv: f64): void {
  const cells = <f64>sampledSide;
  const side = <f64>baseSide;
  const xAlong = placeOf((xu * side) / cells);
  const yAlong = placeOf((yu * side) / cells);
  const xDown = placeOf((xv * side) / cells);
  const yDown = placeOf((yv * side) / cells);
  let x = placeOf((x0 + (xu + xv) / (2 * cells)) * side - 0.5);
  let y = placeOf((y0 + (yu + yv) / (2 * cells)) * side - 0.5);
  if (yAlong === 0 && xDown === 0) {
    sampleUpright(x, y, xAlong, yDown);
    return;
  }
  let to = sampledImage;
  for (let row: u32 = 0; row < sampledSide; row++) {
    sampleRow(to, x, y, xAlong, yAlong);
    to += <usize>(sampledSide * 4);
    x += xDown;
    y += yDown;
  }
}

function sampleUpright(x: i32, y: i32, xStep: i32, yStep: i32): void {
  const ends = startColumns(x, xStep);
  const from = <usize>(<u32>ends & 0xff) & ~15;
  const to = <usize>(<u32>ends >> 8);
  let row = sampledImage;
  for (let count: u32 = 0; count < sampledSide; count++) {
    const place = clamped(y);
    blendRows(base + <usize>(place >> 16) * <usize>baseSide, (place >> 8) & 0xff, from, to);
    for (let column: usize = 0; column < <usize>(sampledSide * 4); column += 16) {
      const pairs = loadPairs(v128.load(sampleOffsets + column));
      const sums = i32x4.dot_i16x8_s(pairs, v128.load(sampleWeights + column));
      // What the blend is less than it would be without a sign, times 256.
      const whole = i32x4.add(sums, i32x4.splat(1 << 23));
      v128.store(row + column, f32x4.mul(f32x4.convert_i32x4_s(whole), f32x4.splat(1.0 / 65536.0)));
    }
    row += <usize>(sampledSide * 4);
    y += yStep;
  }
}

/** Fills the columns; gives the first pixel that is needed, and from bit 8 on the first that is not. */
function startColumns(x: i32, step: i32): i32 {
  let least: i32 = lastPlace;
  let greatest: i32 = 0;
  for (let at: usize = 0; at < <usize>(sampledSide * 4); at += 4) {
    const place = clamped(x);
    const part = (place >> 8) & 0xff;
    store<u32>(sampleOffsets + at, <u32>((place >> 16) * 2));
    store<u32>(sampleWeights + at, <u32>((256 - part) | (part << 16)));
    least = min(least, place);
    greatest = max(greatest, place);
    x += step;
  }
  return (least >> 16) | (((greatest >> 16) + 2) << 8);
}

function clamped(place: i32): i32 {
  return min(max(place, 0), lastPlace);
}

/** A row and the one below it, which weighs `part` in 256, from one pixel to another: less 32768 times 256. */
function blendRows(above: usize, part: i32, from: usize, to: usize): void {
  const lower = i16x8.splat(<i16>part);
  const upper = i16x8.splat(<i16>(256 - part));
  const middle = i16x8.splat(-32768);
  for (let pixel = from; pixel < to; pixel += 16) {
    const a = v128.load(above + pixel);
    const b = v128.load(above + pixel, baseSide);
    const left = i16x8.add(
      i16x8.mul(i16x8.extend_low_i8x16_u(a), upper),
      i16x8.mul(i16x8.extend_low_i8x16_u(b), lower),
    );
    const right = i16x8.add(
      i16x8.mul(i16x8.extend_high_i8x16_u(a), upper),
      i16x8.mul(i16x8.extend_high_i8x16_u(b), lower),
    );
    v128.store(blendedRow + 2 * pixel, v128.xor(left, middle));
    v128.store(blendedRow + 2 * pixel, v128.xor(right, middle), 16);
  }
}

/** Four times two neighbours of the blend. */
function loadPairs(offsets: v128): v128 {
  let pairs = v128.load32_zero(blendedRow + <usize>(<u32>i32x4.extract_lane(offsets, 0)));
  pairs = v128.load32_lane(blendedRow + <usize>(<u32>i32x4.extract_lane(offsets, 1)), pairs, 1);
  pairs = v128.load32_lane(blendedRow + <usize>(<u32>i32x4.extract_lane(offsets, 2)), pairs, 2);
  return v128.load32_lane(blendedRow + <usize>(<u32>i32x4.extract_lane(offsets, 3)), pairs, 3);
}

function placeOf(pixels: f64): i32 {
  return <i32>Math.floor(pixels * placeOne + 0.5);
}

function sampleRow(row: usize, x: i32, y: i32, xStep: i32, yStep: i32): void {
  const first = i32x4(0, 1, 2, 3);
  let xs = i32x4.add(i32x4.splat(x), i32x4.mul(first, i32x4.splat(xStep)));
  let ys = i32x4.add(i32x4.splat(y), i32x4.mul(first, i32x4.splat(yStep)));
  const xStride = i32x4.splat(4 * xStep);
  const yStride = i32x4.splat(4 * yStep);
  for (let to = row; to < row + <usize>(sampledSide * 4); to += 16) {
    v128.store(to, sampleFour(withinBase(xs), withinBase(ys)));
    xs = i32x4.add(xs, xStride);
    ys = i32x4.add(ys, yStride);
  }
}

function withinBase(places: v128): v128 {
  return i32x4.min_s(i32x4.max_s(places, i32x4.splat(0)), i32x4.splat(lastPlace));
}

/** Bilinear, in gray levels. At the last row or column the neighbour beyond is read and weighs nothing. */
function sampleFour(xs: v128, ys: v128): v128 {
  const rows = v128.and(i32x4.shr_u(ys, 8), i32x4.splat(0xff00));
  const corners = loadCorners(v128.or(rows, i32x4.shr_u(xs, 16)));
  const xParts = v128.and(i32x4.shr_u(xs, 8), i32x4.splat(0xff));
  const yParts = v128.and(i32x4.shr_u(ys, 8), i32x4.splat(0xff));
  // 256 - part in the low half of a lane, part in the high one.
  const weights = i32x4.add(i32x4.sub(i32x4.shl(xParts, 16), xParts), i32x4.splat(256));
  const tops = i8x16.swizzle(corners, i8x16(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
  const bottoms = i8x16.swizzle(corners, i8x16(2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15, -1));
  const top = i32x4.dot_i16x8_s(tops, weights);
  const bottom = i32x4.dot_i16x8_s(bottoms, weights);
  const sums = i32x4.add(i32x4.shl(top, 8), i32x4.mul(i32x4.sub(bottom, top), yParts));
  return f32x4.mul(f32x4.convert_i32x4_s(sums), f32x4.splat(1.0 / 65536.0));
}

function loadCorners(offsets: v128): v128 {
  const a = base + <usize>(<u32>i32x4.extract_lane(offsets, 0));
  const b = base + <usize>(<u32>i32x4.extract_lane(offsets, 1));
  const c = base + <usize>(<u32>i32x4.extract_lane(offsets, 2));
  const d = base + <usize>(<u32>i32x4.extract_lane(offsets, 3));
  const below = <usize>baseSide;
  let corners = v128.load16_lane(a, i16x8.splat(0), 0);
  corners = v128.load16_lane(a + below, corners, 1);
  corners = v128.load16_lane(b, corners, 2);
  corners = v128.load16_lane(b + below, corners, 3);
  corners = v128.load16_lane(c, corners, 4);
  corners = v128.load16_lane(c + below, corners, 5);
  corners = v128.load16_lane(d, corners, 6);
  return v128.load16_lane(d + below, corners, 7);
}
