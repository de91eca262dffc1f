/**
 * Straight edges that persist: where neighbouring pixels differ in most frames, more than they do three pixels further
 * on, along a row or column. What moves has such edges for a moment only; the sides of a picture that was put into
 * another one have them all the time. In a single picture they are simply its straight edges.
 */
import { limits } from '../../../config/limits.ts';
import type { EdgeMap, PlaneMapper } from '../../../kernel/hasher.ts';
import { type Plane, planeSide } from './box.ts';

/** Of a gray level: what `EdgeMap.edges` counts in. */
export const edgeQuarters = 4;
/** What one place counts at most for its line, 24 gray levels: a short strong edge is not a long one. */
const edgeCap = 24 * edgeQuarters;

export interface EdgeMaps {
  readonly vertical: EdgeMap;
  readonly horizontal: EdgeMap;
}

export function mapEdges(planes: readonly Plane[], mapper: Pick<PlaneMapper, 'mapEdges'>): EdgeMaps {
  const spread = spreadOver(planes);
  return {
    vertical: mapper.mapEdges(spread, 'before', edgeCap),
    horizontal: mapper.mapEdges(spread, 'above', edgeCap),
  };
}

/** How strong a line is from one place to another: what stands out, every place counted `edgeCap` at most. */
export function strengthOf({ edges, sums }: EdgeMap, line: number, from: number, to: number): number {
  if (from === 0 && to === planeSide) return sums[line] ?? 0;
  let sum = 0;
  const start = line * planeSide;
  for (let at = start + from; at < start + to; at++) sum += Math.min(edgeCap, edges[at] as number);
  return sum;
}

/** The first, the last and what lies evenly between, an odd number of them. */
function spreadOver(planes: readonly Plane[]): readonly Plane[] {
  const count = Math.min(limits.edgeFramesMax, planes.length - ((planes.length + 1) % 2));
  if (count <= 1) return planes.slice(0, 1);
  const at = (index: number) => Math.round((index * (planes.length - 1)) / (count - 1));
  return Array.from({ length: count }, (_, index) => planes[at(index)] ?? []).filter(isPlane);
}

function isPlane(plane: Plane | readonly never[]): plane is Plane {
  return plane.length > 0;
}

/** Lines that far away tell whether an edge stands out. */
const besideLines = 3;
/** Differences within noise vary by this much among themselves. */
const standOutFactor = 1.5;
/** How far from where a side is thought to be its edge may lie. */
const snapReach = 2;
/** Mean gray levels along the side for an edge to be one. */
const snapLevelMin = 3;

/**
 * Where exactly the edge lies that runs along line `line` between two places: the centre of its blurred step, in parts
 * of a pixel. The line itself when there is no clear edge next to it.
 */
export function snapToEdge(map: EdgeMap, line: number, from: number, to: number): number {
  const first = Math.max(0, Math.round(from));
  const last = Math.min(planeSide, Math.round(to));
  const stepAt = (near: number) => meanOfLine(map.steps, near, first, last);
  const peak = strongestNear(map, Math.round(line), first, last);
  const [before, after] = [stepAt(peak - besideLines), stepAt(peak + besideLines)];
  if (stepAt(peak) < Math.max(snapLevelMin, (standOutFactor * (before + after)) / 2)) return line;
  let [weights, moments] = [0, 0];
  for (let offset = 1 - besideLines; offset < besideLines; offset++) {
    // What lies on either side has differences of its own: they are no part of the edge.
    const own = offset < 0 ? before : offset > 0 ? after : (before + after) / 2;
    const weight = Math.max(0, stepAt(peak + offset) - own);
    weights += weight;
    moments += weight * offset;
  }
  return weights === 0 ? line : peak + moments / weights;
}

function strongestNear(map: EdgeMap, line: number, first: number, last: number): number {
  const strengthAt = (near: number) => meanOfLine(map.edges, near, first, last);
  let peak = line;
  for (let near = line - snapReach; near <= line + snapReach; near++) {
    if (strengthAt(near) > strengthAt(peak)) peak = near;
  }
  return peak;
}

/** 0 beyond the picture. */
function meanOfLine(values: Uint8Array | Uint16Array, line: number, first: number, last: number): number {
  if (line < 1 || line >= planeSide) return 0;
  let sum = 0;
  for (let place = first; place < last; place++) sum += values[line * planeSide + place] as number;
  return sum / Math.max(1, last - first);
}
