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
 */
import { base, baseSide, coefficients, sampledImage, sampledSide } from '../memory-layout';
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
  let to = sampledImage;
  for (let row: u32 = 0; row < sampledSide; row++) {
    sampleRow(to, x, y, xAlong, yAlong);
    to += <usize>(sampledSide * 4);
    x += xDown;
    y += yDown;
  }
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
