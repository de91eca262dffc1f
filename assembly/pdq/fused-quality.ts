/**
 * Fused path, step 4: quality, and whether it is beyond doubt.
 *
 * Each difference is truncated to an integer, so one that lies near an integer may count one more or less in the
 * reference. Two sums are taken, with every difference a margin smaller and a margin larger, truncated both:
 *
 *      integers          n              n + 1
 *      difference        |     (--x--)    |          both sums count n
 *                        |            (--x--)        n and n + 1
 *
 * If both give the same quality, so does the reference. Truncation is an addition: a float of 1.5 * 2^23 has no room
 * for fractions, so what is added to it is rounded into its low bits, where integers can be summed. Converting to
 * integers takes six instructions for each four, because it must not trap.
 *
 * Almost every photograph has full quality after a quarter of its rows, and then the rest is not looked at.
 */
import { fusedImage, sampledSide } from '../memory-layout';

const rowBytes: usize = <usize>(sampledSide * 4);
const lastVector: usize = rowBytes - 16;
/** 1.5 * 2^23: a small number added to it lies in the low bits of the sum, rounded to the nearest integer. */
const rounder: f32 = 12582912;
const rounderBits: i32 = 0x4b400000;
/** Rows between two looks at whether the rest matters. */
const rowsAtOnce: u32 = 8;
const sumOfFullQuality: i32 = 90 * 100;
const additionsOfOneLook: i32 = <i32>(rowsAtOnce * 2 * (sampledSide / 4));

/** 0 to 100, or -1 when it depends on how samples were rounded. They may be off by `tolerance` gray levels. */
export function qualityOfFused(denominator: f32, tolerance: f32): i32 {
  const scale = f32x4.splat(100 / (255 * denominator));
  const margin: f32 = (tolerance * 200) / 255;
  const down = f32x4.splat(0.5 + margin);
  const up = f32x4.splat(margin - 0.5);
  let least: i32 = 0;
  let most: i32 = 0;
  for (let row: u32 = 0; row < sampledSide; row += rowsAtOnce) {
    let leasts = i32x4.splat(0);
    let mosts = i32x4.splat(0);
    const start = fusedImage + <usize>row * rowBytes;
    for (let at: usize = 0; at < <usize>rowsAtOnce * rowBytes; at += 16) {
      const here = start + at;
      const isLastRow = here >= fusedImage + <usize>(sampledSide - 1) * rowBytes;
      const pixels = v128.load(here);
      const below = hundredths(pixels, v128.load(isLastRow ? here : here + rowBytes), scale);
      leasts = i32x4.add(leasts, roundedDown(below, down));
      mosts = i32x4.add(mosts, roundedUp(below, up));
      let beside = hundredths(pixels, v128.load(here, 4), scale);
      if ((at & (rowBytes - 1)) === lastVector) beside = v128.and(beside, i32x4(-1, -1, -1, 0));
      leasts = i32x4.add(leasts, roundedDown(beside, down));
      mosts = i32x4.add(mosts, roundedUp(beside, up));
    }
    least += sumOfLanes(leasts) - 4 * additionsOfOneLook * rounderBits;
    most += sumOfLanes(mosts) - 4 * additionsOfOneLook * rounderBits;
    if (least >= sumOfFullQuality) return 100;
  }
  const quality = least / 90;
  return quality === min(most / 90, 100) ? quality : -1;
}

function hundredths(u: v128, v: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.abs(f32x4.sub(u, v)), scale);
}

/** The integer below value - margin, not under 0, in the low bits of `rounder`. */
function roundedDown(value: v128, down: v128): v128 {
  return f32x4.add(f32x4.pmax(f32x4.splat(0), f32x4.sub(value, down)), f32x4.splat(rounder));
}

/** The integer below value + margin. */
function roundedUp(value: v128, up: v128): v128 {
  return f32x4.add(f32x4.add(value, up), f32x4.splat(rounder));
}

function sumOfLanes(sums: v128): i32 {
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  );
}
