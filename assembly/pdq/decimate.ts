/**
 * PDQ step 3: 64 x 64 samples of the blurred frame; and the order in which rows run through steps 1 to 3.
 *
 * The obvious form blurs the whole frame four times through memory and then reads 4,096 of its pixels. Here rows stream:
 * a group of eight goes through the first row pass into a ring, the first column pass takes rows from the ring as soon
 * as its window is full, and what comes out goes through the second row pass, of which only 64 columns are divided and
 * kept, and the second column pass, of which only 64 rows are. Each value kept is computed from the same numbers in
 * the same order as in the reference, so it has the same bits; nothing but the frame leaves the cache.
 *
 *      frame -> panel -> sums -> [ring of 32 rows] -> column sums -> [8 rows] -> panel -> sums -> [ring, 64 wide]
 *               luma     row pass 1                   column pass 1                       row pass 2        |
 *                                                                          64 x 64 <- column pass 2 <-------+
 *
 * Source: ThreatExchange, pdq/cpp/downscaling: decimateFloat takes centres, int((i + 0.5) * side / 64).
 */
import {
  blurredGroup,
  blurredRing,
  columnDivisors,
  frame,
  groupRows,
  ringRows,
  sampleColumns,
  sampleDivisors,
  sampledImage,
  sampledRing,
  sampledSide,
  sampledSums,
  wideSums,
  zeroRow,
} from '../memory-layout';
import {
  aheadOf,
  behindOf,
  blurAlongRows,
  divideRow,
  moveSumsDown,
  moveSumsDownInto,
  pixelsInWindow,
  storePanelAsRows,
  storeSampledColumns,
  sumAlongRows,
  windowOf,
} from './box-filter';
import { fillPanelFromFloats, fillPanelFromGray, fillPanelFromRgb, zeroPanelAfter } from './luma';

const sampledRowBytes: usize = <usize>(sampledSide * 4);

let width: u32 = 0;
let height: u32 = 0;
let channels: u32 = 0;
let rowWindow: u32 = 0;
let columnWindow: u32 = 0;
/** Bytes from one row of floats to the next; 64 more than the row, lest rows of 512 share their cache sets. */
let pitchBytes: usize = 0;
let wideRowBytes: usize = 0;
/** Next output row of each column pass. Starts at minus `ahead`: the first steps only fill the sums. */
let nextBlurredRow: i32 = 0;
let nextSampledRow: i32 = 0;
/** Next of the 64 rows of the image. */
let nextSample: u32 = 0;

/** Which pixel of a side the sample takes; (2i + 1) side / 128 is the reference's expression in integers. */
export function samplePosition(sample: u32, side: u32): u32 {
  return ((2 * sample + 1) * side) / (2 * sampledSide);
}

/** Steps 1 to 3 for the frame in `frame`: fills `sampledImage`. Both sides at least `frameSideMin`. */
export function sampleFrame(frameWidth: u32, frameHeight: u32, frameChannels: u32): void {
  width = frameWidth;
  height = frameHeight;
  channels = frameChannels;
  if (width === sampledSide && height === sampledSide) {
    copyFrameAsSampled();
    return;
  }
  startStream();
  for (let row: u32 = 0; row < height; row += groupRows) {
    blurRowsOnce(row);
    blurColumnsOnce(min(row + groupRows, height));
  }
}

/** A frame of 64 x 64 is not blurred: it is its own sample. */
function copyFrameAsSampled(): void {
  for (let row: u32 = 0; row < sampledSide; row += groupRows) {
    fillPanelFromFrame(row);
    storePanelAsRows(sampledImage + <usize>row * sampledRowBytes, sampledRowBytes, sampledSide);
  }
}

