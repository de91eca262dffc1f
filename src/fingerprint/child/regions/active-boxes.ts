/** The part of a video that moves: a picture on a still background, over a still caption, in a still window. */
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import { type Box, isLargeEnough, type Plane, planeSide } from './box.ts';

/** Gray levels between the darkest and the brightest that a pixel gets, over which it moves; a box for each. */
const movements = [16, 24, 32];
/** Moving pixels that make a row or column move; fewer are specks of the encoder. */
const movingPixelsMin = 3;

/** None for a single picture. */
export function findActiveBoxes(planes: readonly Plane[], mapper: Pick<PlaneMapper, 'mapRange'>): Box[] {
  if (planes.length < 2) return [];
  const movement = mapper.mapRange(planes);
  return movements.flatMap((least) => activeBox(movement, least) ?? []).filter(isLargeEnough);
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
