/**
 * What surrounds a picture that was pasted into a larger one: bars of one colour, a blurred copy of the picture itself,
 * or something that does not move. Measured one by one in docs/specs/matching.md.
 */
import { type Box, heightOf, trimmed, widthOf } from './boxes.ts';

/** Square gray pictures of one upload, rows from the top. */
export interface Frames {
  readonly side: number;
  readonly frames: readonly Uint8Array[];
}

/** Pixels of a bar lie this close to its own shade, gray levels. */
const barTolerance = 10;
/** So many of them do: the rest may be text. */
const barShare = 0.75;
/** In so many of the frames. */
const barFramesShare = 0.5;

/** Without rows and columns at the edges that are of one shade: bars and frames, of any colour, with text or without. */
export function withoutBars({ side, frames }: Frames, within: Box): Box {
  const enough = frames.length * barFramesShare;
  const isBar = (start: number, step: number, count: number): boolean => {
    let bars = 0;
    for (const pixels of frames) {
      if (isOneShade(pixels, start, step, count)) bars += 1;
    }
    return bars >= enough;
  };
  return trimmed(
    within,
    (row) => isBar(row * side + within.left, 1, widthOf(within)),
    (column) => isBar(within.top * side + column, side, heightOf(within)),
  );
}

const histogram = new Uint16Array(256);

function isOneShade(pixels: Uint8Array, start: number, step: number, count: number): boolean {
  histogram.fill(0);
  for (let n = 0, at = start; n < count; n++, at += step) {
    const value = pixels[at] ?? 0;
    histogram[value] = (histogram[value] ?? 0) + 1;
  }
  let median = 0;
  for (let seen = histogram[0] ?? 0; seen * 2 < count; ) {
    median += 1;
    seen += histogram[median] ?? 0;
  }
  let near = 0;
  for (let value = Math.max(0, median - barTolerance); value <= Math.min(255, median + barTolerance); value++) {
    near += histogram[value] ?? 0;
  }
  return near >= count * barShare;
}

/** Shares of the usual sharpness below which a line counts as blurred. */
const blurShares = [0.2, 0.35, 0.5];
/** The usual sharpness: that of the line which four fifths are not sharper than. */
const usualPercentile = 0.8;

/** Without rows and columns at the edges that are much less sharp than the rest, by three measures of "much". */
export function withoutBlur(frames: Frames, within: Box): Box[] {
  const { rows, columns } = sharpnessOf(frames, within);
  const [usualRow, usualColumn] = [usual(rows), usual(columns)];
  return blurShares.map((share) =>
    trimmed(
      within,
      (row) => (rows[row - within.top] ?? 0) < share * usualRow,
      (column) => (columns[column - within.left] ?? 0) < share * usualColumn,
    ),
  );
}

/** Mean of the absolute Laplacian by row and by column. */
function sharpnessOf({ side, frames }: Frames, within: Box) {
  const rows = new Float64Array(heightOf(within));
  const columns = new Float64Array(widthOf(within));
  const [first, last] = [1, side - 2];
  for (const pixels of frames) {
    for (let y = Math.max(within.top, first); y < Math.min(within.bottom, last + 1); y++) {
      for (let x = Math.max(within.left, first); x < Math.min(within.right, last + 1); x++) {
        const at = y * side + x;
        const around =
          (pixels[at - 1] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at - side] ?? 0) + (pixels[at + side] ?? 0);
        const laplacian = Math.abs(4 * (pixels[at] ?? 0) - around);
        rows[y - within.top] = (rows[y - within.top] ?? 0) + laplacian;
        columns[x - within.left] = (columns[x - within.left] ?? 0) + laplacian;
      }
    }
  }
  // The outermost lines have no neighbours: they are as sharp as the next.
  for (const lines of [rows, columns]) {
    lines[0] = lines[0] || (lines[1] ?? 0);
    lines[lines.length - 1] = lines[lines.length - 1] || (lines[lines.length - 2] ?? 0);
  }
  return { rows: divided(rows, widthOf(within)), columns: divided(columns, heightOf(within)) };
}

function divided(sums: Float64Array, count: number): Float64Array {
  return sums.map((sum) => sum / Math.max(1, count));
}

function usual(lines: Float64Array): number {
  return [...lines].sort((a, b) => a - b)[Math.floor(lines.length * usualPercentile)] ?? 0;
}

/** Gray levels by which a pixel must change over the frames to count as moving. */
const motionLevels = [16, 24, 32];
/** Share of a line that must move. */
const motionShare = 0.04;

/** Without rows and columns at the edges in which next to nothing moves. None for a single frame. */
export function withoutStillness({ side, frames }: Frames, within: Box): Box[] {
  if (frames.length < 2) return [];
  const range = new Uint8Array(side * side);
  for (let at = 0; at < range.length; at++) {
    let [least, most] = [255, 0];
    for (const pixels of frames) {
      const value = pixels[at] ?? 0;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    range[at] = most - least;
  }
  return motionLevels.map((level) => {
    const isStill = (start: number, step: number, count: number): boolean => {
      let moving = 0;
      for (let n = 0, at = start; n < count; n++, at += step) {
        if ((range[at] ?? 0) > level) moving += 1;
      }
      return moving < count * motionShare;
    };
    return trimmed(
      within,
      (row) => isStill(row * side + within.left, 1, widthOf(within)),
      (column) => isStill(within.top * side + column, side, heightOf(within)),
    );
  });
}
