/**
 * Which parts of an upload's pictures to look at: where another picture may have been pasted in, found by what surrounds
 * it, and a few fixed parts for what no detector sees. The same for all frames, since geometry is constant within a copy.
 */
import { fullRegion, type Region } from '../../../match/region.ts';
import { type Box, distinct, isTelling, regionOf, wholeOf } from './boxes.ts';
import { edgeBoxes } from './straight-edges.ts';
import { type Frames, withoutBars, withoutBlur, withoutStillness } from './surroundings.ts';

export interface UploadRegion {
  readonly region: Region;
  /** 1: likely, and cheap for what it finds. 2: what few copies need. */
  readonly tier: 1 | 2;
}

const edgeBoxesMax = 6;
const nestedBoxesMax = 3;
const detectedMax = 16;

const upright = (left: number, top: number, width: number, height: number): Region => ({
  left,
  top,
  width,
  height,
  degrees: 0,
});
const centred = (width: number, height: number): Region => upright((1 - width) / 2, (1 - height) / 2, width, height);

/** Letterboxes and pillarboxes of the usual proportions, whatever is in the bars. */
const strips: readonly Region[] = [0.75, 0.56, 0.32].flatMap((share) => [centred(1, share), centred(share, 1)]);

const crops: readonly Region[] = [
  ...[0.9, 0.8, 0.7].map((share) => centred(share, share)),
  ...corners(0.8),
  upright(0, 0, 0.5, 1),
  upright(0.5, 0, 0.5, 1),
  upright(0, 0, 1, 0.5),
  upright(0, 0.5, 1, 0.5),
  ...corners(0.5),
];

function corners(share: number): Region[] {
  const rest = 1 - share;
  return [[0, 0] as const, [rest, 0] as const, [0, rest] as const, [rest, rest] as const].map(([left, top]) =>
    upright(left, top, share, share),
  );
}

/** `frames` are square gray pictures of `side` x `side` pixels, at least one, spread over the upload. */
export function detectRegions(frames: readonly Uint8Array[], side: number): UploadRegion[] {
  const detected = detectBoxes({ side, frames }).map((box) => regionOf(box, side));
  return [
    ...[fullRegion, ...detected, ...strips].map((region) => ({ region, tier: 1 as const })),
    ...crops.map((region) => ({ region, tier: 2 as const })),
  ];
}

/** Likely ones first. */
function detectBoxes(frames: Frames): Box[] {
  const { side } = frames;
  const whole = wholeOf(side);
  const inner = withoutBars(frames, whole);
  // A frame within a frame: a player's window on a page, a letterbox that was framed once more.
  const nested = isTelling(inner, side)
    ? [...edgeBoxes(frames, inner, nestedBoxesMax), withoutBars(frames, shrunk(inner)), ...withoutBlur(frames, inner)]
    : [];
  const boxes = [
    inner,
    ...edgeBoxes(frames, whole, edgeBoxesMax),
    ...withoutStillness(frames, whole),
    ...withoutBlur(frames, whole),
    ...nested,
  ];
  return distinct(boxes, side).slice(0, detectedMax);
}

/** Without the line that separates a frame from what is in it. */
function shrunk({ left, top, right, bottom }: Box): Box {
  return { left: left + 2, top: top + 2, right: right - 2, bottom: bottom - 2 };
}
