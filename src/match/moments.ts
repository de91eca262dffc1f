/** What two pictures that lie over each other on a grid have in common, cell by cell: sums, and correlation from them. */

/** Cells across and down; the pictures are some 32 to 64 pixels wide. */
export const gridSide = 32;

/** Two pictures over each other, row after row; `inside` is 0 for cells that do not count. */
export interface Laid {
  readonly known: Float32Array;
  readonly upload: Float32Array;
  readonly inside: Uint8Array;
}

/** In cells; `right` and `bottom` are the first beyond it. */
export interface GridArea {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const wholeGrid: GridArea = { left: 0, top: 0, right: gridSide, bottom: gridSide };

/** Over the cells of an area that count: how many, and the sums of a, b, and their products. */
export interface Moments {
  readonly count: number;
  readonly sumA: number;
  readonly sumB: number;
  readonly sumAA: number;
  readonly sumBB: number;
  readonly sumAB: number;
}

/** `a`, `b` and `inside` have a value for each cell of the grid, row after row; those with 0 inside do not count. */
export function momentsOf(a: Float32Array, b: Float32Array, inside: Uint8Array, area: GridArea): Moments {
  const { left, top, right, bottom } = area;
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  let sumAA = 0;
  let sumBB = 0;
  let sumAB = 0;
  for (let row = top; row < bottom; row++) {
    const end = row * gridSide + right;
    for (let at = row * gridSide + left; at < end; at++) {
      if (inside[at] === 0) continue;
      const x = a[at] as number;
      const y = b[at] as number;
      count += 1;
      sumA += x;
      sumB += y;
      sumAA += x * x;
      sumBB += y * y;
      sumAB += x * y;
    }
  }
  return { count, sumA, sumB, sumAA, sumBB, sumAB };
}

/** Pearson's correlation, -1 to 1; 0 where one side is flat. */
export function correlationIn({ count, sumA, sumB, sumAA, sumBB, sumAB }: Moments): number {
  const varianceA = sumAA - (sumA * sumA) / count;
  const varianceB = sumBB - (sumB * sumB) / count;
  if (!(varianceA > count && varianceB > count)) return 0;
  return (sumAB - (sumA * sumB) / count) / Math.sqrt(varianceA * varianceB);
}
