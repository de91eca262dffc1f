/**
 * Where in the frames of an upload a picture lies that was framed or put into another one. It follows from what that leaves
 * behind, whatever made it: rows without change, blurred surroundings, a part that moves, straight edges that persist.
 */
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import type { Region } from '../../../match/region.ts';
import { findActiveBoxes } from './active-boxes.ts';
import { findBorderBoxes } from './border-boxes.ts';
import { type Box, isNear, isWorthwhile, type Plane, planeSide, regionOfBox, wholePlane } from './box.ts';
import { findEdgeBoxes, snapBox } from './edge-boxes.ts';
import { type EdgeMaps, mapEdges } from './edge-map.ts';
import { spreadOver } from './kept-frames.ts';
import { type DetailMap, findSharpBoxes, mapDetail } from './sharp-boxes.ts';

/** A border box counts for more than a rectangle within it, of which so many are kept. */
const innerBoxesMax = 4;
/** Rectangles that are looked into, the likeliest, and how many that are found there are kept. */
const outerBoxesMax = 2;
const nestedBoxesMax = 5;
/** So many frames tell what a border within a border is. */
const nestedFramesMax = 3;

const half = planeSide / 2;
/** Two pictures side by side, or one above the other. */
const halfBoxes: readonly Box[] = [
  { ...wholePlane, right: half },
  { ...wholePlane, left: half },
  { ...wholePlane, bottom: half },
  { ...wholePlane, top: half },
];

/** In the middle of a box: known views that were turned are cut like that, so these tell what was turned and then framed. */
const middleShares = [0.87, 0.77];

export interface DetectedBoxes {
  readonly edges: EdgeMaps;
  readonly detail: DetailMap;
  /** Within the innermost border; none when there is none. */
  readonly innermost: readonly Box[];
  /** By borders, blur and movement, from the outside. */
  readonly soft: readonly Box[];
  /** By edges, the best first. */
  readonly hard: readonly Box[];
}

/** Of frames at different moments of one upload, or of one picture; one at least. */
export function detectBoxes(planes: readonly Plane[], mapper: PlaneMapper): DetectedBoxes {
  const edges = mapEdges(planes, mapper);
  const detail = mapDetail(planes, mapper);
  const borders = findBorderBoxes(planes, wholePlane);
  const innermost = borders.slice(-1);
  const soft = [...borders, ...findSharpBoxes(detail, wholePlane), ...findActiveBoxes(planes, mapper)];
  const hard = [
    ...findEdgeBoxes(edges, wholePlane),
    ...innermost.flatMap((box) => findEdgeBoxes(edges, box).slice(0, innerBoxesMax)),
  ];
  return { edges, detail, innermost, soft: soft.map((box) => snapBox(edges, box)), hard };
}

/** The likeliest first, none about the same as another. */
export function regionsOf({ soft, hard }: DetectedBoxes): Region[] {
  return distinct(toRegions([...soft, ...hard]));
}

/**
 * What was framed before it was put into another picture: a detected box without its own borders and blurred surroundings,
 * or its middle.
 */
export function nestedRegionsOf(
  { edges, detail, innermost, soft, hard }: DetectedBoxes,
  planes: readonly Plane[],
): Region[] {
  const few = spreadOver(planes, nestedFramesMax);
  const nested = [
    ...innermost.flatMap((box) => sharpWithin(detail, box)),
    ...hard.slice(0, outerBoxesMax).flatMap((box) => {
      const borders = findBorderBoxes(few, box);
      return [...borders, ...sharpWithin(detail, borders.at(-1) ?? box)];
    }),
    ...halfBoxes.flatMap((box) => findBorderBoxes(few, box)),
  ];
  const boxes = nested.map((box) => snapBox(edges, box));
  const kept = distinct(toRegions(boxes)).slice(0, nestedBoxesMax);
  return [...kept, ...[soft, hard, boxes].flatMap(likeliestOf).flatMap(middlesOf)];
}

/** The first that is worth a look; none of none. */
export function likeliestOf(boxes: readonly Box[]): Region[] {
  return toRegions(boxes).slice(0, 1);
}

/** In which a picture that was turned has no blank corners. */
export function middlesOf({ left, top, width, height, degrees }: Region): Region[] {
  return middleShares
    .map((share) => ({
      left: left + (width * (1 - share)) / 2,
      top: top + (height * (1 - share)) / 2,
      width: width * share,
      height: height * share,
      degrees,
    }))
    .filter(isWorthwhile);
}

function sharpWithin(detail: DetailMap, box: Box): Box[] {
  return findSharpBoxes(detail, box).filter((inner) => !isNear(regionOfBox(inner), regionOfBox(box)));
}

/** As shares of the picture, those that are worth a look. */
function toRegions(boxes: readonly Box[]): Region[] {
  return boxes.map(regionOfBox).filter(isWorthwhile);
}

/** Of regions that are about the same the first. */
export function distinct(regions: readonly Region[]): Region[] {
  const kept: Region[] = [];
  for (const region of regions) {
    if (!kept.some((other) => isNear(region, other))) kept.push(region);
  }
  return kept;
}
