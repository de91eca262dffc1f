/** Slow twin of src/match/residual.ts: the same by its definition, until nothing moves. */
import { gridSide, type Laid } from '../../src/match/moments.ts';

type Table = number[][];

const rounds = 400;

export interface SlowResiduals {
  readonly known: number[];
  readonly upload: number[];
  /** Sum of the squares of what the known picture lost by its product: no other one takes more. */
  readonly taken: number;
}

export function residualsSlowly({ known, upload, inside }: Laid): SlowResiduals {
  const counts = tableOf(inside);
  const [ofKnown, ofUpload] = [centred(tableOf(known), counts), centred(tableOf(upload), counts)];
  const product = strongestProduct(ofKnown);
  return {
    known: without(ofKnown, product).flat(),
    upload: without(ofUpload, product).flat(),
    taken: muchOf(ofKnown, product) ** 2,
  };
}

function tableOf(values: Float32Array | Uint8Array): Table {
  return Array.from({ length: gridSide }, (_, row) => Array.from(values.slice(row * gridSide, (row + 1) * gridSide)));
}

function centred(table: Table, counts: Table): Table {
  let left = table.map((line, row) => line.map((value, column) => value * (counts[row]?.[column] ?? 0)));
  for (let round = 0; round < rounds; round++)
    left = transposed(centredLines(transposed(centredLines(left, counts)), transposed(counts)));
  return left;
}

function centredLines(table: Table, counts: Table): Table {
  return table.map((line, row) => {
    const count = sum(counts[row] ?? []);
    const mean = count === 0 ? 0 : sum(line) / count;
    return line.map((value, column) => value - mean * (counts[row]?.[column] ?? 0));
  });
}

/** The two singular vectors of the greatest singular value, as their product. */
function strongestProduct(table: Table): Table {
  let across = Array.from({ length: gridSide }, (_, column) => Math.sin(column + 1));
  let down: number[] = [];
  for (let round = 0; round < rounds; round++) {
    down = ofLengthOne(table.map((line) => dot(line, across)));
    across = ofLengthOne(transposed(table).map((line) => dot(line, down)));
  }
  return down.map((value) => across.map((other) => value * other));
}

function muchOf(table: Table, product: Table): number {
  return sum(table.map((line, row) => dot(line, product[row] ?? [])));
}

function without(table: Table, product: Table): Table {
  const much = muchOf(table, product);
  return table.map((line, row) => line.map((value, column) => value - much * (product[row]?.[column] ?? 0)));
}

function transposed(table: Table): Table {
  return Array.from({ length: gridSide }, (_, column) => table.map((line) => line[column] ?? 0));
}

function ofLengthOne(line: readonly number[]): number[] {
  const length = Math.hypot(...line);
  return line.map((value) => (length === 0 ? 0 : value / length));
}

function dot(one: readonly number[], other: readonly number[]): number {
  return sum(one.map((value, at) => value * (other[at] ?? 0)));
}

function sum(line: readonly number[]): number {
  return line.reduce((total, value) => total + value, 0);
}
