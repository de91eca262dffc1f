/**
 * PDQ step 2: the Jarosz filter, a box filter along rows and columns, twice over.
 *
 * Every output is a running sum divided by the number of pixels in the window, and f32 sums depend on their order. The
 * reference (ThreatExchange, pdq/cpp/downscaling) works in four phases: fill, grow, slide, shrink. Here there is one:
 * the line is thought of as bordered by zeros, because x + 0 = x and x - 0 = x exactly, and only the divisor tells the
 * phases apart.
 *
 *      window 4: ahead 2, behind 2             o = output, + taken in, - let go
 *      0 0 | p0 p1 p2 p3 p4 p5 ... | 0 0
 *     -      o      +                           sum += p[o + ahead];  sum -= p[o - behind];  out = sum / pixels
 *
 * Lanes: in the row pass one column of four rows (see luma.ts), in the column pass four columns of one row. The
 * reference walks down each column by itself and misses the cache at every step; here whole rows of sums move down.
 */
import {
  columnDivisors,
  panel,
  panelColumnBytes,
  panelMarginColumns,
  panelSums,
  sampleColumns,
  sampleDivisors,
  sampledSide,
} from '../memory-layout';

/** Pixels of the full window for a side: a 128th of it, rounded up. At most 16. */
export function windowOf(side: u32): u32 {
  return (side + 2 * sampledSide - 1) / (2 * sampledSide);
}

/** How far the window reaches past the output. */
export function aheadOf(window: u32): u32 {
  return (window + 2) / 2 - 1;
}

/** How far behind the output the pixel lies that leaves the window. */
export function behindOf(window: u32): u32 {
  return window - aheadOf(window);
}

/** Pixels in the window at `position` of a line of `side`. */
export function pixelsInWindow(position: u32, side: u32, window: u32): u32 {
  const ahead = aheadOf(window);
  const behind = behindOf(window);
  const first = position + 1 > behind ? position + 1 - behind : 0;
  const end = min(position + ahead + 1, side);
  return end - first;
}

/** Running sums along the eight rows of the panel, undivided, into `panelSums`. The panel must be bordered by zeros. */
export function sumAlongRows(width: u32, window: u32): void {
  assert(window <= panelMarginColumns, 'the window reaches past the zeros around a panel');
  const ahead = <usize>(aheadOf(window) * panelColumnBytes);
  const behind = <usize>(behindOf(window) * panelColumnBytes);
  let upper = f32x4.splat(0);
  let lower = f32x4.splat(0);
  let at = panel;
  for (const end = panel + ahead; at < end; at += <usize>panelColumnBytes) {
    upper = f32x4.add(upper, v128.load(at));
    lower = f32x4.add(lower, v128.load(at, 16));
  }
  let to = panelSums;
  for (const end = at + <usize>(width * panelColumnBytes); at < end; at += <usize>panelColumnBytes) {
    const gone = at - ahead - behind;
    upper = f32x4.sub(f32x4.add(upper, v128.load(at)), v128.load(gone));
    lower = f32x4.sub(f32x4.add(lower, v128.load(at, 16)), v128.load(gone, 16));
    v128.store(to, upper);
    v128.store(to, lower, 16);
    to += <usize>panelColumnBytes;
  }
}

/**
 * The whole row pass over the panel: eight rows of f32 at `to`, each sum divided by the window size at its column. A
 * division takes four times as long as a multiplication and gives the same bits where the size is a power of two, as it
 * is inside a side of 512. Sums leave for their rows as they are made: the next addition has to wait for the last, and
 * what else there is to do fits in between.
 */
export function blurAlongRows(to: usize, pitchBytes: usize, width: u32, window: u32): void {
  const ahead = aheadOf(window);
  const lead = isPowerOfTwo(window) ? min(width, panelMarginColumns) : width;
  const tail = max(lead, lead < width ? (width - ahead) & ~3 : width);
  takeInAhead(ahead);
  slide(0, lead, window, to, pitchBytes, 0);
  slide(lead, tail, window, to, pitchBytes, 1 / <f32>window);
  slide(tail, width, window, to, pitchBytes, 0);
}

/** Sums of the columns before the first output, kept in `panelSums` like those between two stretches of columns. */
function takeInAhead(columns: u32): void {
  let upper = f32x4.splat(0);
  let lower = f32x4.splat(0);
  for (let at = panel; at < panel + <usize>(columns * panelColumnBytes); at += <usize>panelColumnBytes) {
    upper = f32x4.add(upper, v128.load(at));
    lower = f32x4.add(lower, v128.load(at, 16));
  }
  v128.store(panelSums, upper);
  v128.store(panelSums, lower, 16);
}

/** From column `first` to `end`, four at a time. Multiplies by `factor`, or divides when there is none. */
function slide(first: u32, end: u32, window: u32, to: usize, pitchBytes: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  const reach = <usize>(window * panelColumnBytes);
  let upper = v128.load(panelSums);
  let lower = v128.load(panelSums, 16);
  let taken = panel + <usize>((first + aheadOf(window)) * panelColumnBytes);
  for (let column = first; column < end; column += 4) {
    const row = to + <usize>column * 4;
    const scale = factor === 0 ? v128.load(columnDivisors + <usize>column * 4) : factors;
    const a = step(upper, taken, reach);
    const b = step(a, taken + 32, reach);
    const c = step(b, taken + 64, reach);
    upper = step(c, taken + 96, reach);
    if (factor === 0) storeQuotients(a, b, c, upper, scale, row, pitchBytes);
    else storeProducts(a, b, c, upper, scale, row, pitchBytes);
    const e = step(lower, taken + 16, reach);
    const f = step(e, taken + 48, reach);
    const g = step(f, taken + 80, reach);
    lower = step(g, taken + 112, reach);
    if (factor === 0) storeQuotients(e, f, g, lower, scale, row + 4 * pitchBytes, pitchBytes);
    else storeProducts(e, f, g, lower, scale, row + 4 * pitchBytes, pitchBytes);
    taken += <usize>(4 * panelColumnBytes);
  }
  v128.store(panelSums, upper);
  v128.store(panelSums, lower, 16);
}

