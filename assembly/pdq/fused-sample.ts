/**
 * Fused path, steps 1 to 3: 64 x 64 samples straight from the bytes of the frame.
 *
 * Downwards first, because then rows are read as they lie, without a shuffle: one row of the frame's width for each of
 * the 64 samples, weighted by the tent, R, G and B still side by side. Lanes are 16 bits, two bytes of the frame:
 *
 *      x       = h1 l1 | h0 l0 | ...       as it was loaded: x = 256 h + l
 *      whole   = sum of weight * x         wraps around, which does no harm
 *      high    = sum of weight * (x >> 8)  at most 255 w * w, which fits for w up to 16
 *      low     = whole - 256 high          exact, since it fits as well
 *
 * so that bytes are summed without being widened first. Weights are not multiplied: walking from the middle of the tent
 * outwards, the running sum of the rows so far is added at each step, so the middle is counted w times, the ends once.
 * Then along the row: 16-bit products summed in pairs (pmaddwd), luma in the same weights. Values are taken about
 * mid-gray, because they then fit signed lanes, and the DCT of a constant is nothing.
 *
 * The obvious form, luma of all pixels and then four passes of sums over them, takes 250 us for 512 x 512 gray and 325
 * for RGB (the reference-order path); this one 9 and 25.
 */
import {
  edgeWeights,
  frame,
  fusedImage,
  sampledImage,
  sampledSide,
  tallRow,
  tentOffsets,
  tentWeights,
} from '../memory-layout';
import { samplePosition } from './decimate';
import { columnWindow, denominator, edgeVectors, reachesPastEnd, rowWindow, tentCentre, tentVectors } from './tent';

const imageRowBytes: usize = <usize>(sampledSide * 4);
const midGray: u32 = 128;
/** Vectors whose products fit 32-bit sums at any window: 16 pixels x 3 channels. */
const vectorsAtOnce: u32 = 6;

/** Fills `fusedImage`: luma about mid-gray, times the denominator of the tents. */
export function sampleFused(width: u32, height: u32, channels: u32): void {
  const rowBytes = <usize>(width * channels);
  const squared: u32 = columnWindow * columnWindow;
  const last = sampledSide - 1;
  let to = fusedImage;
  for (let sample: u32 = 0; sample < last; sample++) {
    if (sample > 0 && samplePosition(sample, height) === samplePosition(sample - 1, height)) {
      memory.copy(to, to - imageRowBytes, imageRowBytes);
    } else {
      const centre = frame + <usize>tentCentre(sample, height, columnWindow) * rowBytes;
      weighRows(centre, rowBytes, columnWindow - 1, squared * midGray);
      weighColumns(rowBytes, channels, to);
    }
    to += imageRowBytes;
  }
  sampleLastRow(height, channels, rowBytes, to);
}

/** From `fusedImage` to `sampledImage`: gray levels, for the steps that the reference order has. */
export function levelSamples(): void {
  const divisor = f32x4.splat(denominator);
  for (let at: usize = 0; at < <usize>sampledSide * imageRowBytes; at += 16) {
    const levels = f32x4.div(v128.load(fusedImage + at), divisor);
    v128.store(sampledImage + at, f32x4.add(levels, f32x4.splat(<f32>midGray)));
  }
}

/** The last tent of an even window: nothing past the end of the frame, then the mean of the last rows added. */
function sampleLastRow(height: u32, channels: u32, rowBytes: usize, to: usize): void {
  const centre = frame + <usize>tentCentre(sampledSide - 1, height, columnWindow) * rowBytes;
  const squared: u32 = columnWindow * columnWindow;
  if (!reachesPastEnd(columnWindow)) {
    weighRows(centre, rowBytes, columnWindow - 1, squared * midGray);
    weighColumns(rowBytes, channels, to);
    return;
  }
  memory.fill(frame + <usize>height * rowBytes, 0, rowBytes);
  weighRows(centre, rowBytes, columnWindow - 1, (squared - 1) * midGray);
  weighColumns(rowBytes, channels, to);
  const rows = columnWindow - 1;
  addRows(frame + <usize>(height - rows) * rowBytes, rowBytes, rows, rows * midGray);
  const edge = to + imageRowBytes;
  weighColumns(rowBytes, channels, edge);
  const divisor = f32x4.splat(<f32>rows);
  for (let at: usize = 0; at < imageRowBytes; at += 16) {
    v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.div(v128.load(edge + at), divisor)));
  }
}

