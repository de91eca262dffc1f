/** Upright boxes in whole pixels, and what several detectors do to them. */
import type { Region } from '../../../match/region.ts';

/** From `left` up to and without `right`, in pixels of a square picture. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A smaller part of a picture shows too little to be compared. */
const sideShareMin = 0.25;
/** A larger one is the picture itself. */
const sideShareMax = 0.97;
/** Boxes whose sides all lie this close are the same. */
const sameShare = 0.02;

export function wholeOf(side: number): Box {
  return { left: 0, top: 0, right: side, bottom: side };
}

export function widthOf({ left, right }: Box): number {
  return right - left;
}

export function heightOf({ top, bottom }: Box): number {
  return bottom - top;
}

/** True when the box is neither next to nothing nor nearly everything. */
export function isTelling(box: Box, side: number): boolean {
  const [width, height] = [widthOf(box) / side, heightOf(box) / side];
  return Math.min(width, height) >= sideShareMin && Math.min(width, height) <= sideShareMax;
}

export function isSame(a: Box, b: Box, side: number): boolean {
  const apart = Math.max(
    Math.abs(a.left - b.left),
    Math.abs(a.top - b.top),
    Math.abs(a.right - b.right),
    Math.abs(a.bottom - b.bottom),
  );
  return apart <= sameShare * side;
}

/** Telling boxes, each once: the first of those that are the same. */
export function distinct(boxes: readonly Box[], side: number): Box[] {
  const kept: Box[] = [];
  for (const box of boxes) {
    if (isTelling(box, side) && !kept.some((other) => isSame(other, box, side))) kept.push(box);
  }
  return kept;
}

export function regionOf({ left, top, right, bottom }: Box, side: number): Region {
  return {
    left: left / side,
    top: top / side,
    width: (right - left) / side,
    height: (bottom - top) / side,
    degrees: 0,
  };
}

/** The box that is left when lines for which `isOutside` holds are taken off from each end. Empty when all of them are. */
export function trimmed(
  within: Box,
  isRowOutside: (row: number) => boolean,
  isColumnOutside: (column: number) => boolean,
): Box {
  let { left, top, right, bottom } = within;
  while (top < bottom && isRowOutside(top)) top += 1;
  while (bottom > top && isRowOutside(bottom - 1)) bottom -= 1;
  while (left < right && isColumnOutside(left)) left += 1;
  while (right > left && isColumnOutside(right - 1)) right -= 1;
  return { left, top, right, bottom };
}
