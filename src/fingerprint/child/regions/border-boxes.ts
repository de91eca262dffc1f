/**
 * What is left of a picture without its border. A row or column of a border has one colour: most of its pixels lie close
 * to their own median, so that bars of any colour are found, and bars with a line of text.
 */
import { type Box, isLargeEnough, type Plane, planeSide, wholePixelsOf } from './box.ts';

/** Gray levels within which a pixel has the colour of its row. */
const levelReach = 10;
const pixelShareMin = 0.75;
const frameShareMin = 0.5;
/** Where the colour changes by more than this from one row to the next, another border begins within the first. */
const levelStep = 24;
/** A frame within a frame, and one more. */
const bordersMax = 3;

type Sides = 'rows' | 'columns';

/**
 * What is left of `within` inside each of its borders, from the outermost inwards; none when there is no border or nothing
 * but border.
 */
export function findBorderBoxes(planes: readonly Plane[], within: Box): Box[] {
  const boxes: Box[] = [];
  for (let box = wholePixelsOf(within); boxes.length < bordersMax; ) {
    const inner = trimBorder(planes, box);
    if (inner === null || isSame(inner, box)) break;
    boxes.push(inner);
    box = inner;
  }
  return boxes;
}

/** Rows first, or columns first where wide bars at the sides make every row look like one. Null when nothing is left. */
function trimBorder(planes: readonly Plane[], box: Box): Box | null {
  for (const order of [['rows', 'columns'] as const, ['columns', 'rows'] as const]) {
    let inner = box;
    for (const sides of order) inner = trimSides(planes, inner, sides);
    if (isLargeEnough(inner)) return inner;
  }
  return null;
}

function trimSides(planes: readonly Plane[], box: Box, sides: Sides): Box {
  const [first, beyond] = sides === 'rows' ? [box.top, box.bottom] : [box.left, box.right];
  const from = walkInwards(planes, box, sides, first, 1, beyond);
  const to = from === beyond ? beyond : walkInwards(planes, box, sides, beyond - 1, -1, from - 1) + 1;
  return sides === 'rows' ? { ...box, top: from, bottom: to } : { ...box, left: from, right: to };
}

/** The first line, going by `step`, that does not belong to the border; `end` when all do. */
function walkInwards(planes: readonly Plane[], box: Box, sides: Sides, start: number, step: 1 | -1, end: number) {
  let level: number | null = null;
  for (let line = start; line !== end; line += step) {
    const next = levelOfLine(planes, box, sides, line);
    if (next === null || (level !== null && Math.abs(next - level) > levelStep)) return line;
    level = next;
  }
  return end;
}

/** The level that a line has in the frames in which it has one; null when that is less than half of them. */
function levelOfLine(planes: readonly Plane[], box: Box, sides: Sides, line: number): number | null {
  const [from, to] = sides === 'rows' ? [box.left, box.right] : [box.top, box.bottom];
  const stride = sides === 'rows' ? 1 : planeSide;
  const start = sides === 'rows' ? line * planeSide + from : from * planeSide + line;
  const evenFramesMin = Math.max(1, frameShareMin * planes.length);
  let evenFrames = 0;
  let levels = 0;
  let left = planes.length;
  for (const plane of planes) {
    // What is left of the frames cannot make up for those before.
    if (evenFrames + left-- < evenFramesMin) return null;
    const level = evenLevelOf(plane, start, stride, to - from);
    if (level === null) continue;
    evenFrames++;
    levels += level;
  }
  return evenFrames >= evenFramesMin ? levels / evenFrames : null;
}

/** By plane and line: a frame is in several passages, and borders are looked for in each. */
const evenLevels = new WeakMap<Plane, Map<number, number | null>>();

function evenLevelOf(plane: Plane, start: number, stride: number, length: number): number | null {
  const ofPlane = evenLevels.get(plane) ?? new Map<number, number | null>();
  evenLevels.set(plane, ofPlane);
  const key = (start * (planeSide + 1) + stride) * (planeSide + 1) + length;
  const before = ofPlane.get(key);
  if (before !== undefined) return before;
  const level = evenLevel(plane, start, stride, length);
  ofPlane.set(key, level);
  return level;
}

const counts = new Uint16Array(256);

/** The median of a line of pixels when most of them lie close to it. */
function evenLevel(plane: Plane, start: number, stride: number, length: number): number | null {
  counts.fill(0);
  for (let at = 0, from = start; at < length; at++, from += stride) {
    const level = plane[from] as number;
    counts[level] = (counts[level] as number) + 1;
  }
  let median = 0;
  for (let below = counts[0] as number; below * 2 < length; below += counts[median] as number) median++;
  let near = 0;
  const last = Math.min(255, median + levelReach);
  for (let level = Math.max(0, median - levelReach); level <= last; level++) near += counts[level] as number;
  return near >= pixelShareMin * length ? median : null;
}

function isSame(a: Box, b: Box): boolean {
  return a.left === b.left && a.top === b.top && a.right === b.right && a.bottom === b.bottom;
}