function startStream(): void {
  rowWindow = windowOf(width);
  columnWindow = windowOf(height);
  wideRowBytes = <usize>(((width + 15) & ~15) * 4);
  pitchBytes = wideRowBytes + 64;
  nextBlurredRow = -(<i32>aheadOf(columnWindow));
  nextSampledRow = nextBlurredRow;
  nextSample = 0;
  memory.fill(wideSums, 0, wideRowBytes);
  memory.fill(sampledSums, 0, sampledRowBytes);
  for (let column: u32 = 0; column < width; column++) {
    store<f32>(columnDivisors + <usize>column * 4, <f32>pixelsInWindow(column, width, rowWindow));
  }
  for (let sample: u32 = 0; sample < sampledSide; sample++) {
    const column = samplePosition(sample, width);
    store<u32>(sampleColumns + <usize>sample * 4, column);
    store<f32>(sampleDivisors + <usize>sample * 4, load<f32>(columnDivisors + <usize>column * 4));
  }
}

function fillPanelFromFrame(row: u32): void {
  const at = frame + <usize>(row * width * channels);
  if (channels === 3) fillPanelFromRgb(at, width);
  else fillPanelFromGray(at, width);
}

function blurRowsOnce(row: u32): void {
  fillPanelFromFrame(row);
  zeroPanelAfter(width, rowWindow);
  blurAlongRows(ringRow(blurredRing, row, pitchBytes), pitchBytes, width, rowWindow);
}

/** Steps down as far as the rows that have arrived allow. */
function blurColumnsOnce(arrived: u32): void {
  const last = lastReady(arrived);
  for (; nextBlurredRow <= last; nextBlurredRow++) {
    const taken = takenRow(blurredRing, nextBlurredRow, pitchBytes);
    const gone = goneRow(blurredRing, nextBlurredRow, pitchBytes);
    if (nextBlurredRow < 0) {
      moveSumsDown(wideSums, taken, gone, wideRowBytes);
      continue;
    }
    const row = <u32>nextBlurredRow;
    const out = blurredGroup + <usize>(row & (groupRows - 1)) * pitchBytes;
    moveSumsDownInto(out, pixelsInWindow(row, height, columnWindow), wideSums, taken, gone, wideRowBytes);
    if ((row & (groupRows - 1)) === groupRows - 1 || row === height - 1) blurTwice(row & ~(groupRows - 1), row + 1);
  }
}

/** Second row pass over the group at `row`, then the second column pass as far as it can go. */
function blurTwice(row: u32, arrived: u32): void {
  fillPanelFromFloats(blurredGroup, pitchBytes, width);
  zeroPanelAfter(width, rowWindow);
  sumAlongRows(width, rowWindow);
  storeSampledColumns(ringRow(sampledRing, row, sampledRowBytes));
  const last = lastReady(arrived);
  for (; nextSampledRow <= last; nextSampledRow++) {
    const taken = takenRow(sampledRing, nextSampledRow, sampledRowBytes);
    const gone = goneRow(sampledRing, nextSampledRow, sampledRowBytes);
    moveSumsDown(sampledSums, taken, gone, sampledRowBytes);
    if (nextSampledRow >= 0) keepSamplesOf(<u32>nextSampledRow);
  }
}

/** A row may be sampled more than once, when the frame has fewer than 64. */
function keepSamplesOf(row: u32): void {
  for (; nextSample < sampledSide && samplePosition(nextSample, height) === row; nextSample++) {
    const out = sampledImage + <usize>nextSample * sampledRowBytes;
    divideRow(out, sampledSums, pixelsInWindow(row, height, columnWindow), sampledRowBytes);
  }
}

/** Last output row whose window has arrived; all of them once the frame has. */
function lastReady(arrived: u32): i32 {
  return arrived === height ? <i32>height - 1 : <i32>arrived - 1 - <i32>aheadOf(columnWindow);
}

function ringRow(ring: usize, row: u32, rowPitchBytes: usize): usize {
  return ring + <usize>(row & (ringRows - 1)) * rowPitchBytes;
}

function takenRow(ring: usize, output: i32, rowPitchBytes: usize): usize {
  const row = <u32>(output + <i32>aheadOf(columnWindow));
  return row < height ? ringRow(ring, row, rowPitchBytes) : zeroRow;
}

function goneRow(ring: usize, output: i32, rowPitchBytes: usize): usize {
  const row = output - <i32>behindOf(columnWindow);
  return row >= 0 ? ringRow(ring, <u32>row, rowPitchBytes) : zeroRow;
}
