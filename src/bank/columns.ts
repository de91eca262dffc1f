/**
 * Columns: typed arrays with one row an entry, which grow together. Millions of entries so take their numbers and no
 * more, the garbage collector has nothing to walk through, and a snapshot copies them as they lie.
 */
import { FloodgateError } from '../errors.ts';

type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
/** Each column has the same rows; a row may be several elements wide. */
export type Columns = Readonly<Record<string, Column>>;

/** Bytes that may change with the table; or several arrays, one after the other, that nobody writes into any more. */
export type ImagePiece = Uint8Array<ArrayBuffer> | readonly Uint8Array<ArrayBuffer>[];
/** Pieces of a table by name, as they are written to and read from a snapshot. */
export type TableImage = ReadonlyMap<string, ImagePiece>;

const rowsAtFirst = 1024;
const growth = 1.5;

/** Rows that columns have room for when there must be room for `rows`. Room that is never written takes no memory. */
export function roomFor(rows: number, room: number): number {
  return rows <= room ? room : Math.max(rowsAtFirst, rows, Math.ceil(room * growth));
}

/** The same columns with room for more rows; those are 0. */
export function grownColumns<C extends Columns>(columns: C, widths: Widths<C>, rows: number): C {
  const entries = Object.entries(columns).map(([name, column]) => {
    const length = rows * (widths[name] ?? 1);
    const larger = column instanceof Uint8Array ? new Uint8Array(length) : new Uint32Array(length);
    larger.set(column);
    return [name, larger];
  });
  return Object.fromEntries(entries) as C;
}

/** Elements a row of each column; 1 where nothing is said. */
export type Widths<C extends Columns> = { readonly [name in keyof C]?: number } & Readonly<Record<string, number>>;

/** What a snapshot keeps of columns: the first `rows` rows of each. Views, for whoever copies them at once. */
export function imageOfColumns<C extends Columns>(
  owner: string,
  columns: C,
  widths: Widths<C>,
  rows: number,
): [string, Uint8Array<ArrayBuffer>][] {
  return Object.entries(columns).map(([name, { buffer, byteOffset, BYTES_PER_ELEMENT }]) => {
    const bytes = rows * (widths[name] ?? 1) * BYTES_PER_ELEMENT;
    return [`${owner}.${name}`, new Uint8Array(buffer, byteOffset, bytes)];
  });
}

/** Puts back what `imageOfColumns` gave into fresh columns with room for it. Throws snapshot_damaged on other sizes. */
export function restoreColumns<C extends Columns>(
  owner: string,
  columns: C,
  widths: Widths<C>,
  rows: number,
  image: TableImage,
): void {
  for (const [name, into] of imageOfColumns(owner, columns, widths, rows)) into.set(pieceOf(image, name, into.length));
}

/** A piece of an image, which must have so many bytes. Throws snapshot_damaged. */
export function pieceOf(image: TableImage, name: string, bytes?: number): Uint8Array<ArrayBuffer> {
  const piece = image.get(name);
  if (piece instanceof Uint8Array && (bytes === undefined || piece.length === bytes)) return piece;
  throw new FloodgateError('snapshot_damaged', `the snapshot has no whole piece ${name}`);
}

/** The arrays of a piece, whole or not yet put together. Throws snapshot_damaged. */
export function arraysOf(image: TableImage, name: string): readonly Uint8Array<ArrayBuffer>[] {
  const piece = image.get(name);
  if (piece === undefined) throw new FloodgateError('snapshot_damaged', `the snapshot has no piece ${name}`);
  return piece instanceof Uint8Array ? [piece] : piece;
}

/** A few counts of a table as a piece of its image. */
export function imageOfCounts(owner: string, counts: readonly number[]): [string, Uint8Array<ArrayBuffer>] {
  return [`${owner}.counts`, new Uint8Array(Float64Array.from(counts).buffer)];
}

export function restoreCounts(owner: string, image: TableImage, count: number): number[] {
  const bytes = pieceOf(image, `${owner}.counts`, count * Float64Array.BYTES_PER_ELEMENT);
  return [...new Float64Array(bytes.slice().buffer)];
}
