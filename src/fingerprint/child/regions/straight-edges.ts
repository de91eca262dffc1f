/**
 * Rectangles by their edges: where a picture was pasted in, a straight step stays in place whatever moves on either side
 * of it. For a single picture a step is all there is to go by.
 */
import { type Box, distinct, heightOf, widthOf } from './boxes.ts';
import type { Frames } from './surroundings.ts';

/** A single strong edge must not stand for a whole line, gray levels. */
const stepCap = 40;
/** Lines this far on either side must be weaker: texture has edges everywhere. */
const neighbourPixels = 3;
/** A place on a line is an edge when its step is this much above its neighbours', gray levels. */
const edgeMin = 6;
const linesMax = 7;
/** Lines closer than this are one, as a share of the side. */
const lineApartShare = 0.03;
/** How much of its length must be an edge, over all four sides. */
const coverageMin = 0.45;
/** A side that lies on the border of the picture has no edge to show; it counts this much. */
const borderCoverage = 0.55;

interface Lines {
  /** Where they are: 0 to the side, both borders included. */
  readonly places: readonly number[];
  /** Of each, how many of the first n pixels along it are edges; null for a border. */
  readonly edges: readonly (Uint16Array | null)[];
}

/** The rectangles whose sides are best covered by edges, the best first. */
export function edgeBoxes(frames: Frames, within: Box, count: number): Box[] {
  const vertical = linesOf(stepsAlong(frames, 1), frames.side, within.left, within.right, 1);
  const horizontal = linesOf(stepsAlong(frames, frames.side), frames.side, within.top, within.bottom, frames.side);
  const scored: { readonly box: Box; readonly score: number }[] = [];
  for (const [l, r] of pairsOf(vertical.places)) {
    for (const [t, b] of pairsOf(horizontal.places)) {
      const box = {
        left: vertical.places[l] ?? 0,
        right: vertical.places[r] ?? 0,
        top: horizontal.places[t] ?? 0,
        bottom: horizontal.places[b] ?? 0,
      };
      const score = coverageOf(box, [vertical.edges[l], vertical.edges[r]], [horizontal.edges[t], horizontal.edges[b]]);
      if (score >= coverageMin) scored.push({ box, score });
    }
  }
  scored.sort((a, b) => b.score - a.score);
  return distinct(
    scored.map(({ box }) => box),
    frames.side,
  ).slice(0, count);
}

/** Mean step from each pixel to the next in a direction (1: to the right, side: down), each frame's capped. */
function stepsAlong({ side, frames }: Frames, direction: number): Float32Array {
  const steps = new Float32Array(side * side);
  for (const pixels of frames) {
    for (let at = 0; at + direction < steps.length; at++) {
      const step = Math.abs((pixels[at + direction] ?? 0) - (pixels[at] ?? 0));
      steps[at] = (steps[at] ?? 0) + Math.min(step, stepCap);
    }
  }
  return steps.map((sum) => sum / frames.length);
}

/** The strongest lines across `direction`, between two places, and the places themselves as lines without edges. */
function linesOf(steps: Float32Array, side: number, from: number, to: number, direction: number): Lines {
  const along = direction === 1 ? side : 1;
  const candidates: { readonly place: number; readonly edges: Uint16Array; readonly strength: number }[] = [];
  for (let line = from + neighbourPixels; line < to - neighbourPixels - 1; line++) {
    const edges = new Uint16Array(side + 1);
    let strength = 0;
    for (let n = 0; n < side; n++) {
      const at = line * direction + n * along;
      const beside = Math.max(
        steps[at - neighbourPixels * direction] ?? 0,
        steps[at + neighbourPixels * direction] ?? 0,
      );
      const above = (steps[at] ?? 0) - beside;
      edges[n + 1] = (edges[n] ?? 0) + (above >= edgeMin ? 1 : 0);
      strength += Math.max(above, 0);
    }
    // The step from this pixel to the next is the border between them.
    candidates.push({ place: line + 1, edges, strength });
  }
  candidates.sort((a, b) => b.strength - a.strength);
  const kept: typeof candidates = [];
  for (const candidate of candidates) {
    if (kept.length >= linesMax) break;
    if (kept.every(({ place }) => Math.abs(place - candidate.place) > lineApartShare * side)) kept.push(candidate);
  }
  kept.sort((a, b) => a.place - b.place);
  return {
    places: [from, ...kept.map(({ place }) => place), to],
    edges: [null, ...kept.map(({ edges }) => edges), null],
  };
}

function* pairsOf(places: readonly number[]): Generator<readonly [number, number]> {
  for (let first = 0; first < places.length; first++) {
    for (let second = first + 1; second < places.length; second++) yield [first, second];
  }
}

type Edges = Uint16Array | null | undefined;

/** Share of the four sides that is an edge; 0 when no side has any. */
function coverageOf(box: Box, vertical: readonly Edges[], horizontal: readonly Edges[]): number {
  const [height, width] = [heightOf(box), widthOf(box)];
  const covered = (edges: Edges, from: number, to: number): number => {
    if (edges === null || edges === undefined) return borderCoverage;
    return ((edges[to] ?? 0) - (edges[from] ?? 0)) / Math.max(1, to - from);
  };
  if ([...vertical, ...horizontal].every((edges) => edges === null)) return 0;
  const sides =
    vertical.reduce((sum, edges) => sum + height * covered(edges, box.top, box.bottom), 0) +
    horizontal.reduce((sum, edges) => sum + width * covered(edges, box.left, box.right), 0);
  return sides / (2 * (width + height));
}
