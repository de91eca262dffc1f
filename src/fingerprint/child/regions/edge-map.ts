/**
 * Straight edges that persist: where neighbouring pixels differ in most frames, more than they do three pixels further
 * on, along a row or column. What moves has such edges for a moment only; the sides of a picture that was put into
 * another one have them all the time. In a single picture they are simply its straight edges.
 */
import { limits } from '../../../config/limits.ts';
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import { type Plane, planeSide } from './box.ts';

/**
 * Differences between neighbours, `planeSide` squared each, line after line: those of columns are turned into rows, for
 * they are read along their lines again and again.
 */
export interface EdgeMap {
  /** Median over the frames, gray levels. Line i lies before the pixels of row or column i; line 0 is the rim. */
  readonly steps: Uint8Array;
  /** How far it stands out from both sides: by how much it is over half as much again as what lies beside it, in quarters. */
  readonly edges: Uint16Array;
}

/** Of a gray level: what `EdgeMap.edges` counts in. */
export const edgeQuarters = 4;

export interface EdgeMaps {
  readonly vertical: EdgeMap;
  readonly horizontal: EdgeMap;
}

/** Lines that far away tell whether an edge stands out. */
const besideLines = 3;
/** Differences within noise vary by this much among themselves. */
const standOutFactor = 1.5;

export function mapEdges(planes: readonly Plane[], mapper: Pick<PlaneMapper, 'mapSteps'>): EdgeMaps {
  const spread = spreadOver(planes);
  return {
    vertical: edgeMapOf(transposed(mapper.mapSteps(spread, 'before'))),
    horizontal: edgeMapOf(mapper.mapSteps(spread, 'above')),
  };
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

function edgeMapOf(steps: Uint8Array): EdgeMap {
  return { steps, edges: standOut(steps) };
}

function transposed(map: Uint8Array): Uint8Array {
  const turned = new Uint8Array(map.length);
  for (let row = 0, at = 0; row < planeSide; row++) {
    for (let to = row; to < map.length; to += planeSide, at++) turned[to] = map[at] as number;
  }
  return turned;
}

function standOut(steps: Uint8Array): Uint16Array {
  const edges = new Uint16Array(steps.length);
  const ofBoth = (standOutFactor * edgeQuarters) / 2;
  for (let line = 1; line < planeSide; line++) {
    const start = line * planeSide;
    const before = Math.max(1, line - besideLines) * planeSide - start;
    const after = Math.min(planeSide - 1, line + besideLines) * planeSide - start;
    for (let at = start; at < start + planeSide; at++) {
      const beside = (steps[at + before] as number) + (steps[at + after] as number);
      edges[at] = Math.max(0, edgeQuarters * (steps[at] as number) - ofBoth * beside);
    }
  }
  return edges;
}

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