/** Into `tallRow`: the tent over rows around `centre`, `pairs` of them on either side, less `bias`. */
function weighRows(centre: usize, rowBytes: usize, pairs: u32, bias: u32): void {
  const biases = i16x8.splat(<i16>bias);
  let to = tallRow;
  for (const end = centre + rowBytes; centre < end; centre += 32) {
    const left = v128.load(centre);
    const right = v128.load(centre, 16);
    let leftRun = left;
    let rightRun = right;
    let leftWhole = left;
    let rightWhole = right;
    let leftHighRun = i16x8.shr_u(left, 8);
    let rightHighRun = i16x8.shr_u(right, 8);
    let leftHigh = leftHighRun;
    let rightHigh = rightHighRun;
    let above = centre;
    let below = centre;
    for (let pair = pairs; pair > 0; pair--) {
      above -= rowBytes;
      below += rowBytes;
      const leftAbove = v128.load(above);
      const leftBelow = v128.load(below);
      leftRun = i16x8.add(leftRun, i16x8.add(leftAbove, leftBelow));
      leftHighRun = i16x8.add(leftHighRun, i16x8.add(i16x8.shr_u(leftAbove, 8), i16x8.shr_u(leftBelow, 8)));
      const rightAbove = v128.load(above, 16);
      const rightBelow = v128.load(below, 16);
      rightRun = i16x8.add(rightRun, i16x8.add(rightAbove, rightBelow));
      rightHighRun = i16x8.add(rightHighRun, i16x8.add(i16x8.shr_u(rightAbove, 8), i16x8.shr_u(rightBelow, 8)));
      leftWhole = i16x8.add(leftWhole, leftRun);
      leftHigh = i16x8.add(leftHigh, leftHighRun);
      rightWhole = i16x8.add(rightWhole, rightRun);
      rightHigh = i16x8.add(rightHigh, rightHighRun);
    }
    storeBytesWide(leftWhole, leftHigh, biases, to);
    storeBytesWide(rightWhole, rightHigh, biases, to + 32);
    to += 64;
  }
}

/** Into `tallRow`: the plain sum of rows, less `bias`. */
function addRows(first: usize, rowBytes: usize, rows: u32, bias: u32): void {
  const biases = i16x8.splat(<i16>bias);
  let to = tallRow;
  for (const end = first + rowBytes; first < end; first += 16) {
    let whole = i16x8.splat(0);
    let high = i16x8.splat(0);
    let at = first;
    for (let row = rows; row > 0; row--) {
      const bytes = v128.load(at);
      whole = i16x8.add(whole, bytes);
      high = i16x8.add(high, i16x8.shr_u(bytes, 8));
      at += rowBytes;
    }
    storeBytesWide(whole, high, biases, to);
    to += 32;
  }
}

