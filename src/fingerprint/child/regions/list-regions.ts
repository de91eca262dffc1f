/**
 * Which parts of an upload are hashed. A copy may be framed, cropped or put into another picture; the regions that are
 * detected follow from what that leaves behind, whatever made it: rows without change, blurred surroundings, a part that
 * moves, straight edges that persist. Fixed regions cover what leaves nothing behind.
 */
import { limits } from '../../../config/limits.ts';
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import { fullRegion, inscribed, type Region } from '../../../match/region.ts';
import { findActiveBoxes } from './active-boxes.ts';
import { findBorderBoxes } from './border-boxes.ts';
import { isNear, isWorthwhile, type Plane, regionOfBox, wholePlane } from './box.ts';
import { findEdgeBoxes, snapBox } from './edge-boxes.ts';
import { mapEdges } from './edge-map.ts';
import { findSharpBoxes } from './sharp-boxes.ts';

export interface ListedRegion {
  readonly region: Region;
  /** 1 comes first: likely and cheap; 2 when that was not enough. */
  readonly tier: 1 | 2;
}

/** A border box counts for more than a rectangle within it, of which so many are kept. */
const innerBoxesMax = 4;

const part = (left: number, top: number, width: number, height: number): Region => ({
  left,
  top,
  width,
  height,
  degrees: 0,
});
const centred = (width: number, height: number) => part((1 - width) / 2, (1 - height) / 2, width, height);
const inCorners = (width: number, height: number) =>
  [0, 1 - height].flatMap((top) => [0, 1 - width].map((left) => part(left, top, width, height)));

/** Widths of an upright picture in a wide frame, and the heights of a wide one in an upright frame. */
const strips = [0.32, 0.56, 0.75].flatMap((share) => [centred(1, share), centred(share, 1)]);

const crops = [
  ...[0.9, 0.8, 0.7].map((share) => centred(share, share)),
  ...inCorners(0.8, 0.8),
  part(0, 0, 1, 0.8),
  part(0, 0.2, 1, 0.8),
  part(0, 0, 0.8, 1),
  part(0.2, 0, 0.8, 1),
  part(0, 0, 0.5, 1),
  part(0.5, 0, 0.5, 1),
  part(0, 0, 1, 0.5),
  part(0, 0.5, 1, 0.5),
  ...inCorners(0.5, 0.5),
];

/** Turned against what a copy was turned by; known views are turned as well, but whole. */
const turns = [-12, -9, -6, -3, 3, 6, 9, 12];

/**
 * The same list for all frames of an upload: the picture, what is detected, then strips, then crops and what is turned. At
 * most 57. `aspect` is the picture's width over its height.
 */
export function listRegions(planes: readonly Plane[], aspect: number, mapper: PlaneMapper): ListedRegion[] {
  const detected = detectRegions(planes, mapper);
  const likely = distinct([fullRegion, ...detected, ...strips]);
  const turned = turns.map((degrees) => turnedWithin(detected[0] ?? fullRegion, degrees, aspect));
  const all = distinct([...likely, ...crops, ...turned]);
  return all.map((region, place) => ({ region, tier: place < likely.length ? 1 : 2 }));
}

/** What is turned lies within its frame, as far as one was found. */
function turnedWithin({ left, top, width, height }: Region, degrees: number, aspect: number): Region {
  const inner = inscribed(degrees, (aspect * width) / height);
  return {
    left: left + inner.left * width,
    top: top + inner.top * height,
    width: inner.width * width,
    height: inner.height * height,
    degrees,
  };
}

/** `before`, and of `after` what is not about the same as any of them; as many as an upload may have. */
export function joinRegions(before: readonly ListedRegion[], after: readonly ListedRegion[]): ListedRegion[] {
  const others = after.filter(({ region }) => !before.some((other) => isNear(region, other.region)));
  return [...before, ...others].slice(0, limits.regionsMax);
}

/** Of frames at different moments of one upload, or of one picture. */
export function detectRegions(planes: readonly Plane[], mapper: PlaneMapper): Region[] {
  if (planes.length === 0) return [];
  const edges = mapEdges(planes, mapper);
  const borders = findBorderBoxes(planes);
  const innermost = borders.at(-1);
  const soft = [...borders, ...findSharpBoxes(planes, mapper), ...findActiveBoxes(planes, mapper)];
  const hard = [
    ...findEdgeBoxes(edges, wholePlane),
    ...(innermost === undefined ? [] : findEdgeBoxes(edges, innermost).slice(0, innerBoxesMax)),
  ];
  const boxes = [...soft.map((box) => snapBox(edges, box)), ...hard];
  return distinct(boxes.map(regionOfBox).filter(isWorthwhile));
}

/** Of regions that are about the same the first. */
function distinct(regions: readonly Region[]): Region[] {
  const kept: Region[] = [];
  for (const region of regions) {
    if (!kept.some((other) => isNear(region, other))) kept.push(region);
  }
  return kept;
}
