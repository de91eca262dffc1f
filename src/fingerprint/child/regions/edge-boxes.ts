/**
 * Rectangles made of straight edges that persist: pictures that were put into another one, and the windows of screens.
 * The strongest lines both ways are paired; a rectangle is worth the length of its sides that is covered by edges, less
 * the length that is not. Sides on the rim of the picture neither count for it nor against it.
 */
import type { EdgeMap } from '../../../kernel/hasher.ts';
import { type Box, isLargeEnough, planeSide } from './box.ts';
import { type EdgeMaps, edgeQuarters, snapToEdge, strengthOf } from './edge-map.ts';

const linesMax = 7;
const boxesMax = 6;
/** 5 gray levels: by so much an edge stands out. */
const edgeMin = 5 * edgeQuarters;
/** Places in a row that make a run; one that is missing between two does not end it. */
const runMin = 8;
/** Share of the box that a line must cover. */
const lineShareMin = 0.12;
/** Lines nearer than this are one. */
const lineDistance = 3;
/** Of each side within the picture, and of all of them together. */
const sideShareMin = 0.3;
const coveredShareMin = 0.55;

interface Line {
  readonly line: number;
  /** Places from the start that are covered before each place; null on the rim. */
  readonly covered: Uint16Array | null;
}

interface Scored {
  readonly box: Box;
  readonly score: number;
}

/** The best first. `within` bounds where to look: the picture, or what a border leaves of it. */
export function findEdgeBoxes(maps: EdgeMaps, within: Box): Box[] {
  const bounds = {
    left: Math.round(within.left),
    top: Math.round(within.top),
    right: Math.round(within.right),
    bottom: Math.round(within.bottom),
  };
  const columns = findLines(maps.vertical, bounds.left, bounds.right, bounds.top, bounds.bottom);
  const rows = findLines(maps.horizontal, bounds.top, bounds.bottom, bounds.left, bounds.right);
  const found: Scored[] = [];
  const sides = pairsOf(columns);
  const ends = pairsOf(rows);
  for (const [left, right] of sides) {
    for (const [top, bottom] of ends) {
      const scored = scoreBox(left, right, top, bottom);
      if (scored !== null) found.push(scored);
    }
  }
  found.sort((a, b) => b.score - a.score);
  return distinct(found).map((box) => snapBox(maps, box));
}

/** Moves each side of a box onto the edge beside it. */
export function snapBox({ vertical, horizontal }: EdgeMaps, { left, top, right, bottom }: Box): Box {
  const snap = (map: EdgeMap, line: number, from: number, to: number) =>
    line <= 0 || line >= planeSide ? line : snapToEdge(map, line, from, to);
  return {
    left: snap(vertical, left, top, bottom),
    top: snap(horizontal, top, left, right),
    right: snap(vertical, right, top, bottom),
    bottom: snap(horizontal, bottom, left, right),
  };
}

/** The strongest lines between `first` and `beyond`, as far as they run from `from` to `to`, and the two at the rim. */
function findLines(map: EdgeMap, first: number, beyond: number, from: number, to: number): Line[] {
  const strengths = new Uint32Array(planeSide + 1);
  for (let line = first; line < beyond; line++) strengths[line] = strengthOf(map, line, from, to);
  const lengthMin = lineShareMin * (to - from);
  const lines: Line[] = [
    { line: first, covered: null },
    { line: beyond, covered: null },
  ];
  for (const line of strongestFirst(strengths, first + lineDistance, beyond - lineDistance)) {
    if (lines.length === linesMax + 2) break;
    if (lines.some((other) => Math.abs(other.line - line) <= lineDistance)) continue;
    if (longestOf(strengthsAround(strengths, line)) < lengthMin) continue;
    const covered = coverageOf(map, line, lengthMin);
    if (covered === null) continue;
    const length = (covered[to] as number) - (covered[from] as number);
    if (length >= lengthMin) lines.push({ line, covered });
  }
  return lines.sort((a, b) => a.line - b.line);
}

/** Lines from `first` to `last`; of equally strong ones the first. */
function strongestFirst(strengths: Uint32Array, first: number, last: number): Float64Array {
  // Numbers sort many times faster than what is compared by a function: each has its strength before its place.
  const ranked = new Float64Array(Math.max(0, last - first + 1));
  for (let at = 0; at < ranked.length; at++) ranked[at] = at - (strengths[first + at] as number) * strengths.length;
  ranked.sort();
  for (let at = 0; at < ranked.length; at++) {
    const behind = (ranked[at] as number) % strengths.length;
    ranked[at] = first + (behind < 0 ? behind + strengths.length : behind);
  }
  return ranked;
}

