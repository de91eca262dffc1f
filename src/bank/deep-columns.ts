/**
 * The deep side of one content as one array of bytes, which a snapshot takes as it is. Little-endian, in this order:
 *
 *   bytes, row, entries, thumbnails (u32 each) | aspect (f64) | 0
 *   from, until (u32 an entry), times of thumbnails (u32), hashes (32 bytes), thumbnails (1,024 bytes)
 *   view, quality (u8 an entry), up to a multiple of 8
 *
 * 42 bytes an entry and 1,028 a thumbnail.
 */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';

export interface DeepColumns {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly row: number;
  readonly aspect: number;
  readonly entries: number;
  readonly fromMs: Uint32Array<ArrayBuffer>;
  readonly untilMs: Uint32Array<ArrayBuffer>;
  readonly hashes: Uint8Array<ArrayBuffer>;
  readonly view: Uint8Array<ArrayBuffer>;
  readonly quality: Uint8Array<ArrayBuffer>;
  /** Ascending. */
  readonly thumbnailTimesMs: Uint32Array<ArrayBuffer>;
  readonly thumbnails: Uint8Array<ArrayBuffer>;
}

export interface DeepSizes {
  readonly row: number;
  readonly aspect: number;
  readonly entries: number;
  readonly thumbnails: number;
}

const headBytes = 32;
const sizesBytes = 24;

function bytesOf({ entries, thumbnails }: DeepSizes): number {
  const ofEntry = 4 + 4 + limits.hashBytes + 1 + 1;
  const bytes = headBytes + entries * ofEntry + thumbnails * (4 + limits.thumbnailBytes);
  return Math.ceil(bytes / 8) * 8;
}

/** Columns of zeros. */
export function emptyColumns(sizes: DeepSizes): DeepColumns {
  const bytes = new Uint8Array(bytesOf(sizes));
  const head = new DataView(bytes.buffer);
  [bytes.length, sizes.row, sizes.entries, sizes.thumbnails].forEach((value, at) => {
    head.setUint32(at * 4, value, true);
  });
  head.setFloat64(16, sizes.aspect, true);
  return columnsOf(bytes, sizes);
}

/** All columns in a piece of a snapshot, which begins at a multiple of 8 of its memory. Throws snapshot_damaged. */
export function* columnsIn(piece: Uint8Array<ArrayBuffer>): Generator<DeepColumns, undefined> {
  for (let at = 0; at < piece.length; ) {
    const rest = piece.subarray(at);
    if (rest.length < headBytes) throw damaged();
    const head = new DataView(rest.buffer, rest.byteOffset, sizesBytes);
    const [bytes = 0, row = 0, entries = 0, thumbnails = 0] = [0, 4, 8, 12].map((from) => head.getUint32(from, true));
    const sizes = { row, entries, thumbnails, aspect: head.getFloat64(16, true) };
    if (bytes !== bytesOf(sizes) || bytes > rest.length) throw damaged();
    yield columnsOf(rest.subarray(0, bytes), sizes);
    at += bytes;
  }
  return undefined;
}

function damaged(): FloodgateError {
  return new FloodgateError('snapshot_damaged', 'its deep contents are not whole');
}

function columnsOf(bytes: Uint8Array<ArrayBuffer>, { row, aspect, entries, thumbnails }: DeepSizes): DeepColumns {
  let at = bytes.byteOffset + headBytes;
  const take = (length: number): number => {
    at += length;
    return at - length;
  };
  const { buffer } = bytes;
  return {
    bytes,
    row,
    aspect,
    entries,
    fromMs: new Uint32Array(buffer, take(entries * 4), entries),
    untilMs: new Uint32Array(buffer, take(entries * 4), entries),
    thumbnailTimesMs: new Uint32Array(buffer, take(thumbnails * 4), thumbnails),
    hashes: new Uint8Array(buffer, take(entries * limits.hashBytes), entries * limits.hashBytes),
    thumbnails: new Uint8Array(buffer, take(thumbnails * limits.thumbnailBytes), thumbnails * limits.thumbnailBytes),
    view: new Uint8Array(buffer, take(entries), entries),
    quality: new Uint8Array(buffer, take(entries), entries),
  };
}

export function hashOf({ hashes }: Pick<DeepColumns, 'hashes'>, entry: number): Uint8Array {
  return hashes.subarray(entry * limits.hashBytes, (entry + 1) * limits.hashBytes);
}

/** The thumbnail nearest to a moment; of two as near, the earlier. */
export function thumbnailNear(
  { thumbnailTimesMs: times, thumbnails }: DeepColumns,
  timeMs: number,
): { readonly timeMs: number; readonly pixels: Uint8Array } | undefined {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [times[low - 1], times[low]];
  const isBefore = before !== undefined && (after === undefined || timeMs - before <= after - timeMs);
  const nearest = isBefore ? low - 1 : low;
  const time = times[nearest];
  if (time === undefined) return undefined;
  const { thumbnailBytes } = limits;
  return { timeMs: time, pixels: thumbnails.subarray(nearest * thumbnailBytes, (nearest + 1) * thumbnailBytes) };
}
