/**
 * Which parts of an upload's frames are hashed: what is detected (`detect-regions.ts`), and fixed regions, which cover what
 * leaves nothing behind.
 */
import { limits } from '../../../config/limits.ts';
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import { fullRegion, inscribed, type Region } from '../../../match/region.ts';
import { isWithin, type TimeSpan } from '../../../match/time-span.ts';
import { isNear, type Plane } from './box.ts';
import { detectBoxes, distinct, likeliestOf, middlesOf, nestedRegionsOf, regionsOf } from './detect-regions.ts';

export interface ListedRegion {
  readonly region: Region;
  /** 1 comes first: likely and cheap; 2 when that was not enough. */
  readonly tier: 1 | 2;
  /** Only the frames in it; all when left out. */
  readonly within?: TimeSpan;
}

export interface TimedPlane {
  readonly timeMs: number;
  readonly plane: Plane;
}

/** Frames of a passage: so many in a row, about half of them also in the next passage. */
const passageFrames = 4;
const passageStep = 2;
/** Passages at most, and what is listed of each. */
const passagesMax = 5;
const passageRegionsMax = 5;

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
/** Of these the usual ones. */
const slightTurns = [-3, 3];

export interface RegionList {
  /** Tier 1: the picture, what is detected, then strips. */
  readonly likely: readonly ListedRegion[];
  /**
   * Tier 2, looked for when it is asked for: what is nested, crops and what is turned, all for all frames; at last what is only
   * detected in a passage, for its frames.
   */
  others(): readonly ListedRegion[];
}

/** `frames` are in order of time; `aspect` is the picture's width over its height. */
export function listRegions(frames: readonly TimedPlane[], aspect: number, mapper: PlaneMapper): RegionList {
  if (frames.length === 0) return { likely: [], others: () => [] };
  const planes = frames.map(({ plane }) => plane);
  const boxes = detectBoxes(planes, mapper);
  const detected = regionsOf(boxes);
  const likely = distinct([fullRegion, ...detected, ...strips]).map((region) => ({ region, tier: 1 as const }));
  const others = () => {
    const turned = turns.map((degrees) => turnedWithin(detected[0] ?? fullRegion, degrees, aspect));
    const throughout = [...nestedRegionsOf(boxes, planes), ...crops, ...turned];
    const inPassages = passagesOf(frames).flatMap((passage) => regionsOfPassage(passage, aspect, mapper));
    const all = [...throughout.map((region) => ({ region, tier: 2 as const })), ...inPassages];
    return joinRegions(likely, all).slice(likely.length);
  };
  return { likely, others };
}

/** A copy may be part of a longer film, and framed while the film around it is not. */
function passagesOf(frames: readonly TimedPlane[]): (readonly TimedPlane[])[] {
  if (frames.length <= passageFrames) return [];
  const last = frames.length - passageFrames;
  const count = Math.min(passagesMax, Math.ceil(last / passageStep) + 1);
  const starts = Array.from({ length: count }, (_, place) => Math.round((place * last) / (count - 1)));
  return starts.map((start) => frames.slice(start, start + passageFrames));
}

function regionsOfPassage(passage: readonly TimedPlane[], aspect: number, mapper: PlaneMapper): ListedRegion[] {
  const within = { startMs: passage[0]?.timeMs ?? 0, endMs: passage.at(-1)?.timeMs ?? 0 };
  const boxes = detectBoxes(
    passage.map(({ plane }) => plane),
    mapper,
  );
  const detected = regionsOf(boxes).slice(0, passageRegionsMax);
  const framed = likeliestOf(boxes.hard);
  const turned = framed.flatMap((region) => slightTurns.map((degrees) => turnedWithin(region, degrees, aspect)));
  return [...detected, ...framed.flatMap(middlesOf), ...turned].map((region) => ({ region, tier: 2, within }));
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

/**
 * `before`, and of `after` what is not about the same as any of them at the same time; as many as an upload may have. One that
 * is about the same at another time goes by the same region: hypotheses are told apart by it.
 */
export function joinRegions(before: readonly ListedRegion[], after: readonly ListedRegion[]): ListedRegion[] {
  const joined = [...before];
  for (const listed of after) {
    const alike = joined.filter(({ region }) => isNear(region, listed.region));
    if (alike.some(({ within }) => covers(within, listed.within))) continue;
    joined.push({ ...listed, region: alike[0]?.region ?? listed.region });
  }
  return joined.slice(0, limits.regionsMax);
}

function covers(outer: TimeSpan | undefined, inner: TimeSpan | undefined): boolean {
  if (outer === undefined) return true;
  return inner !== undefined && isWithin(inner.startMs, outer) && isWithin(inner.endMs, outer);
}
