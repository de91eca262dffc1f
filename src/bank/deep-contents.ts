/**
 * The deep side of known content: hashes of parts and turned views of its frames, and their thumbnails. All hashes stand
 * in an index of their own, which names contents; what a content has is compared by the same index, among its slots alone.
 *
 *   entries, columns of each content (deep-columns.ts)  --slot-->  index  --slot-->  contents (slot-owners.ts)
 */
import { limits } from '../config/limits.ts';
import { thumbnailReader, viewReader } from '../contracts/packed-frames.ts';
import type { HammingIndex, Hits } from '../kernel/hamming-index.ts';
import { joinHits } from '../kernel/hits.ts';
import type { DeepContent, FormQueries, NamedContent, Naming, ViewHits } from '../match/deep-content.ts';
import type { BankEntry } from './bank-records.ts';
import { affordableRadius, byDistance } from './closest-hits.ts';
import { arraysOf, type ImagePiece, imageOfCounts, restoreCounts, type TableImage } from './columns.ts';
import { columnsIn, type DeepColumns, emptyColumns, hashOf, thumbnailNear } from './deep-columns.ts';
import { searchForms, searchFormsAmong } from './form-queries.ts';
import { createSlotOwners } from './slot-owners.ts';
import { viewRunsOf } from './view-runs.ts';

export interface DeepContents {
  /**
   * Indexes the views of the content in a row, searchable at once. Throws bank_full when the index has no room, and has
   * then changed nothing.
   */
  add(row: number, entry: Pick<BankEntry, 'views' | 'thumbnails' | 'aspect' | 'framesPerSecond'>): void;
  remove(row: number): void;
  /** See DeepBank. */
  name(asked: FormQueries, wideBits: number): Naming;
  /** Undefined when the content in the row is plain. */
  content(row: number): DeepContent | undefined;
  /** Unique hashes. */
  readonly hashes: number;
  /** Contents that have views. */
  readonly contents: number;
  image(): [string, ImagePiece][];
}

export interface DeepOptions {
  /** Holds views and nothing else; empty, also when an image is given. */
  readonly index: HammingIndex;
  /** Views below it are left out. */
  readonly qualityMin: () => number;
  readonly numberOf: (row: number) => number;
  /** limits.hotHashesMax when left out. */
  readonly hotHashesMax: number | undefined;
}

/** A content with the slot of each entry. Slots ascend. */
interface Indexed {
  readonly columns: DeepColumns;
  readonly slots: Uint32Array;
}

const piece = 'deep';
/** Thumbnails stay without shape when nobody told. */
const usualAspect = 16 / 9;

class IndexedContents implements DeepContents {
  readonly #options: DeepOptions;
  readonly #owners = createSlotOwners();
  readonly #contents = new Map<number, Indexed>();

  constructor(options: DeepOptions, image?: TableImage) {
    this.#options = options;
    if (image === undefined) return;
    const [pieces = 0] = restoreCounts(piece, image, 1);
    for (let at = 0; at < pieces; at++) {
      for (const part of arraysOf(image, `${piece}.${at}`)) {
        for (const columns of columnsIn(part)) this.#contents.set(columns.row, this.#index(columns));
      }
    }
  }

  get hashes(): number {
    return this.#options.index.size;
  }

  get contents(): number {
    return this.#contents.size;
  }

  add(row: number, entry: Parameters<DeepContents['add']>[1]): void {
    if (entry.views === undefined || entry.views.length === 0) return;
    const columns = columnsOfEntry(row, entry, this.#options.qualityMin());
    if (columns.entries > 0) this.#contents.set(row, this.#index(columns));
  }

  remove(row: number): void {
    const indexed = this.#contents.get(row);
    if (indexed === undefined) return;
    this.#contents.delete(row);
    this.#release(row, indexed.slots);
  }

  name(asked: FormQueries, wideBits: number): Naming {
    const { index, numberOf, hotHashesMax } = this.#options;
    const radiusBits = affordableRadius(index, wideBits, hotHashesMax);
    if (index.size === 0) return { named: [], capped: false, radiusBits };
    const { hits, narrowed } = searchForms(index, asked, radiusBits);
    let capped = narrowed;
    const named = new Map<number, NamedContent>();
    for (const hit of byDistance(hits)) {
      const [query = 0, distanceBits = 0] = [hits.query[hit], hits.distanceBits[hit]];
      let isFull = false;
      this.#owners.visit(hits.slot[hit] ?? 0, (row) => {
        if (named.has(row)) return true;
        isFull = named.size >= limits.namedContentsMax;
        if (!isFull) named.set(row, { contentNumber: numberOf(row), query, distanceBits });
        return !isFull;
      });
      capped ||= isFull;
      if (isFull) break;
    }
    return { named: [...named.values()], capped, radiusBits };
  }

  content(row: number): DeepContent | undefined {
    const indexed = this.#contents.get(row);
    if (indexed === undefined) return undefined;
    const { columns, slots } = indexed;
    const { aspect, entries, fromMs, untilMs, view, quality } = columns;
    return {
      contentNumber: this.#options.numberOf(row),
      aspect,
      entries,
      fromMs,
      untilMs,
      view,
      quality,
      hashOf: (entry) => hashOf(columns, entry),
      thumbnailNear: (timeMs) => thumbnailNear(columns, timeMs),
      measure: (asked, radiusBits) => {
        // Whoever still holds the content may outlive it; its slots are then others'.
        if (this.#contents.get(row) !== indexed) return viewHitsOf(joinHits([]), slots, 0);
        const { hits, hitsMax } = searchFormsAmong(slots, this.#options.index, asked, radiusBits);
        return viewHitsOf(hits, slots, hitsMax);
      },
    };
  }

  image(): [string, ImagePiece][] {
    const groups: Uint8Array<ArrayBuffer>[][] = [];
    let bytes = 0;
    for (const { columns } of this.#contents.values()) {
      if (bytes === 0) groups.push([]);
      groups[groups.length - 1]?.push(columns.bytes);
      bytes += columns.bytes.length;
      if (bytes >= limits.deepPieceBytes) bytes = 0;
    }
    const pieces = groups.map((group, at): [string, ImagePiece] => [`${piece}.${at}`, group]);
    return [imageOfCounts(piece, [groups.length]), ...pieces];
  }

  /** Puts all hashes into the index. On a failure everything is as it was. */
  #index(columns: DeepColumns): Indexed {
    const slots = new Uint32Array(columns.entries);
    let inserted = 0;
    try {
      for (; inserted < slots.length; inserted++) {
        const slot = this.#options.index.insert(hashOf(columns, inserted));
        slots[inserted] = slot;
        this.#owners.add(slot, columns.row);
      }
    } catch (error) {
      this.#release(columns.row, slots.subarray(0, inserted));
      throw error;
    }
    sortBySlot(columns, slots);
    return { columns, slots };
  }

  #release(row: number, slots: Uint32Array): void {
    for (const slot of slots) {
      // Of a slot with several entries the first lets go; the others find nothing to remove.
      if (this.#owners.remove(slot, row)) this.#options.index.remove(slot);
    }
  }
}

