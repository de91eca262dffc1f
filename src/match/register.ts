/**
 * Brings a part of the upload's picture over a part of the known one as exactly as it goes, and says how well they agree.
 *
 * Views and regions are a coarse grid: a crop of 7 % is met by the view of 10 %. From there the six numbers of an affine
 * map are refined so that the correlation of the pixels is greatest: the forward additive scheme of Evangelidis and
 * Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", IEEE TPAMI 30 (2008).
 * Correlation does not see brightness and contrast, so that colour edits do not matter.
 */
import type { Affine } from './region.ts';
import { composed, sampleGrid, type Thumbnail } from './thumbnail.ts';

/** Samples across; the pictures are some 32 to 64 pixels wide. */
export const gridSide = 32;
const cells = gridSide * gridSide;
const iterationsMax = 12;
const parameters = 6;
/** A step that improves less ends the search. */
const improvementMin = 0.0005;
/** Share of the known part that must show in the upload; less says nothing. */
const overlapMin = 0.4;
/** How far a map may come away from where it began: its stretch and turn, and its shift in shares of the region. */
export interface Leeway {
  readonly stretch: number;
  readonly shift: number;
}

/** Beyond the hypothesis: what lies further has a hypothesis of its own. */
const beyondHypothesis: Leeway = { stretch: 0.25, shift: 0.2 };

export interface Registration {
  /** Maps (u, v) of the hypothesis' known region to (u, v) that its upload region shows there. */
  readonly warp: Affine;
  /** Of all pixels that both show, -1 to 1. */
  readonly correlation: number;
  readonly known: Float32Array;
  readonly upload: Float32Array;
  readonly inside: Uint8Array;
}

/** Where the hypothesis is exact. */
export const identity: Affine = { x0: 0, xu: 1, xv: 0, y0: 0, yu: 0, yv: 1 };

/** Two pictures and which parts of them are to show the same: the maps take (u, v) to shares of the pictures. */
export interface Pair {
  readonly known: Thumbnail;
  readonly knownMap: Affine;
  readonly upload: Thumbnail;
  readonly uploadMap: Affine;
}

/** Lays one pair over each other by a warp. Undefined when they hardly overlap there. */
export type Overlay = (warp: Affine) => Registration | undefined;

/** The known side is sampled once, whatever number of warps are tried. */
export function overlay({ known, knownMap, upload, uploadMap }: Pair): Overlay {
  const template = new Float32Array(cells);
  const shown = new Uint8Array(cells);
  sampleGrid(known, knownMap, gridSide, template, shown);
  return (warp) => {
    const sampled = new Float32Array(cells);
    const inside = new Uint8Array(cells);
    sampleGrid(upload, composed(uploadMap, warp), gridSide, sampled, inside);
    let overlap = 0;
    for (let at = 0; at < cells; at++) {
      inside[at] = (inside[at] ?? 0) & (shown[at] ?? 0);
      overlap += inside[at] ?? 0;
    }
    if (overlap < overlapMin * cells) return undefined;
    return { warp, correlation: correlationOf(template, sampled, inside), known: template, upload: sampled, inside };
  };
}

/** The pair laid over each other as well as it goes near `from`. Undefined when they hardly overlap there. */
export function register(look: Overlay, from = identity, leeway = beyondHypothesis): Registration | undefined {
  let best = look(from);
  for (let round = 0; best !== undefined && round < iterationsMax; round++) {
    const warp = improved(best);
    const next = warp === undefined || !isNear(warp, from, leeway) ? undefined : look(warp);
    if (next === undefined || next.correlation < best.correlation) break;
    const settled = next.correlation - best.correlation < improvementMin;
    best = next;
    if (settled) break;
  }
  return best;
}

function isNear(warp: Affine, from: Affine, { stretch, shift }: Leeway): boolean {
  const [xu, xv, yu, yv] = [warp.xu - from.xu, warp.xv - from.xv, warp.yu - from.yu, warp.yv - from.yv];
  const centreX = warp.x0 - from.x0 + (xu + xv) / 2;
  const centreY = warp.y0 - from.y0 + (yu + yv) / 2;
  return (
    Math.max(Math.abs(xu), Math.abs(yv), Math.abs(xv), Math.abs(yu)) <= stretch &&
    Math.max(Math.abs(centreX), Math.abs(centreY)) <= shift
  );
}

