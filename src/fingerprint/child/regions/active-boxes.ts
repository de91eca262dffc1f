/** The part of a video that moves: a picture on a still background, over a still caption, in a still window. */
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import { type Box, isLargeEnough, type Plane, planeSide } from './box.ts';

/** Gray levels between the darkest and the brightest that a pixel gets, over which it moves; a box for each. */
const movements = [16, 24, 32];
/** How many of the movements a pixel exceeds, by how far apart its darkest and its brightest are. */
const rankOfRange = Uint8Array.from({ length: 256 }, (_, range) => movements.filter((least) => range > least).length);
/** Moving pixels that make a row or column move; fewer are specks of the encoder. */
const movingPixelsMin = 3;

/** None for a single picture. */
export function findActiveBoxes(planes: readonly Plane[], mapper: Pick<PlaneMapper, 'mapRange'>): Box[] {
  if (planes.length < 2) return [];
  const counted = countMoving(mapper.mapRange(planes));
  return movements.flatMap((_, rank) => activeBox(counted, rank) ?? []).filter(isLargeEnough);
}

/** For each movement, of each line, how many pixels move by more. */
interface MovingCounts {
  readonly rows: readonly Uint16Array[];
  readonly columns: readonly Uint16Array[];
}

/** Each pixel is counted once, for the greatest movement that it exceeds: then it exceeds all lesser ones. */
function countMoving(movement: Uint8Array): MovingCounts {
  const rows = linesOfZero();
  const columns = linesOfZero();
  for (let row = 0, at = 0; row < planeSide; row++) {
    for (let column = 0; column < planeSide; column++, at++) {
      const first = (rankOfRange[movement[at] as number] as number) * planeSide;
      if (first === 0) continue;
      rows[first + row] = (rows[first + row] as number) + 1;
      columns[first + column] = (columns[first + column] as number) + 1;
    }
  }
  return { rows: summedFromGreatest(rows), columns: summedFromGreatest(columns) };
}

/** Lines of one rank after those of the other. Rank 0 exceeds nothing. */
function linesOfZero(): Uint16Array {
  return new Uint16Array((movements.length + 1) * planeSide);
}

/** Each movement with all greater ones. */
function summedFromGreatest(counts: Uint16Array): Uint16Array[] {
  for (let at = counts.length - planeSide - 1; at >= planeSide; at--) {
    counts[at] = (counts[at] as number) + (counts[at + planeSide] as number);
  }
  return movements.map((_, rank) => counts.subarray((rank + 1) * planeSide, (rank + 2) * planeSide));
}

function activeBox(counted: MovingCounts, rank: number): Box | null {
  const [rows, columns] = [counted.rows[rank], counted.columns[rank]];
  if (rows === undefined || columns === undefined) return null;
  const isMoving = (count: number) => count >= movingPixelsMin;
  const [top, left] = [rows.findIndex(isMoving), columns.findIndex(isMoving)];
  if (top < 0 || left < 0) return null;
  return { left, top, right: columns.findLastIndex(isMoving) + 1, bottom: rows.findLastIndex(isMoving) + 1 };
}
