/**
 * Fused path, geometry: two box passes and the decimation are one weighted sum for each of the 64 samples of an axis.
 *
 * A box of w pixels over a box of w pixels is a tent of 2w - 1 taps, and samples are a 64th of the side apart:
 *
 *      w = 4, two of the 64 samples of 512           weights, over w * w
 *      x x x x x x x x x x x x x x x x
 *      1 2 3 4 3 2 1 .                               each pixel is read once, and 4,096 sums are taken
 *                      1 2 3 4 3 2 1 .               where the filter takes four for each of 262,144 pixels
 *
 * Samples lie so that no tent is cut off at the start of a side. At its end an even window reaches one pixel too far:
 * the last first-pass box has w - 1 pixels and divides by as many. That is the same tent over a line that goes on with
 * one more pixel, the mean of the last w - 1. So the last sample is taken with nothing there, and the mean is added.
 *
 * Everything is in whole numbers: weights of the tent times (299, 587, 114) for RGB, over w * w * w' * w' * 1000.
 *
 * Source: composition of box1DFloat (twice) and decimateFloat of ThreatExchange, pdq/cpp/downscaling.
 */
import { edgeWeights, sampledSide, tapBytesMax, tentOffsets, tentWeights } from '../memory-layout';
import { aheadOf, behindOf, windowOf } from './box-filter';
import { samplePosition } from './decimate';

export let rowWindow: u32 = 0;
export let columnWindow: u32 = 0;
/** Vectors of eight taps that a tent along a row takes. */
export let tentVectors: u32 = 0;
export let edgeVectors: u32 = 0;
/** What the sums of the fused path are over. */
export let denominator: f32 = 1;

/** Middle of the tent over `sample`. */
export function tentCentre(sample: u32, side: u32, window: u32): u32 {
  return samplePosition(sample, side) + 1 + aheadOf(window) - behindOf(window);
}

/** True when the last tent reaches one pixel past the side. */
export function reachesPastEnd(window: u32): bool {
  return (window & 1) === 0;
}

/** Fills the tables for frames of this shape. */
export function prepareTents(width: u32, height: u32, channels: u32): void {
  rowWindow = windowOf(width);
  columnWindow = windowOf(height);
  tentVectors = vectorsOf((2 * rowWindow - 1) * channels);
  edgeVectors = vectorsOf((rowWindow - 1) * channels);
  const squares: u32 = rowWindow * rowWindow * columnWindow * columnWindow;
  denominator = <f32>(squares * (channels === 1 ? 1 : 1000));
  for (let sample: u32 = 0; sample < sampledSide; sample++) {
    const first = tentCentre(sample, width, rowWindow) - (rowWindow - 1);
    store<u32>(tentOffsets + <usize>(sample * 4), first * channels * 2);
  }
  memory.fill(tentWeights, 0, <usize>tapBytesMax);
  memory.fill(edgeWeights, 0, <usize>tapBytesMax);
  for (let tap: u32 = 0; tap < 2 * rowWindow - 1; tap++) {
    const weight = tap < rowWindow ? tap + 1 : 2 * rowWindow - 1 - tap;
    storeTap(tentWeights, tap, weight, channels);
  }
  for (let tap: u32 = 0; tap < rowWindow - 1; tap++) storeTap(edgeWeights, tap, 1, channels);
}

function storeTap(weights: usize, tap: u32, weight: u32, channels: u32): void {
  const at = weights + <usize>(tap * channels * 2);
  if (channels === 1) {
    store<u16>(at, <u16>weight);
    return;
  }
  store<u16>(at, <u16>(299 * weight));
  store<u16>(at, <u16>(587 * weight), 2);
  store<u16>(at, <u16>(114 * weight), 4);
}

function vectorsOf(taps: u32): u32 {
  return (taps + 7) / 8;
}
