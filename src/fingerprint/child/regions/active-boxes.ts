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
  const rows = linesOfZero(movements.length + 1);
  const columns = linesOfZero(movements.length + 1);
  for (let at = 0; at < movement.length; at++) {
    const rank = rankOfRange[movement[at] as number] as number;
    if (rank === 0) continue;
    increment(rows[rank] as Uint16Array, at >> 7);
    increment(columns[rank] as Uint16Array, at & (planeSide - 1));
  }
  return { rows: summedFromGreatest(rows), columns: summedFromGreatest(columns) };
}

function linesOfZero(count: number): Uint16Array[] {
  return Array.from({ length: count }, () => new Uint16Array(planeSide));
}

function increment(counts: Uint16Array, line: number): void {
  counts[line] = (counts[line] as number) + 1;
}

/** Without rank 0, which exceeds nothing. */
function summedFromGreatest(counts: readonly Uint16Array[]): Uint16Array[] {
  const ranks = counts.slice(1);
  return ranks.map((_, from) => sumOf(ranks.slice(from)));
}

function sumOf(counts: readonly Uint16Array[]): Uint16Array {
  return Uint16Array.from({ length: planeSide }, (_, line) => counts.reduce((sum, each) => sum + (each[line] ?? 0), 0));
}

function activeBox(counted: MovingCounts, rank: number): Box | null {
  const [rows, columns] = [counted.rows[rank], counted.columns[rank]];
  if (rows === undefined || columns === undefined) return null;
  const isMoving = (count: number) => count >= movingPixelsMin;
  const [top, left] = [rows.findIndex(isMoving), columns.findIndex(isMoving)];
  if (top < 0 || left < 0) return null;
  return { left, top, right: columns.findLastIndex(isMoving) + 1, bottom: rows.findLastIndex(isMoving) + 1 };
}