/** Empty, or as they were when the image was taken; their hashes are then put into the index anew. */
export function createDeepContents(options: DeepOptions, image?: TableImage): DeepContents {
  return new IndexedContents(options, image);
}

function columnsOfEntry(
  row: number,
  {
    views: packed = new Uint8Array(0),
    thumbnails,
    aspect = usualAspect,
    framesPerSecond,
  }: Parameters<DeepContents['add']>[1],
  qualityMin: number,
): DeepColumns {
  const runs = viewRunsOf(packed, framesPerSecond, qualityMin);
  const pictures = thumbnailReader(thumbnails ?? new Uint8Array(0));
  const columns = emptyColumns({ row, aspect, entries: runs.count, thumbnails: pictures.count });
  const views = viewReader(packed);
  columns.untilMs.set(runs.untilMs.subarray(0, runs.count));
  columns.view.set(runs.view.subarray(0, runs.count));
  columns.quality.set(runs.quality.subarray(0, runs.count));
  for (let entry = 0; entry < runs.count; entry++) {
    const first = runs.first[entry] ?? 0;
    columns.fromMs[entry] = views.timeMs(first);
    columns.hashes.set(views.hash(first), entry * limits.hashBytes);
  }
  const inOrder = Array.from({ length: pictures.count }, (_, at) => at).sort(
    (a, b) => pictures.timeMs(a) - pictures.timeMs(b),
  );
  inOrder.forEach((from, at) => {
    columns.thumbnailTimesMs[at] = pictures.timeMs(from);
    columns.thumbnails.set(pictures.pixels(from), at * limits.thumbnailBytes);
  });
  return columns;
}

/** Slots that were never used before ascend as they are; others, and those of hashes that occur twice, do not. */
function sortBySlot(columns: DeepColumns, slots: Uint32Array): void {
  if (slots.every((slot, at) => at === 0 || slot >= (slots[at - 1] ?? 0))) return;
  const order = Uint32Array.from(slots, (_, at) => at).sort((a, b) => (slots[a] ?? 0) - (slots[b] ?? 0) || a - b);
  const { hashBytes } = limits;
  for (const column of [columns.fromMs, columns.untilMs, columns.view, columns.quality, slots]) {
    const before = column.slice();
    order.forEach((from, to) => {
      column[to] = before[from] ?? 0;
    });
  }
  const hashes = columns.hashes.slice();
  order.forEach((from, to) => {
    columns.hashes.set(hashes.subarray(from * hashBytes, (from + 1) * hashBytes), to * hashBytes);
  });
}

/** From slots to entries. A slot has as many as its hash has; that they are one, side by side, is by far the most usual. */
function viewHitsOf(hits: Hits, slots: Uint32Array, entriesMax: number): ViewHits {
  const first = new Uint32Array(hits.count);
  let count = 0;
  for (let hit = 0; hit < hits.count; hit++) {
    const entry = firstEntryOf(slots, hits.slot[hit] ?? 0);
    first[hit] = entry;
    count += entriesFrom(slots, entry);
  }
  if (count === hits.count) return { ...hits, entry: first };
  return spreadOver(slots, hits, first, Math.min(count, entriesMax));
}

/** Each hit for every entry that its hash has; at most `count`. */
function spreadOver(slots: Uint32Array, hits: Hits, first: Uint32Array, count: number): ViewHits {
  const spread = { query: new Uint32Array(count), entry: new Uint32Array(count), distanceBits: new Uint16Array(count) };
  let at = 0;
  for (let hit = 0; hit < hits.count; hit++) {
    const from = first[hit] ?? 0;
    const end = from + entriesFrom(slots, from);
    for (let entry = from; entry < end; entry++, at++) {
      if (at === count) return { count, capped: true, ...spread };
      spread.query[at] = hits.query[hit] ?? 0;
      spread.entry[at] = entry;
      spread.distanceBits[at] = hits.distanceBits[hit] ?? 0;
    }
  }
  return { count, capped: hits.capped, ...spread };
}

function entriesFrom(slots: Uint32Array, entry: number): number {
  let count = 1;
  while (slots[entry + count] === slots[entry] && entry + count < slots.length) count += 1;
  return count;
}

function firstEntryOf(slots: Uint32Array, slot: number): number {
  const guess = slot - (slots[0] ?? 0);
  if (slots[guess] === slot && slots[guess - 1] !== slot) return guess;
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle] ?? 0) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