/** Pearson's correlation over the cells that count; 0 where one side is flat. */
export function correlationOf(a: Float32Array, b: Float32Array, inside: Uint8Array): number {
  let [count, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    if (inside[at] === 0) continue;
    const [x, y] = [a[at] ?? 0, b[at] ?? 0];
    count += 1;
    sumA += x;
    sumB += y;
    sumAA += x * x;
    sumBB += y * y;
    sumAB += x * y;
  }
  const varianceA = sumAA - (sumA * sumA) / count;
  const varianceB = sumBB - (sumB * sumB) / count;
  if (!(varianceA > count && varianceB > count)) return 0;
  return (sumAB - (sumA * sumB) / count) / Math.sqrt(varianceA * varianceB);
}

/** One step of the scheme; undefined where the picture gives it no hold. */
function improved({ warp, known, upload, inside }: Registration): Affine | undefined {
  const [meanKnown, meanUpload] = [meanOf(known, inside), meanOf(upload, inside)];
  const hessian = new Float64Array(parameters * parameters);
  const onKnown = new Float64Array(parameters);
  const onUpload = new Float64Array(parameters);
  const gradient = new Float64Array(parameters);
  let [uploadNorm, product] = [0, 0];
  for (let at = 0; at < cells; at++) {
    if (inside[at] === 0) continue;
    const a = (known[at] as number) - meanKnown;
    const b = (upload[at] as number) - meanUpload;
    uploadNorm += b * b;
    product += a * b;
    derive(upload, at, gradient);
    for (let i = 0; i < parameters; i++) {
      const along = gradient[i] as number;
      onKnown[i] = (onKnown[i] as number) + along * a;
      onUpload[i] = (onUpload[i] as number) + along * b;
      for (let j = 0; j <= i; j++) {
        const cell = i * parameters + j;
        hessian[cell] = (hessian[cell] as number) + along * (gradient[j] as number);
      }
    }
  }
  const solvedUpload = solve(hessian, onUpload);
  if (solvedUpload === undefined) return undefined;
  const denominator = product - dot(onKnown, solvedUpload);
  const lambda = (uploadNorm - dot(onUpload, solvedUpload)) / denominator;
  if (!(denominator > 0 && lambda > 0)) return undefined;
  const step = solve(
    hessian,
    onKnown.map((value, i) => lambda * value - (onUpload[i] as number)),
  );
  return step === undefined ? undefined : moved(warp, step);
}

/** Derivatives of the sampled upload at one cell by the six parameters; places are counted from the centre. */
function derive(upload: Float32Array, at: number, gradient: Float64Array): void {
  const row = Math.floor(at / gridSide);
  const column = at % gridSide;
  const west = column === 0 ? at : at - 1;
  const east = column === gridSide - 1 ? at : at + 1;
  const north = row === 0 ? at : at - gridSide;
  const south = row === gridSide - 1 ? at : at + gridSide;
  const gu = (((upload[east] as number) - (upload[west] as number)) * gridSide) / (east - west);
  const gv = (((upload[south] as number) - (upload[north] as number)) * gridSide * gridSide) / (south - north);
  const u = (column + 0.5) / gridSide - 0.5;
  const v = (row + 0.5) / gridSide - 0.5;
  gradient[0] = gu;
  gradient[1] = gu * u;
  gradient[2] = gu * v;
  gradient[3] = gv;
  gradient[4] = gv * u;
  gradient[5] = gv * v;
}

function meanOf(values: Float32Array, inside: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    if (inside[at] === 0) continue;
    sum += values[at] as number;
    count += 1;
  }
  return sum / Math.max(1, count);
}

/** The step is in places counted from the centre; the warp counts from the corner. */
function moved(warp: Affine, step: Float64Array): Affine {
  const [shiftX = 0, dxu = 0, dxv = 0, shiftY = 0, dyu = 0, dyv = 0] = step;
  return {
    x0: warp.x0 + shiftX - (dxu + dxv) / 2,
    xu: warp.xu + dxu,
    xv: warp.xv + dxv,
    y0: warp.y0 + shiftY - (dyu + dyv) / 2,
    yu: warp.yu + dyu,
    yv: warp.yv + dyv,
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** Solves for a symmetric positive matrix of which the lower half is given, by Cholesky; undefined when it is not one. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const n = parameters;
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (lower[i * n + k] ?? 0) * (lower[j * n + k] ?? 0);
      if (i === j && !(sum > 1e-9)) return undefined;
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / (lower[j * n + j] ?? 1);
    }
  }
  const solved = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = right[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (lower[i * n + k] ?? 0) * (solved[k] ?? 0);
    solved[i] = sum / (lower[i * n + i] ?? 1);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = solved[i] ?? 0;
    for (let k = i + 1; k < n; k++) sum -= (lower[k * n + i] ?? 0) * (solved[k] ?? 0);
    solved[i] = sum / (lower[i * n + i] ?? 1);
  }
  return solved;
}
