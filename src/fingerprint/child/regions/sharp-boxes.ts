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

/** Mean over the frames, for each pixel of a plane; see `mapDetail`. */
export type DetailMap = Float32Array;

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
  const detail = Float32Array.from(mapper.mapDetail(planes));
  for (let at = 0; at < detail.length; at++) detail[at] = (detail[at] ?? 0) / planes.length;
  return repeatAtEdges(detail);
}

function repeatAtEdges(detail: Float32Array): Float32Array {
  const last = planeSide - 1;
  for (let y = 1; y < last; y++) {
    detail[y * planeSide] = detail[y * planeSide + 1] ?? 0;
    detail[y * planeSide + last] = detail[y * planeSide + last - 1] ?? 0;
  }
  detail.copyWithin(0, planeSide, 2 * planeSide);
  detail.copyWithin(last * planeSide, (last - 1) * planeSide, last * planeSide);
  return detail;
}

function rowMeans(detail: DetailMap, { left, top, right, bottom }: Box): Float64Array {
  const means = new Float64Array(Math.max(0, bottom - top));
  for (let at = 0; at < means.length; at++) {
    let sum = 0;
    const start = (top + at) * planeSide;
    for (let place = start + left; place < start + right; place++) sum += detail[place] as number;
    means[at] = sum / (right - left);
  }
  return means;
}

/** Row after row, as they lie in memory. */
function columnMeans(detail: DetailMap, { left, top, right, bottom }: Box): Float64Array {
  const sums = new Float64Array(Math.max(0, right - left));
  for (let row = top; row < bottom; row++) {
    const start = row * planeSide + left;
    for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) + (detail[start + at] as number);
  }
  return sums.map((sum) => sum / (bottom - top));
}