/** Sixteen sums in the order of their bytes: low, high, low, high. */
function storeBytesWide(whole: v128, high: v128, biases: v128, to: usize): void {
  const low = i16x8.sub(i16x8.sub(whole, i16x8.shl(high, 8)), biases);
  const top = i16x8.sub(high, biases);
  v128.store(to, v128.shuffle<i16>(low, top, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(to, v128.shuffle<i16>(low, top, 4, 12, 5, 13, 6, 14, 7, 15), 16);
}

/** From `tallRow` to a row of 64 samples. */
function weighColumns(rowBytes: usize, channels: u32, to: usize): void {
  memory.fill(tallRow + 2 * rowBytes, 0, <usize>(channels * 2));
  if (tentVectors === 1) {
    const weights = v128.load(tentWeights);
    for (let at: usize = 0; at < imageRowBytes; at += 16) {
      const offsets = tentOffsets + at;
      const a = i32x4.dot_i16x8_s(v128.load(tallRow + <usize>load<u32>(offsets)), weights);
      const b = i32x4.dot_i16x8_s(v128.load(tallRow + <usize>load<u32>(offsets, 4)), weights);
      const c = i32x4.dot_i16x8_s(v128.load(tallRow + <usize>load<u32>(offsets, 8)), weights);
      const d = i32x4.dot_i16x8_s(v128.load(tallRow + <usize>load<u32>(offsets, 12)), weights);
      v128.store(to + at, f32x4.convert_i32x4_s(sumsOfLanes(a, b, c, d)));
    }
  } else {
    for (let at: usize = 0; at < imageRowBytes; at += 16) weighFourColumns(tentOffsets + at, to + at);
  }
  if (reachesPastEnd(rowWindow)) addEdge(rowBytes, channels, to + imageRowBytes - 4);
}

function weighFourColumns(offsets: usize, to: usize): void {
  let a = tallRow + <usize>load<u32>(offsets);
  let b = tallRow + <usize>load<u32>(offsets, 4);
  let c = tallRow + <usize>load<u32>(offsets, 8);
  let d = tallRow + <usize>load<u32>(offsets, 12);
  let weights = tentWeights;
  let sums = f32x4.splat(0);
  for (let missing = tentVectors; missing > 0; ) {
    let aSum = i32x4.splat(0);
    let bSum = i32x4.splat(0);
    let cSum = i32x4.splat(0);
    let dSum = i32x4.splat(0);
    const now = min(missing, vectorsAtOnce);
    for (let vector = now; vector > 0; vector--) {
      const eight = v128.load(weights);
      aSum = i32x4.add(aSum, i32x4.dot_i16x8_s(v128.load(a), eight));
      bSum = i32x4.add(bSum, i32x4.dot_i16x8_s(v128.load(b), eight));
      cSum = i32x4.add(cSum, i32x4.dot_i16x8_s(v128.load(c), eight));
      dSum = i32x4.add(dSum, i32x4.dot_i16x8_s(v128.load(d), eight));
      weights += 16;
      a += 16;
      b += 16;
      c += 16;
      d += 16;
    }
    missing -= now;
    sums = f32x4.add(sums, floatSumsOfLanes(aSum, bSum, cSum, dSum));
  }
  v128.store(to, sums);
}

/** What the last sample of a row lacks: the mean of the last pixels, in place of the one past the end. */
function addEdge(rowBytes: usize, channels: u32, to: usize): void {
  const pixels = rowWindow - 1;
  let at = tallRow + 2 * rowBytes - <usize>(2 * pixels * channels);
  let weights = edgeWeights;
  let sums = i32x4.splat(0);
  for (let vector = edgeVectors; vector > 0; vector--) {
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load(at), v128.load(weights)));
    weights += 16;
    at += 16;
  }
  const zero = i32x4.splat(0);
  const edge = f32x4.extract_lane(floatSumsOfLanes(sums, zero, zero, zero), 0);
  store<f32>(to, load<f32>(to) + edge / <f32>pixels);
}

function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/** The same in f32: four lanes of a wide window fit 32 bits, their sum may not. */
function floatSumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = pairsOfLanes(f32x4.convert_i32x4_s(a), f32x4.convert_i32x4_s(b));
  const cd = pairsOfLanes(f32x4.convert_i32x4_s(c), f32x4.convert_i32x4_s(d));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

function pairsOfLanes(a: v128, b: v128): v128 {
  return f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
}
