/** Exports of a hasher: frames in, hashes out. */
import {
  base,
  baseSide,
  channelsMax,
  edgeMap,
  edgeSums,
  frame,
  frameSideMax,
  frameSlackBytes,
  grayPlanes,
  grayPlanesMax,
  hashes,
  planeMap,
  reserveUpTo,
  thumbnail,
  thumbnailSideMax,
  thumbnailSideMin,
} from '../memory-layout';
import { makeBaseOf, makeThumbnailOf } from '../pdq/base';
import { fillDctTable } from '../pdq/dct';
import { fillGuardShares, prepareGuard } from '../pdq/guard';
import { hashFrameOf, hashInReferenceOrder, reruns } from '../pdq/hash-frame';
import { hashRegionOf, shareMax } from '../pdq/region';
import { columnWindow, prepareTents, rowWindow } from '../pdq/tent';
import { hasMedian, mapDetailOf, mapEdgesOf, mapRangeOf, mapStepsOf } from '../planes/plane-maps';
import { assertPart, hasherPart, takePart } from './part';

let frameWidth: u32 = 0;
let frameHeight: u32 = 0;
let frameChannels: u32 = 0;
let hasBase: bool = false;

export function startHasher(): void {
  takePart(hasherPart);
  assert(reserveUpTo(frame + <usize>frameSlackBytes), 'no memory for the hasher');
  fillDctTable();
  fillGuardShares();
}

/** Address of the input buffer for a frame of that shape; may grow memory, which detaches the host's views. */
export function setFrame(width: u32, height: u32, channels: u32): usize {
  assertPart(hasherPart);
  assert(width >= 1 && width <= frameSideMax, 'the width of a frame is 1 to 2048');
  assert(height >= 1 && height <= frameSideMax, 'the height of a frame is 1 to 2048');
  assert(channels === 1 || channels === channelsMax, 'a frame has 1 or 3 channels');
  if (width === frameWidth && height === frameHeight && channels === frameChannels) return frame;
  const frameBytes = width * height * channels;
  assert(reserveUpTo(frame + <usize>(frameBytes + frameSlackBytes)), 'no memory for the frame');
  frameWidth = width;
  frameHeight = height;
  frameChannels = channels;
  prepareTents(width, height, channels);
  prepareGuard(channels, rowWindow, columnWindow);
  return frame;
}

/** Hashes the frame; the hash is at `hashesAddress`. Gives the quality. */
export function hashFrame(): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashFrameOf(frameWidth, frameHeight, frameChannels, false);
}

/** The same for all eight rotations and flips, one after the other at `hashesAddress`. */
export function hashFrameDihedral(): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashFrameOf(frameWidth, frameHeight, frameChannels, true);
}

/** One hash or all eight by the slower path alone, which the other falls back to. For tests and benchmarks. */
export function hashFrameInReferenceOrder(allViews: bool): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashInReferenceOrder(frameWidth, frameHeight, frameChannels, allViews);
}

/** How many frames were hashed a second time, in reference order, because rounding might have mattered. */
export function rerunCount(): u32 {
  return reruns;
}

export function hashesAddress(): usize {
  return hashes;
}

/** The base of the frame, which has 512 x 512 pixels; at `baseAddress`. */
export function makeBase(): void {
  assert(frameWidth === 2 * baseSide && frameHeight === 2 * baseSide, 'the frame of a base has 512 x 512 pixels');
  makeBaseOf(frameChannels);
  hasBase = true;
}

/** 256 x 256 gray, rows from the top. */
export function baseAddress(): usize {
  assertPart(hasherPart);
  return base;
}

/** The host has written a base that it kept. */
export function takeBase(): void {
  assertPart(hasherPart);
  hasBase = true;
}

/**
 * Hashes the region of the base to which the map takes the unit square: one hash or all eight at `hashesAddress`. Gives
 * the quality. Numbers are shares of the picture, from -4 to 4.
 */
export function hashRegion(x0: f64, xu: f64, xv: f64, y0: f64, yu: f64, yv: f64, allViews: bool): u32 {
  assert(hasBase, 'no base was made');
  assert(isShare(x0) && isShare(xu) && isShare(xv), 'the map of a region is in shares from -4 to 4');
  assert(isShare(y0) && isShare(yu) && isShare(yv), 'the map of a region is in shares from -4 to 4');
  return hashRegionOf(x0, xu, xv, y0, yu, yv, allViews);
}

/** Not a number is none. */
function isShare(value: f64): bool {
  return value >= -shareMax && value <= shareMax;
}

/** The base in `side` x `side` pixels; 32, 64 or 128. Gives its address. */
export function makeThumbnail(side: u32): usize {
  assert(hasBase, 'no base was made');
  assert(side >= thumbnailSideMin && side <= thumbnailSideMax && popcnt(side) === 1, 'a thumbnail has 32, 64 or 128');
  makeThumbnailOf(side);
  return thumbnail;
}

/** Where the host writes up to 16 planes of 128 x 128 pixels of gray, one after the other. */
export function grayPlanesAddress(): usize {
  assertPart(hasherPart);
  return grayPlanes;
}

/**
 * The median over the first `count` planes (odd, 9 at most) of how much each pixel differs from the one before it in its
 * row, or above it: u8 each, 0 where there is none, line after line (`before`: by columns). Gives the address of the map, good
 * until the next. Of the same, what stands out and its sum over each line, every place counted `cap` (255 at most) at most:
 * `edgesAddress`, u16 each, and `edgeSumsAddress`, u32 a line.
 */
export function mapEdges(count: u32, downwards: bool, cap: u32): usize {
  assertPlanes(count);
  assert(hasMedian(count), 'a median is taken over an odd number of planes, 9 at most');
  assert(cap <= 255, 'an edge counts 255 at most');
  mapStepsOf(count, downwards);
  mapEdgesOf(cap);
  return planeMap;
}

export function edgesAddress(): usize {
  assertPart(hasherPart);
  return edgeMap;
}

export function edgeSumsAddress(): usize {
  assertPart(hasherPart);
  return edgeSums;
}

/** The sum over the planes of each pixel's Laplacian without its sign: u16 each; what stands at the rim means nothing. */
export function mapDetail(count: u32): usize {
  assertPlanes(count);
  mapDetailOf(count);
  return planeMap;
}

/** Between the darkest and the brightest that each pixel gets: u8 each. */
export function mapRange(count: u32): usize {
  assertPlanes(count);
  mapRangeOf(count);
  return planeMap;
}

function assertPlanes(count: u32): void {
  assertPart(hasherPart);
  assert(count >= 1 && count <= grayPlanesMax, 'there are 1 to 16 planes');
}
