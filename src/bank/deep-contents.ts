/**
 * The deep side of the banks: of each content that was banked deep, every view of every frame, and small pictures of the
 * frames. An index over all views names contents; a named content is then compared view by view.
 *
 * A content is one string of bytes (deep-blob.ts), so that hundreds of hours are no burden to the garbage collector and
 * a snapshot copies them as they lie. The index is made anew from them at a restore: about a microsecond a hash.
 */
import { LRUCache } from 'lru-cache';
import { limits } from '../config/limits.ts';
import type { HammingIndex } from '../kernel/hamming-index.ts';
import type { DeepContent, NamedContent, Naming } from '../match/deep-content.ts';
import { type BytePool, createBytePool } from './byte-pool.ts';
import {
  grownColumns,
  imageOfColumns,
  imageOfCounts,
  restoreColumns,
  restoreCounts,
  roomFor,
  type TableImage,
} from './columns.ts';
import { type DeepColumns, type DeepFrames, packDeep, unpackDeep } from './deep-blob.ts';
import { createViewMeasure } from './view-measure.ts';

export interface DeepContents {
  /** Searchable at once. Throws bank_full when there is no room, and has then changed nothing. */
  add(row: number, frames: DeepFrames): void;
  remove(row: number): void;
  /** See `DeepBank` in match/deep-content.ts. */
  name(queries: Uint8Array, wideBits: number): Naming;
  /** Undefined when the content in that row is plain. */
  deep(row: number): DeepContent | undefined;
  /** Different hashes of views. */
  readonly hashes: number;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

const none = 0;

interface Posted {
  /** Row + 1 of the content that a slot belongs to. Of a hash that several contents have, all but the first are in `more`. */
  rows: Uint32Array;
  more: Map<number, number[]>;
}

/** `numberOf` gives the number of the content in a row. Empty, or as it was when the image was taken. */
export function createDeepContents(
  index: HammingIndex,
  numberOf: (row: number) => number,
  image?: TableImage,
): DeepContents {
  return new PooledDeepContents(index, numberOf, image);
}

class PooledDeepContents implements DeepContents {
  readonly #index: HammingIndex;
  readonly #numberOf: (row: number) => number;
  readonly #pool: BytePool;
  /** Place in the pool of each row; 0 for plain content. */
  #places = { ofRow: new Uint32Array(0) };
  readonly #posted: Posted = { rows: new Uint32Array(0), more: new Map() };
  readonly #opened = new LRUCache<number, DeepContent>({
    maxSize: limits.deepOpenedHashesMax,
    sizeCalculation: ({ entries }) => Math.max(1, entries),
  });

  constructor(index: HammingIndex, numberOf: (row: number) => number, image?: TableImage) {
    this.#index = index;
    this.#numberOf = numberOf;
    this.#pool = createBytePool('views', image);
    if (image === undefined) return;
    const [rows = 0] = restoreCounts('deep', image, 1);
    this.#places = grownColumns(this.#places, {}, rows);
    restoreColumns('deep', this.#places, {}, rows, image);
    this.#places.ofRow.forEach((place, row) => {
      if (place !== none) this.#post(row, unpackDeep(this.#pool.get(place)));
    });
  }

  get hashes(): number {
    return this.#index.size;
  }

  image(): [string, Uint8Array<ArrayBuffer>][] {
    const rows = this.#places.ofRow.length;
    return [imageOfCounts('deep', [rows]), ...imageOfColumns('deep', this.#places, {}, rows), ...this.#pool.image()];
  }

  add(row: number, frames: DeepFrames): void {
    if (frames.views.length === 0) return;
    const packed = packDeep(frames);
    this.#post(row, unpackDeep(packed));
    const room = this.#places.ofRow.length;
    if (row >= room) this.#places = grownColumns(this.#places, {}, roomFor(row + 1, room));
    this.#places.ofRow[row] = this.#pool.put(packed);
  }

  remove(row: number): void {
    const place = this.#places.ofRow[row] ?? none;
    if (place === none) return;
    const { hashes } = unpackDeep(this.#pool.get(place));
    this.#opened.delete(row);
    this.#withdraw(row, hashes);
    this.#pool.free(place);
    this.#places.ofRow[row] = none;
  }

  name(queries: Uint8Array, wideBits: number): Naming {
    const isHot = this.#index.size <= limits.hotHashesMax;
    const radiusBits = isHot ? wideBits : Math.min(wideBits, limits.segmentRadiusBitsMax);
    const closest = new Map<number, NamedContent>();
    let capped = false;
    if (this.#index.size === 0) return { named: [], capped, radiusBits };
    const stride = limits.queriesPerSearchMax * limits.hashBytes;
    for (let at = 0; at < queries.length; at += stride) {
      const hits = this.#index.search(queries.subarray(at, at + stride), radiusBits, limits.hitsPerSearchMax);
      capped ||= hits.capped;
      for (let hit = 0; hit < hits.count; hit++) {
        const query = at / limits.hashBytes + (hits.query[hit] ?? 0);
        const distanceBits = hits.distanceBits[hit] ?? 0;
        for (const row of this.#rowsOf(hits.slot[hit] ?? 0)) {
          if ((closest.get(row)?.distanceBits ?? limits.hashBits) <= distanceBits) continue;
          closest.set(row, { contentNumber: this.#numberOf(row), query, distanceBits });
        }
      }
    }
    const named = [...closest.values()].sort((a, b) => a.distanceBits - b.distanceBits || a.query - b.query);
    return { named: named.slice(0, limits.namedContentsMax), capped, radiusBits };
  }

  deep(row: number): DeepContent | undefined {
    const opened = this.#opened.get(row);
    if (opened !== undefined) return opened;
    const place = this.#places.ofRow[row] ?? none;
    if (place === none) return undefined;
    // A copy: the pool may move, and what is removed meanwhile is still being compared.
    const content = openDeep(unpackDeep(this.#pool.get(place).slice()), this.#numberOf(row));
    this.#opened.set(row, content);
    return content;
  }

  #rowsOf(slot: number): readonly number[] {
    const first = this.#posted.rows[slot] ?? none;
    if (first === none) return [];
    const more = this.#posted.more.get(slot);
    return more === undefined ? [first - 1] : [first - 1, ...more];
  }

  #post(row: number, { entries, hashes }: DeepColumns): void {
    const { hashBytes } = limits;
    let posted = 0;
    try {
      for (; posted < entries; posted++) {
        this.#postOne(row, this.#index.insert(hashes.subarray(posted * hashBytes, (posted + 1) * hashBytes)));
      }
    } catch (error) {
      this.#withdraw(row, hashes.subarray(0, posted * hashBytes));
      throw error;
    }
  }

  #postOne(row: number, slot: number): void {
    const { rows, more } = this.#posted;
    if (slot >= rows.length) {
      const larger = new Uint32Array(roomFor(slot + 1, rows.length));
      larger.set(rows);
      this.#posted.rows = larger;
    }
    const first = this.#posted.rows[slot] ?? none;
    if (first === none) this.#posted.rows[slot] = row + 1;
    else if (first !== row + 1) {
      const others = more.get(slot) ?? [];
      if (!others.includes(row)) more.set(slot, [...others, row]);
    }
  }

  /** Takes the row from the slots of its hashes; slots that no other content has leave the index. */
  #withdraw(row: number, hashes: Uint8Array): void {
    const { hashBytes } = limits;
    const slots = new Set<number>();
    // Inserting a hash that is there gives its slot.
    for (let at = 0; at < hashes.length; at += hashBytes) {
      slots.add(this.#index.insert(hashes.subarray(at, at + hashBytes)));
    }
    for (const slot of slots) {
      const others = this.#rowsOf(slot).filter((other) => other !== row);
      const [first, ...more] = others;
      this.#posted.rows[slot] = first === undefined ? none : first + 1;
      if (more.length === 0) this.#posted.more.delete(slot);
      else this.#posted.more.set(slot, more);
      if (first === undefined) this.#index.remove(slot);
    }
  }
}

function openDeep(columns: DeepColumns, contentNumber: number): DeepContent {
  const { aspect, entries, fromMs, untilMs, view, quality, thumbnailMs, thumbnails } = columns;
  const measure = createViewMeasure(columns.hashes);
  return {
    contentNumber,
    aspect,
    entries,
    fromMs,
    untilMs,
    view,
    quality,
    measure,
    thumbnailNear(timeMs) {
      let nearest = -1;
      for (let at = 0; at < thumbnailMs.length; at++) {
        if (nearest < 0 || Math.abs((thumbnailMs[at] ?? 0) - timeMs) < Math.abs((thumbnailMs[nearest] ?? 0) - timeMs)) {
          nearest = at;
        }
      }
      if (nearest < 0) return undefined;
      const size = limits.knownThumbnailSide ** 2;
      return {
        timeMs: thumbnailMs[nearest] ?? 0,
        pixels: thumbnails.subarray(nearest * size, (nearest + 1) * size),
      };
    },
  };
}