function step(sums: v128, taken: usize, reach: usize): v128 {
  return f32x4.sub(f32x4.add(sums, v128.load(taken)), v128.load(taken - reach));
}

/** Eight rows of f32 from the panel as it is. */
export function storePanelAsRows(to: usize, pitchBytes: usize, width: u32): void {
  const one = f32x4.splat(1);
  let at = panel;
  for (const end = to + <usize>(width * 4); to < end; to += 16) {
    storeProducts(v128.load(at), v128.load(at, 32), v128.load(at, 64), v128.load(at, 96), one, to, pitchBytes);
    const lower = to + 4 * pitchBytes;
    storeProducts(v128.load(at, 16), v128.load(at, 48), v128.load(at, 80), v128.load(at, 112), one, lower, pitchBytes);
    at += <usize>(4 * panelColumnBytes);
  }
}

export function isPowerOfTwo(number: u32): bool {
  return (number & (number - 1)) === 0;
}

/** The same, but only at the 64 columns that the decimation takes: the others would be thrown away. */
export function storeSampledColumns(to: usize): void {
  const pitchBytes = <usize>(sampledSide * 4);
  for (let half: u32 = 0; half < 2; half++) {
    const from = panelSums + <usize>(half * 16);
    let row = to + <usize>half * 4 * pitchBytes;
    for (let sample: usize = 0; sample < 64 * 4; sample += 16) {
      const a = v128.load(from + <usize>(load<u32>(sampleColumns + sample) * panelColumnBytes));
      const b = v128.load(from + <usize>(load<u32>(sampleColumns + sample, 4) * panelColumnBytes));
      const c = v128.load(from + <usize>(load<u32>(sampleColumns + sample, 8) * panelColumnBytes));
      const d = v128.load(from + <usize>(load<u32>(sampleColumns + sample, 12) * panelColumnBytes));
      storeQuotients(a, b, c, d, v128.load(sampleDivisors + sample), row, pitchBytes);
      row += 16;
    }
  }
}

/** Transposes four columns of four rows, divides by the columns' window sizes, stores four rows. */
function storeQuotients(a: v128, b: v128, c: v128, d: v128, divisor: v128, row: usize, pitchBytes: usize): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(row, f32x4.div(v128.shuffle<i64>(ab, cd, 0, 2), divisor));
  v128.store(row + pitchBytes, f32x4.div(v128.shuffle<i64>(ab, cd, 1, 3), divisor));
  v128.store(row + 2 * pitchBytes, f32x4.div(v128.shuffle<i64>(abHigh, cdHigh, 0, 2), divisor));
  v128.store(row + 3 * pitchBytes, f32x4.div(v128.shuffle<i64>(abHigh, cdHigh, 1, 3), divisor));
}

/** The same for a factor. */
function storeProducts(a: v128, b: v128, c: v128, d: v128, factor: v128, row: usize, pitchBytes: usize): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(row, f32x4.mul(v128.shuffle<i64>(ab, cd, 0, 2), factor));
  v128.store(row + pitchBytes, f32x4.mul(v128.shuffle<i64>(ab, cd, 1, 3), factor));
  v128.store(row + 2 * pitchBytes, f32x4.mul(v128.shuffle<i64>(abHigh, cdHigh, 0, 2), factor));
  v128.store(row + 3 * pitchBytes, f32x4.mul(v128.shuffle<i64>(abHigh, cdHigh, 1, 3), factor));
}

/** Column pass, one step down: takes a row in and lets one go. `rowBytes` is a multiple of 64. */
export function moveSumsDown(sums: usize, taken: usize, gone: usize, rowBytes: usize): void {
  for (let at: usize = 0; at < rowBytes; at += 16) {
    v128.store(sums + at, f32x4.sub(f32x4.add(v128.load(sums + at), v128.load(taken + at)), v128.load(gone + at)));
  }
}

/** The same, and writes the row of quotients. */
export function moveSumsDownInto(
  out: usize,
  pixels: u32,
  sums: usize,
  taken: usize,
  gone: usize,
  rowBytes: usize,
): void {
  if (isPowerOfTwo(pixels)) {
    const factor = f32x4.splat(1 / <f32>pixels);
    for (let at: usize = 0; at < rowBytes; at += 16) {
      const sum = f32x4.sub(f32x4.add(v128.load(sums + at), v128.load(taken + at)), v128.load(gone + at));
      v128.store(sums + at, sum);
      v128.store(out + at, f32x4.mul(sum, factor));
    }
    return;
  }
  const divisor = f32x4.splat(<f32>pixels);
  for (let at: usize = 0; at < rowBytes; at += 16) {
    const sum = f32x4.sub(f32x4.add(v128.load(sums + at), v128.load(taken + at)), v128.load(gone + at));
    v128.store(sums + at, sum);
    v128.store(out + at, f32x4.div(sum, divisor));
  }
}

export function divideRow(out: usize, sums: usize, pixels: u32, rowBytes: usize): void {
  const divisor = f32x4.splat(<f32>pixels);
  for (let at: usize = 0; at < rowBytes; at += 16) {
    v128.store(out + at, f32x4.div(v128.load(sums + at), divisor));
  }
}
