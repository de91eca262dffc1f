/**
 * What is left of a picture without blurred surroundings: rows and columns at its sides that have far less fine detail
 * than the sharp ones. Detail is the Laplacian, the difference of a pixel from its four neighbours.
 */
import type { PlaneMapper } from '../../../kernel/hasher.ts';
import { type Box, isLargeEnough, type Plane, planeSide, wholePixelsOf } from './box.ts';

/** Shares of the detail of a sharp row under which a row is blurred; a box for each. */
const blurredShares = [0.2, 0.35, 0.5];
/** A sharp row is one that has more detail than this share of the rows. */
const sharpRank = 0.8;
/** Gray levels; below it nothing in the picture is sharp. */
const detailMin = 0.5;

/** What all pixels above and to the left have together, for each corner of a pixel, `planeSide` + 1 of them a side. */
export interface DetailMap {
  readonly sums: Uint32Array;
  /** Frames that it was summed over. */
  readonly frames: number;
}

const cornersAcross = planeSide + 1;

export function findSharpBoxes(detail: DetailMap, within: Box): Box[] {
  const bounds = wholePixelsOf(within);
  const rows = rankedLines(rowMeans(detail, bounds));
  const columnsOf = new Map<string, RankedLines>();
  const boxes = blurredShares.map((share) => {
    const [first, below] = sharpRange(rows, share);
    const inner = { ...bounds, top: bounds.top + first, bottom: bounds.top + below };
    const range = `${first} ${below}`;
    const columns = columnsOf.get(range) ?? rankedLines(columnMeans(detail, inner));
    columnsOf.set(range, columns);
    const [start, beyond] = sharpRange(columns, share);
    return { ...inner, left: bounds.left + start, right: bounds.left + beyond };
  });
  return boxes.filter(isLargeEnough);
}

interface RankedLines {
  /** Detail of each row or column. */
  readonly means: Float64Array;
  /** Detail of a sharp one. */
  readonly sharp: number;
}

function rankedLines(means: Float64Array): RankedLines {
  return { means, sharp: means.toSorted()[Math.floor(means.length * sharpRank)] ?? 0 };
}

/** From the first to after the last line that is not blurred. */
function sharpRange({ means, sharp }: RankedLines, share: number): readonly [number, number] {
  if (sharp < detailMin) return [0, means.length];
  const isSharp = (mean: number) => mean >= share * sharp;
  return [means.findIndex(isSharp), means.findLastIndex(isSharp) + 1];
}

/** The outermost pixels have the detail of those beside them. */
export function mapDetail(planes: readonly Plane[], mapper: Pick<PlaneMapper, 'mapDetail'>): DetailMap {
  const detail = mapper.mapDetail(planes);
  const sums = new Uint32Array(cornersAcross ** 2);
  for (let y = 0; y < planeSide; y++) {
    const row = insideRim(y) * planeSide;
    const above = y * cornersAcross + 1;
    let ofRow = 0;
    for (let x = 0; x < planeSide; x++) {
      ofRow += detail[row + insideRim(x)] as number;
      sums[above + cornersAcross + x] = (sums[above + x] as number) + ofRow;
    }
  }
  return { sums, frames: planes.length };
}

function insideRim(place: number): number {
  return Math.min(planeSide - 2, Math.max(1, place));
}

function rowMeans(detail: DetailMap, { left, top, right, bottom }: Box): Float64Array {
  const means = new Float64Array(Math.max(0, bottom - top));
  for (let at = 0; at < means.length; at++) means[at] = meanOf(detail, left, top + at, right, top + at + 1);
  return means;
}

function columnMeans(detail: DetailMap, { left, top, right, bottom }: Box): Float64Array {
  const means = new Float64Array(Math.max(0, right - left));
  for (let at = 0; at < means.length; at++) means[at] = meanOf(detail, left + at, top, left + at + 1, bottom);
  return means;
}

/** Gray levels. */
function meanOf({ sums, frames }: DetailMap, left: number, top: number, right: number, bottom: number): number {
  const [above, below] = [top * cornersAcross, bottom * cornersAcross];
  const sum =
    (sums[below + right] as number) -
    (sums[below + left] as number) -
    (sums[above + right] as number) +
    (sums[above + left] as number);
  return sum / (frames * (right - left) * (bottom - top));
}
