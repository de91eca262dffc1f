/** Rectangles in the small pictures that regions are detected in. */
import { limits } from '../../../config/limits.ts';
import type { Region } from '../../../match/region.ts';

/** Pixels a side of those pictures. */
export const { planeSide } = limits;

/** An upload's frame, gray, `planeSide` squared bytes, rows from the top. */
export type Plane = Uint8Array;

/** In pixels of a plane, also parts of one. Pixels from `left` to `right`, which is the first beyond it. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const wholePlane: Box = { left: 0, top: 0, right: planeSide, bottom: planeSide };

/** Less than this of a side holds too little of a picture. */
const shareMin = 0.25;
/** More than this of both sides is the whole picture. */
const shareMax = 0.97;
/** Sides nearer to each other than this share are the same side. */
const sameShare = 0.02;

export function isWorthwhile(region: Region): boolean {
  const { width, height } = region;
  return width >= shareMin && height >= shareMin && (width <= shareMax || height <= shareMax);
}

export function isLargeEnough({ left, top, right, bottom }: Box): boolean {
  return right - left >= shareMin * planeSide && bottom - top >= shareMin * planeSide;
}

/** The pixels that lie in the box with all of them. */
export function wholePixelsOf({ left, top, right, bottom }: Box): Box {
  return { left: Math.ceil(left), top: Math.ceil(top), right: Math.floor(right), bottom: Math.floor(bottom) };
}

export function isNear(a: Region, b: Region): boolean {
  return (
    a.degrees === b.degrees &&
    Math.abs(a.left - b.left) < sameShare &&
    Math.abs(a.top - b.top) < sameShare &&
    Math.abs(a.left + a.width - b.left - b.width) < sameShare &&
    Math.abs(a.top + a.height - b.top - b.height) < sameShare
  );
}

export function regionOfBox({ left, top, right, bottom }: Box): Region {
  return {
    left: left / planeSide,
    top: top / planeSide,
    width: (right - left) / planeSide,
    height: (bottom - top) / planeSide,
    degrees: 0,
  };
}