function strengthsAround(strengths: Uint32Array, line: number): number {
  return (strengths[line - 1] as number) + (strengths[line] as number) + (strengths[line + 1] as number);
}

/** Of a line and those beside it: at most so many places are covered, every second of them where one is missing. */
function longestOf(strength: number): number {
  return (2 * strength) / edgeMin + 2;
}

/** Of the line that is looked at. */
const isEdge = new Uint8Array(planeSide);

/**
 * Null when less than `lengthMin` of the line is covered. An edge covers its line also from the line beside it: it need not lie
 * between two pixels exactly. Only runs count: curves and textures cross a line again and again, a few pixels at a time.
 */
function coverageOf({ edges }: EdgeMap, line: number, lengthMin: number): Uint16Array | null {
  for (let place = 0, at = line * planeSide; place < planeSide; place++, at++) {
    const [before, own, after] = [
      edges[at - planeSide] as number,
      edges[at] as number,
      edges[at + planeSide] as number,
    ];
    isEdge[place] = before >= edgeMin || own >= edgeMin || after >= edgeMin ? 1 : 0;
  }
  const runs = runsOf(isEdge);
  if (runs.reduce((length, { start, end }) => length + end - start, 0) < lengthMin) return null;
  const covered = new Uint16Array(planeSide + 1);
  for (const { start, end } of runs) covered.fill(1, start + 1, end + 1);
  for (let place = 1; place <= planeSide; place++)
    covered[place] = (covered[place] as number) + (covered[place - 1] as number);
  return covered;
}

/** From the first place of a run to the first beyond it; a single place without an edge does not end one. */
function runsOf(edges: Uint8Array): { readonly start: number; readonly end: number }[] {
  const runs: { start: number; end: number }[] = [];
  let start = 0;
  // So far before the first place that no run goes on from there.
  let end = -2;
  const close = () => {
    if (end - start >= runMin) runs.push({ start, end });
  };
  for (let place = 0; place < planeSide; place++) {
    if (edges[place] === 0) continue;
    if (place > end + 1) {
      close();
      start = place;
    }
    end = place + 1;
  }
  close();
  return runs;
}

function pairsOf(lines: readonly Line[]): (readonly [Line, Line])[] {
  return lines.flatMap((first, index) => lines.slice(index + 1).map((second) => [first, second] as const));
}

function scoreBox(left: Line, right: Line, top: Line, bottom: Line): Scored | null {
  const box = { left: left.line, top: top.line, right: right.line, bottom: bottom.line };
  if (!isLargeEnough(box)) return null;
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const atLeft = coveredOf(left, box.top, box.bottom);
  const atRight = coveredOf(right, box.top, box.bottom);
  const atTop = coveredOf(top, box.left, box.right);
  const atBottom = coveredOf(bottom, box.left, box.right);
  if (Math.min(atLeft, atRight) < sideShareMin * height || Math.min(atTop, atBottom) < sideShareMin * width)
    return null;
  let [length, covered] = [0, 0];
  for (const side of [atLeft, atRight]) {
    length += side === onRim ? 0 : height;
    covered += side === onRim ? 0 : side;
  }
  for (const side of [atTop, atBottom]) {
    length += side === onRim ? 0 : width;
    covered += side === onRim ? 0 : side;
  }
  if (length === 0 || covered < coveredShareMin * length) return null;
  return { box, score: 2 * covered - length };
}

/** Of a side on the rim, which counts neither for a box nor against it. */
const onRim = Number.POSITIVE_INFINITY;

/** Places of a side that are covered. */
function coveredOf({ covered }: Line, from: number, to: number): number {
  return covered === null ? onRim : (covered[to] as number) - (covered[from] as number);
}

/** The best that are not about the same as a better one. */
function distinct(found: readonly Scored[]): Box[] {
  const kept: Box[] = [];
  for (const { box } of found) {
    if (kept.length === boxesMax) break;
    if (!kept.some((other) => isAbout(box, other))) kept.push(box);
  }
  return kept;
}

function isAbout(a: Box, b: Box): boolean {
  const offsets = [a.left - b.left, a.top - b.top, a.right - b.right, a.bottom - b.bottom];
  return offsets.every((offset) => Math.abs(offset) <= lineDistance);
}
