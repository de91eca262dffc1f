/**
 * Fused path, guard: is the hash the same in the order of operations of the reference?
 *
 * The fused path is nearly exact, the reference is not: its running sums drift, by as much as each frame makes them. But
 * only one gap matters. If nothing can cross it, the same 128 bits are set:
 *
 *      coefficients in order     ... c126 c127 | c128 c129 ...
 *      and how far off each    |--x--| |-x-|   |   |-x-| |--x--|
 *      is allowed to be                     highest < lowest: sure. Else the frame is hashed again in reference order.
 *
 * A pair of equal coefficients is a gap of nothing, so degenerate frames run again.
 *
 * **Proven.** Sums of the fused path are whole numbers, rounded once. In gray frames of sides up to 256 the reference's
 * sums are exact as well (multiples of 1/16 under 2^11), so samples are equal, and the transform of dct.ts makes equal
 * bits of them: no guard is needed. Those with windows of 4, 8 and 16 are inexact at their edges only ("near").
 *
 * **Measured** is how far the reference drifts in all other frames, since bounds that hold for any (two thousand
 * roundings, all to one side) are so wide that every frame would run again. The error is larger at low frequencies, as
 * a drift is; `fillGuardShares` below is its shape. In those units, the largest near the median, and what is allowed:
 *
 *      in thousandths                photographs   made frames   searched for   allowed
 *      loose, plain                          2.5           3.0            8.1        14
 *      loose, plain, over 512                2.4           2.3            9.6        28
 *      loose, structured                     0.5          14             10.2        45
 *      loose, structured, over 512           0.4           8.5              -        90
 *      near, plain                           0.3           0.4            1.0         3
 *      near, plain, over 512                 0.7           1.4            3.2        10.5
 *      near, structured                      0.1           0.3            2.1         6.5
 *      near, structured, over 512            0.1           3.4              -        20
 *      samples, gray levels: loose           2.4           3.5              -        12
 *      near (over 512)                 0.7 (0.7)     1.1 (2.7)              -        3.5 (8)
 *
 * over 5,300 photographs and 15,000 made frames (stripes, boards, ramps, moire, noise, tiles, symmetric ones) in 17
 * shapes from 40 to 2048 a side, and 214,000 frames of a search that kept changing a frame to make its error larger.
 * A frame is structured when rounding may repeat itself in it instead of averaging out: when samples equal their
 * neighbours, or values crowd about the median. What a search could still find beyond the allowance would have to meet a
 * gap as narrow as well, and would then cost the bits of one pair. The plain allowance of 14 is the one with a price: 24,
 * three times what was searched out, would have 1.5 times as many photographs hashed twice.
 *
 * Source of the order statistics: the hash compares with the 128th smallest; any number before the 129th does as well.
 */
import { coefficientSide, columnShares, fusedImage, rowShares } from '../memory-layout';
import { isPowerOfTwo } from './box-filter';
import { denominator } from './tent';

/** Where a split would be, if there is none that is sure. */
export const noSplit: f32 = Infinity;

/** What rounding did to the samples: nothing, as is proven; next to nothing, in the same transform; more than that. */
export const exactSamples: u32 = 0;
export const nearSamples: u32 = 1;
export const looseSamples: u32 = 2;
export let samplesAre: u32 = looseSamples;

/** How far samples may be off, in gray levels, and coefficients, in units of their shares. */
export let sampleTolerance: f32 = 0;
let coefficientTolerance: f32 = 0;
let structuredTolerance: f32 = 0;

/** Sums of gray frames round at their edges alone if all divisors are powers of two, and nowhere if those are 1 and 2. */
export function prepareGuard(channels: u32, rowWindow: u32, columnWindow: u32): void {
  const isNear = channels === 1 && isPowerOfTwo(rowWindow) && isPowerOfTwo(columnWindow);
  const isLarge = max(rowWindow, columnWindow) > 4;
  if (isNear) {
    samplesAre = rowWindow <= 2 && columnWindow <= 2 ? exactSamples : nearSamples;
    sampleTolerance = isLarge ? 0.008 : 0.0035;
    coefficientTolerance = isLarge ? 0.0105 : 0.003;
    structuredTolerance = isLarge ? 0.02 : 0.0065;
  } else {
    samplesAre = looseSamples;
    sampleTolerance = 0.012;
    coefficientTolerance = isLarge ? 0.028 : 0.014;
    structuredTolerance = isLarge ? 0.09 : 0.045;
  }
}

const valuesBytes: usize = 256 * 4;
const rowBytes: usize = <usize>(coefficientSide * 4);
const halfOfAll: i32 = 128;
const stepsMax: u32 = 40;
/** A crowd is this many values within 1 of the split. */
const crowdReach: f32 = 1;
const crowdMin: i32 = 16;
/** Of 8,064 pairs of neighbours among the samples; a photograph has hardly any that are equal. */
const equalNeighboursMin: i32 = 128;
const leastShare: f64 = 0.05;

/** The share of coefficient i, j is that of row i and that of column j: (i + 1)^-1.5 + 0.05 and (j + 1)^-1.5. */
export function fillGuardShares(): void {
  for (let i: u32 = 0; i < coefficientSide; i++) {
    const share = 1 / (<f64>(i + 1) * Math.sqrt(<f64>(i + 1)));
    store<f32>(columnShares + <usize>(i * 4), <f32>share);
    store<f32>(rowShares + <usize>(i * 4), <f32>(share + leastShare));
  }
}

/**
 * A number between the 128th and the 129th of `values`, if they stay apart whatever the error; else `noSplit`.
 * Values over it are the bits of the hash.
 */
export function splitWithin(values: usize): f32 {
  const split = splitOf(values);
  if (split === noSplit) return noSplit;
  if (staysSplit(values, split, structuredTolerance)) return split;
  return !isStructured(values, split) && staysSplit(values, split, coefficientTolerance) ? split : noSplit;
}

/** True for frames in which rounding may repeat itself instead of averaging out. */
function isStructured(values: usize, split: f32): bool {
  const crowd = countUpTo(values, split + crowdReach) - countUpTo(values, split - crowdReach);
  return crowd >= crowdMin || equalNeighbours() >= equalNeighboursMin;
}

/** Black and white are left out: large areas of them are common, and their sums are exact. */
function equalNeighbours(): i32 {
  const middle = f32x4.splat(denominator * 0.5);
  const extreme = f32x4.splat(denominator * 127.49);
  let down = i32x4.splat(0);
  let across = i32x4.splat(0);
  for (let at = fusedImage; at < fusedImage + 63 * 64 * 4; at += 16) {
    const four = v128.load(at);
    const isBetween = f32x4.lt(f32x4.abs(f32x4.add(four, middle)), extreme);
    down = i32x4.sub(down, v128.and(isBetween, f32x4.eq(four, v128.load(at, 64 * 4))));
    across = i32x4.sub(across, v128.and(isBetween, f32x4.eq(four, v128.load(at, 4))));
  }
  return sumOfLanes(i32x4.add(down, across));
}

/**
 * A number between the 128th and the 129th, or `noSplit`, as when they are equal. Bracketed search by interpolation:
 * counts are close to linear about the middle, so about six passes do, where median.ts takes 32.
 */
export function splitOf(values: usize): f32 {
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
  return noSplit;
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
  return sumOfLanes(i32x4.add(even, odd));
}

function sumOfLanes(sums: v128): i32 {
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
