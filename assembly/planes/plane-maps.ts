/**
 * What a picture within the picture leaves behind, pixel by pixel over several frames of one video: where neighbours
 * always differ (straight edges), how much fine detail there is, and what moves.
 *
 * A plane is a frame in 128 x 128 pixels of gray. Sixteen pixels at a time, so that the median of nine differences costs
 * about three instructions a pixel.
 */
import { grayPlaneSide, grayPlanes, medianPlanesMax, planeMap, sortedSteps } from '../memory-layout';

const vectorBytes: usize = 16;
const planeRowBytes: usize = <usize>grayPlaneSide;
const planeBytes: usize = <usize>(grayPlaneSide * grayPlaneSide);

/**
 * To `planeMap`, one byte a pixel: the median over the planes, an odd number, of how much it differs from the pixel before
 * it in its row, or with `downwards` from the one above it. The first column or row has no such pixel and gets 0.
 */
export function mapStepsOf(count: u32, downwards: bool): void {
  const beside: usize = downwards ? planeRowBytes : 1;
  const start: usize = downwards ? planeRowBytes : 0;
  memory.fill(planeMap, 0, start);
  for (let at = start; at < planeBytes; at += vectorBytes) {
    for (let plane: u32 = 0; plane < count; plane++) {
      const pixels = grayPlanes + <usize>plane * planeBytes + at;
      v128.store(sortedSteps + <usize>plane * vectorBytes, differenceOf(v128.load(pixels), v128.load(pixels - beside)));
    }
    v128.store(planeMap + at, medianOfSteps(count));
  }
  if (downwards) return;
  for (let row: usize = 0; row < planeBytes; row += planeRowBytes) store<u8>(planeMap + row, 0);
}

/** The greater half is moved to the end, the greatest first: the one before it is in the middle. */
function medianOfSteps(count: u32): v128 {
  for (let end = count - 1; end > count >> 1; end--) raiseGreatest(end);
  raiseGreatest(count >> 1);
  return v128.load(sortedSteps + <usize>(count >> 1) * vectorBytes);
}

function raiseGreatest(end: u32): void {
  let greatest = v128.load(sortedSteps);
  for (let at: u32 = 1; at <= end; at++) {
    const place = sortedSteps + <usize>at * vectorBytes;
    const next = v128.load(place);
    v128.store(place - vectorBytes, v128.min<u8>(greatest, next));
    greatest = v128.max<u8>(greatest, next);
  }
  v128.store(sortedSteps + <usize>end * vectorBytes, greatest);
}

function differenceOf(a: v128, b: v128): v128 {
  return v128.or(v128.sub_sat<u8>(a, b), v128.sub_sat<u8>(b, a));
}

/**
 * To `planeMap`, u16 a pixel: the sum over the planes of |4 p - left - right - above - below|, the Laplacian. Pixels at the
 * rim have not four neighbours: what stands there means nothing.
 */
export function mapDetailOf(count: u32): void {
  memory.fill(planeMap, 0, 2 * planeBytes);
  for (let plane: u32 = 0; plane < count; plane++) {
    const pixels = grayPlanes + <usize>plane * planeBytes;
    for (let at = planeRowBytes; at < planeBytes - planeRowBytes; at += vectorBytes) {
      addDetail(pixels + at, planeMap + 2 * at);
    }
  }
}

function addDetail(pixels: usize, to: usize): void {
  const middle = v128.load(pixels);
  const left = v128.load(pixels - 1);
  const right = v128.load(pixels + 1);
  const above = v128.load(pixels - planeRowBytes);
  const below = v128.load(pixels + planeRowBytes);
  const low = i16x8.sub(
    i16x8.shl(i16x8.extend_low_i8x16_u(middle), 2),
    i16x8.add(
      i16x8.add(i16x8.extend_low_i8x16_u(left), i16x8.extend_low_i8x16_u(right)),
      i16x8.add(i16x8.extend_low_i8x16_u(above), i16x8.extend_low_i8x16_u(below)),
    ),
  );
  const high = i16x8.sub(
    i16x8.shl(i16x8.extend_high_i8x16_u(middle), 2),
    i16x8.add(
      i16x8.add(i16x8.extend_high_i8x16_u(left), i16x8.extend_high_i8x16_u(right)),
      i16x8.add(i16x8.extend_high_i8x16_u(above), i16x8.extend_high_i8x16_u(below)),
    ),
  );
  v128.store(to, i16x8.add(v128.load(to), i16x8.abs(low)));
  v128.store(to, i16x8.add(v128.load(to, 16), i16x8.abs(high)), 16);
}

/** To `planeMap`, one byte a pixel: between the darkest and the brightest that it gets in any plane. */
export function mapRangeOf(count: u32): void {
  for (let at: usize = 0; at < planeBytes; at += vectorBytes) {
    let least = v128.load(grayPlanes + at);
    let greatest = least;
    for (let plane: u32 = 1; plane < count; plane++) {
      const pixels = v128.load(grayPlanes + <usize>plane * planeBytes + at);
      least = v128.min<u8>(least, pixels);
      greatest = v128.max<u8>(greatest, pixels);
    }
    v128.store(planeMap + at, v128.sub<i8>(greatest, least));
  }
}

/** Whether a median over so many planes is one of their values. */
export function hasMedian(count: u32): bool {
  return (count & 1) === 1 && count <= medianPlanesMax;
}
