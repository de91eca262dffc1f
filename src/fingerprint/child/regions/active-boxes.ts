/** The part of a video that moves: a picture on a still background, over a still caption, in a still window. */
import { type Box, isLargeEnough, type Plane, planeSide } from './box.ts';

/** Gray levels between the darkest and the brightest that a pixel gets, over which it moves; a box for each. */
const movements = [16, 24, 32];
/** Moving pixels that make a row or column move; fewer are specks of the encoder. */
const movingPixelsMin = 3;

/** None for a single picture. */
export function findActiveBoxes(planes: readonly Plane[]): Box[] {
  if (planes.length < 2) return [];
  const movement = rangeOf(planes);
  return movements.flatMap((least) => activeBox(movement, least) ?? []).filter(isLargeEnough);
}

function rangeOf(planes: readonly Plane[]): Uint8Array {
  const range = new Uint8Array(planeSide * planeSide);
  const least = new Uint8Array(range.length).fill(255);
  for (const plane of planes) {
    for (let at = 0; at < range.length; at++) {
      const level = plane[at] ?? 0;
      // The greatest, until the least is known.
      if (level > (range[at] ?? 0)) range[at] = level;
      if (level < (least[at] ?? 0)) least[at] = level;
    }
  }
  for (let at = 0; at < range.length; at++) range[at] = (range[at] ?? 0) - (least[at] ?? 0);
  return range;
}

function activeBox(movement: Uint8Array, least: number): Box | null {
  const rows = new Uint16Array(planeSide);
  const columns = new Uint16Array(planeSide);
  for (let at = 0; at < movement.length; at++) {
    if ((movement[at] ?? 0) <= least) continue;
    const [row, column] = [at >> 7, at & (planeSide - 1)];
    rows[row] = (rows[row] ?? 0) + 1;
    columns[column] = (columns[column] ?? 0) + 1;
  }
  const isMoving = (count: number) => count >= movingPixelsMin;
  const [top, left] = [rows.findIndex(isMoving), columns.findIndex(isMoving)];
  if (top < 0 || left < 0) return null;
  return { left, top, right: columns.findLastIndex(isMoving) + 1, bottom: rows.findLastIndex(isMoving) + 1 };
}
