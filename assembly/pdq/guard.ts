/** GUARD HEADER */
import { coefficientSide, columnShares, rowShares } from '../memory-layout';

/** In place of a tolerance: values in the order of the reference, which are not in doubt. */
export const exact: f32 = -1;

const valuesBytes: usize = 256 * 4;
const rowBytes: usize = <usize>(coefficientSide * 4);
const halfOfAll: i32 = 128;
const stepsMax: u32 = 40;
/** A crowd is this many values within 1 of the split. */
const crowdReach: f32 = 1;
const crowdMin: i32 = 16;
const crowdFactor: f32 = 4.5;
const leastShare: f64 = 0.05;

/** How the error is spread over the frequencies, in units of the frame's tolerance: more at low ones. */
export function fillGuardShape(): void {
  for (let i: u32 = 0; i < coefficientSide; i++) {
    const share = 1 / (<f64>(i + 1) * Math.sqrt(<f64>(i + 1)));
    store<f32>(columnShares + <usize>(i * 4), <f32>share);
    store<f32>(rowShares + <usize>(i * 4), <f32>(share + leastShare));
  }
}

/**
 * A number between the 128th and the 129th of `values`, if they stay apart whatever the error; NaN if they may not.
 * Values over it are the bits of the hash.
 */
export function splitWithin(values: usize, tolerance: f32): f32 {
  const split = splitOf(values);
  if (split !== split) return NaN;
  if (staysSplit(values, split, tolerance * crowdFactor)) return split;
  const crowd = countUpTo(values, split + crowdReach) - countUpTo(values, split - crowdReach);
  return crowd < crowdMin && staysSplit(values, split, tolerance) ? split : NaN;
}

/** Bracketed search by interpolation: counts are close to linear about the middle, so it takes about six passes. */
function splitOf(values: usize): f32 {
  let low: f32 = 0;
  let high: f32 = 0;
  let lowCount: i32 = 0;
  let highCount: i32 = 256;
  let isLowKnown = false;
  let isHighKnown = false;
  let reach: f32 = 1;
  let guess: f32 = 0;
  for (let step: u32 = 0; step < stepsMax; step++) {
    const count = countUpTo(values, guess);
    if (count === halfOfAll) return guess;
    if (count < halfOfAll) {
      low = guess;
      lowCount = count;
      isLowKnown = true;
    } else {
      high = guess;
      highCount = count;
      isHighKnown = true;
    }
    if (isLowKnown && isHighKnown) {
      const share = <f32>(halfOfAll - lowCount) / <f32>(highCount - lowCount);
      guess = low + (high - low) * min<f32>(max<f32>(share, 0.1), 0.9);
    } else {
      guess = isLowKnown ? low + reach : high - reach;
      reach *= 4;
    }
  }
  return NaN;
}

function countUpTo(values: usize, bound: f32): i32 {
  const bounds = f32x4.splat(bound);
  let even = i32x4.splat(0);
  let odd = i32x4.splat(0);
  for (let at = values; at < values + valuesBytes; at += 64) {
    even = i32x4.sub(even, f32x4.le(v128.load(at), bounds));
    odd = i32x4.sub(odd, f32x4.le(v128.load(at, 16), bounds));
    even = i32x4.sub(even, f32x4.le(v128.load(at, 32), bounds));
    odd = i32x4.sub(odd, f32x4.le(v128.load(at, 48), bounds));
  }
  const sums = i32x4.add(even, odd);
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  );
}

function staysSplit(values: usize, split: f32, tolerance: f32): bool {
  const splits = f32x4.splat(split);
  const tolerances = f32x4.splat(tolerance);
  const never = f32x4.splat(Infinity);
  let highestBelow = f32x4.splat(-Infinity);
  let lowestAbove = never;
  for (let row: usize = 0; row < 16; row++) {
    const rowShare = v128.load32_splat(rowShares + row * 4);
    const from = values + row * rowBytes;
    for (let at: usize = 0; at < rowBytes; at += 16) {
      const four = v128.load(from + at);
      const error = f32x4.mul(f32x4.add(rowShare, v128.load(columnShares + at)), tolerances);
      const isBelow = f32x4.le(four, splits);
      highestBelow = f32x4.pmax(highestBelow, v128.bitselect(f32x4.add(four, error), f32x4.neg(never), isBelow));
      lowestAbove = f32x4.pmin(lowestAbove, v128.bitselect(never, f32x4.sub(four, error), isBelow));
    }
  }
  return greatestOf(highestBelow) < -greatestOf(f32x4.neg(lowestAbove));
}

function greatestOf(four: v128): f32 {
  const pairs = f32x4.pmax(four, v128.shuffle<i32>(four, four, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}
