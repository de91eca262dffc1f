/**
 * What a picture within the picture leaves behind, pixel by pixel over several frames of one video: where neighbours
 * always differ (straight edges), how much fine detail there is, and what moves.
 *
 * A plane is a frame in 128 x 128 pixels of gray. Sixteen pixels at a time, so that the median of nine differences costs
 * about three instructions a pixel.
 */
import { edgeMap, edgeSums, grayPlaneSide, grayPlanes, medianPlanesMax, planeMap, sortedSteps } from '../memory-layout';

const vectorBytes: usize = 16;
const planeRowBytes: usize = <usize>grayPlaneSide;
const planeBytes: usize = <usize>(grayPlaneSide * grayPlaneSide);

/**
 * To `planeMap`, one byte a pixel: the median over the planes, an odd number, of how much it differs from the pixel before
 * it in its row, or with `downwards` from the one above it. The first column or row has no such pixel and gets 0. Line after
 * line: what lies before the pixels of a column follows on each other, for edges are looked for along their lines.
 */
export function mapStepsOf(count: u32, downwards: bool): void {
  const beside: usize = downwards ? planeRowBytes : 1;
  const start: usize = downwards ? planeRowBytes : 0;
  const map = downwards ? planeMap : planeMap + planeBytes;
  memory.fill(map, 0, start);
  for (let at = start; at < planeBytes; at += vectorBytes) {
    for (let plane: u32 = 0; plane < count; plane++) {
      const pixels = grayPlanes + <usize>plane * planeBytes + at;
      v128.store(sortedSteps + <usize>plane * vectorBytes, differenceOf(v128.load(pixels), v128.load(pixels - beside)));
    }
    v128.store(map + at, medianOfSteps(count));
  }
  if (downwards) return;
  transpose(map, planeMap);
  memory.fill(planeMap, 0, planeRowBytes);
}

/** Columns become rows. */
function transpose(from: usize, to: usize): void {
  for (let column: usize = 0; column < planeRowBytes; column++) {
    for (let row: usize = 0; row < planeRowBytes; row++) {
      store<u8>(to + column * planeRowBytes + row, load<u8>(from + row * planeRowBytes + column));
    }
  }
}

/** Lines that far away tell whether an edge stands out. */
const besideLines: u32 = 3;

/**
 * To `edgeMap`, u16 a pixel, from the steps in `planeMap`: four times a step less three times those three lines before and
 * after it together, 0 at least. At the rim the nearest line that has steps stands for what lies beyond; line 0 has none.
 * To `edgeSums`, u32 a line: each place of it counted `cap` at most.
 */
export function mapEdgesOf(cap: u32): void {
  memory.fill(edgeMap, 0, 2 * planeRowBytes);
  store<u32>(edgeSums, 0);
  const last = grayPlaneSide - 1;
  const most = i16x8.splat(<i16>cap);
  for (let line: u32 = 1; line <= last; line++) {
    const own = planeMap + <usize>line * planeRowBytes;
    const before = planeMap + <usize>(max(line, besideLines + 1) - besideLines) * planeRowBytes;
    const after = planeMap + <usize>min(line + besideLines, last) * planeRowBytes;
    const to = edgeMap + 2 * <usize>line * planeRowBytes;
    let sums = i32x4.splat(0);
    for (let at: usize = 0; at < planeRowBytes; at += 8) {
      const steps = i16x8.shl(v128.load_ext<u8>(own + at), 2);
      const beside = i16x8.add(v128.load_ext<u8>(before + at), v128.load_ext<u8>(after + at));
      const thrice = i16x8.add(beside, i16x8.shl(beside, 1));
      const edges = i16x8.max_s(i16x8.sub(steps, thrice), i16x8.splat(0));
      v128.store(to + 2 * at, edges);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(i16x8.min_s(edges, most)));
    }
    const ofHalves = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
    store<i32>(edgeSums + 4 * <usize>line, i32x4.extract_lane(ofHalves, 0) + i32x4.extract_lane(ofHalves, 1));
  }
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
