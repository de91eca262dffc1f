/**
 * Brings a part of the upload's picture over a part of the known one as exactly as it goes, and says how well they agree.
 *
 * Views and regions are a coarse grid: a crop of 7 % is met by the view of 10 %. From there the six numbers of an affine
 * map are refined so that the correlation of the pixels is greatest: the forward additive scheme of Evangelidis and
 * Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", IEEE TPAMI 30 (2008).
 * Correlation does not see brightness and contrast, so that colour edits do not matter.
 */
import { correlationIn, gridSide, type Laid, momentsOf, wholeGrid } from './moments.ts';
import type { Affine } from './region.ts';
import { composed, sampleGrid, type Thumbnail } from './thumbnail.ts';

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

export interface Registration extends Laid {
  /** Maps (u, v) of the hypothesis' known region to (u, v) that its upload region shows there. */
  readonly warp: Affine;
  /** Of all pixels that both show, -1 to 1. */
  readonly correlation: number;
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
    return {
      warp,
      correlation: correlationIn(momentsOf(template, sampled, inside, wholeGrid)),
      known: template,
      upload: sampled,
      inside,
    };
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

/** One step of the scheme; undefined where the picture gives it no hold. */
function improved({ warp, known, upload, inside }: Registration): Affine | undefined {
  const { hessian, onKnown, onUpload, uploadNorm, product } = normalEquations(known, upload, inside);
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

/** Of the six parameters, of which three move u and three move v: by 1, by u and by v. */
interface NormalEquations {
  /** Rows of `parameters` each, symmetric. */
  readonly hessian: Float64Array;
  /** Of the gradients with the known picture and with the upload's, both without their means. */
  readonly onKnown: Float64Array;
  readonly onUpload: Float64Array;
  uploadNorm: number;
  product: number;
}

/** Row by row, for in a row v is the same: each cell is multiplied by u alone, and each row by v. */
function normalEquations(known: Float32Array, upload: Float32Array, inside: Uint8Array): NormalEquations {
  const equations: NormalEquations = {
    hessian: new Float64Array(parameters * parameters),
    onKnown: new Float64Array(parameters),
    onUpload: new Float64Array(parameters),
    uploadNorm: 0,
    product: 0,
  };
  const pair = { known, upload, inside, meanKnown: meanOf(known, inside), meanUpload: meanOf(upload, inside) };
  const sums = new Float64Array(rowSums);
  for (let row = 0; row < gridSide; row++) {
    sumRow(pair, row, sums);
    addRow(sums, (row + 0.5) / gridSide - 0.5, equations);
  }
  return equations;
}

interface CentredPair extends Laid {
  readonly meanKnown: number;
  readonly meanUpload: number;
}

/** What `sumRow` writes, in this order. */
const rowSums = 19;

/**
 * Sums over the cells of a row that count: of the products of the gradients (uu, uv, vv) with 1, u and u squared; of both
 * gradients with the known picture and the upload's, each with 1 and u; of the upload's squares, and of both pictures.
 */
function sumRow({ known, upload, inside, meanKnown, meanUpload }: CentredPair, row: number, sums: Float64Array): void {
  let [uu0, uu1, uu2, uv0, uv1, uv2, vv0, vv1, vv2] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let [uKnown0, uKnown1, vKnown0, vKnown1, uUpload0, uUpload1, vUpload0, vUpload1] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [norm, product] = [0, 0];
  const start = row * gridSide;
  const north = row === 0 ? 0 : -gridSide;
  const south = row === gridSide - 1 ? 0 : gridSide;
  const perRow = (gridSide * gridSide) / (south - north);
  for (let column = 0; column < gridSide; column++) {
    const at = start + column;
    if (inside[at] === 0) continue;
    const a = (known[at] as number) - meanKnown;
    const b = (upload[at] as number) - meanUpload;
    const west = column === 0 ? 0 : -1;
    const east = column === gridSide - 1 ? 0 : 1;
    const gu = (((upload[at + east] as number) - (upload[at + west] as number)) * gridSide) / (east - west);
    const gv = ((upload[at + south] as number) - (upload[at + north] as number)) * perRow;
    const u = (column + 0.5) / gridSide - 0.5;
    const [guU, gvU] = [gu * u, gv * u];
    uu0 += gu * gu;
    uu1 += gu * guU;
    uu2 += guU * guU;
    uv0 += gu * gv;
    uv1 += gu * gvU;
    uv2 += guU * gvU;
    vv0 += gv * gv;
    vv1 += gv * gvU;
    vv2 += gvU * gvU;
    uKnown0 += gu * a;
    uKnown1 += guU * a;
    vKnown0 += gv * a;
    vKnown1 += gvU * a;
    uUpload0 += gu * b;
    uUpload1 += guU * b;
    vUpload0 += gv * b;
    vUpload1 += gvU * b;
    norm += b * b;
    product += a * b;
  }
  sums.set([uu0, uu1, uu2, uv0, uv1, uv2, vv0, vv1, vv2]);
  sums.set([uKnown0, uKnown1, vKnown0, vKnown1, uUpload0, uUpload1, vUpload0, vUpload1, norm, product], 9);
}

function addRow(sums: Float64Array, v: number, equations: NormalEquations): void {
  const { hessian, onKnown, onUpload } = equations;
  const at = (place: number) => sums[place] as number;
  addBlock(hessian, 0, 0, [at(0), at(1), at(2)], v);
  addBlock(hessian, 3, 0, [at(3), at(4), at(5)], v);
  addBlock(hessian, 3, 3, [at(6), at(7), at(8)], v);
  addSide(onKnown, 0, at(9), at(10), v);
  addSide(onKnown, 3, at(11), at(12), v);
  addSide(onUpload, 0, at(13), at(14), v);
  addSide(onUpload, 3, at(15), at(16), v);
  equations.uploadNorm += at(17);
  equations.product += at(18);
}

/** Three parameters with three: `sums` with 1, u and u squared. */
function addBlock(
  hessian: Float64Array,
  top: number,
  left: number,
  sums: readonly [number, number, number],
  v: number,
): void {
  const [of1, ofU, ofUU] = sums;
  const block = [of1, ofU, v * of1, ofU, ofUU, v * ofU, v * of1, v * ofU, v * v * of1];
  for (let place = 0; place < block.length; place++) {
    const cell = (top + Math.floor(place / 3)) * parameters + left + (place % 3);
    hessian[cell] = (hessian[cell] as number) + (block[place] as number);
  }
}

function addSide(side: Float64Array, from: number, of1: number, ofU: number, v: number): void {
  side[from] = (side[from] as number) + of1;
  side[from + 1] = (side[from + 1] as number) + ofU;
  side[from + 2] = (side[from + 2] as number) + v * of1;
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
