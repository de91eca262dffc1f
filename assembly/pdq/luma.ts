/**
 * PDQ step 1: luma, and the turn of rows into panels.
 *
 * The box filter along a row is a running sum, one addition after the other, so a vector cannot hold neighbours of a
 * row. It holds the same column of four rows. The frame is therefore rearranged, eight rows at a time, into a panel:
 *
 *      rows                    panel (32 bytes a column)
 *      a0 a1 a2 a3 ...         a0 b0 c0 d0 e0 f0 g0 h0
 *      b0 b1 b2 b3 ...   ->    a1 b1 c1 d1 e1 f1 g1 h1
 *      ...                     ...
 *      h0 h1 h2 h3 ...
 *
 * Order of operations is the reference's (ThreatExchange, pdq/cpp/downscaling): (0.299 R + 0.587 G) + 0.114 B in f32.
 * The obvious form, a loop over pixels, converts and multiplies one byte at a time and takes four times as long.
 */
import { panel, panelColumnBytes } from '../memory-layout';

/** Luma of the eight rows at `row`, interleaved RGB. Reads up to 16 bytes past each row. */
export function fillPanelFromRgb(row: usize, width: u32): void {
  const rowBytes = <usize>(width * 3);
  for (let half: u32 = 0; half < 2; half++) {
    let a = row + <usize>half * 4 * rowBytes;
    let to = panel + <usize>(half * 16);
    for (let column: u32 = 0; column < width; column += 4) {
      storeColumns(lumaOf4(a), lumaOf4(a + rowBytes), lumaOf4(a + 2 * rowBytes), lumaOf4(a + 3 * rowBytes), to);
      a += 12;
      to += <usize>(4 * panelColumnBytes);
    }
  }
}

/** The same for gray, which is its own luma. */
export function fillPanelFromGray(row: usize, width: u32): void {
  const rowBytes = <usize>width;
  for (let half: u32 = 0; half < 2; half++) {
    let a = row + <usize>half * 4 * rowBytes;
    let to = panel + <usize>(half * 16);
    for (let column: u32 = 0; column < width; column += 4) {
      storeColumns(grayOf4(a), grayOf4(a + rowBytes), grayOf4(a + 2 * rowBytes), grayOf4(a + 3 * rowBytes), to);
      a += 4;
      to += <usize>(4 * panelColumnBytes);
    }
  }
}

/** The same for rows of f32 that lie `pitchBytes` apart. */
export function fillPanelFromFloats(row: usize, pitchBytes: usize, width: u32): void {
  for (let half: u32 = 0; half < 2; half++) {
    let a = row + <usize>half * 4 * pitchBytes;
    let to = panel + <usize>(half * 16);
    for (let column: u32 = 0; column < width; column += 4) {
      storeColumns(
        v128.load(a),
        v128.load(a + pitchBytes),
        v128.load(a + 2 * pitchBytes),
        v128.load(a + 3 * pitchBytes),
        to,
      );
      a += 16;
      to += <usize>(4 * panelColumnBytes);
    }
  }
}

/**
 * Four pixels of interleaved RGB. One load of 16 bytes, then each channel is picked straight into 32-bit lanes:
 *
 *      R0 G0 B0 R1 G1 B1 R2 G2 B2 R3 G3 B3 .. .. .. ..
 *      R0 -- -- -- R1 -- -- -- R2 -- -- -- R3 -- -- --        -- is zero, by an index beyond the vector
 */
function lumaOf4(pixels: usize): v128 {
  const bytes = v128.load(pixels);
  const red = i8x16.swizzle(bytes, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
  const green = i8x16.swizzle(bytes, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
  const blue = i8x16.swizzle(bytes, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
  const redAndGreen = f32x4.add(
    f32x4.mul(f32x4.convert_i32x4_s(red), f32x4.splat(0.299)),
    f32x4.mul(f32x4.convert_i32x4_s(green), f32x4.splat(0.587)),
  );
  return f32x4.add(redAndGreen, f32x4.mul(f32x4.convert_i32x4_s(blue), f32x4.splat(0.114)));
}

function grayOf4(pixels: usize): v128 {
  const bytes = v128.load32_zero(pixels);
  const lanes = i8x16.swizzle(bytes, i8x16(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1));
  return f32x4.convert_i32x4_s(lanes);
}

/** Transposes four rows of four and stores them as four panel columns. */
function storeColumns(a: v128, b: v128, c: v128, d: v128, to: usize): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32);
  v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 64);
  v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 96);
}

/** Zero columns after the last: what the running sum takes in when it runs out of row. */
export function zeroPanelAfter(width: u32, columns: u32): void {
  memory.fill(panel + <usize>(width * panelColumnBytes), 0, <usize>(columns * panelColumnBytes));
}
