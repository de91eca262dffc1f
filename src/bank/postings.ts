/**
 * Where each indexed hash stands: (content, time range, quality). A posting is in two linked lists, that of its slot and
 * that of its content, so that neither needs arrays of its own. 25 bytes a posting; a range stands for a run of identical
 * frames of one content.
 */
import {
  grownColumns,
  imageOfColumns,
  imageOfCounts,
  restoreColumns,
  restoreCounts,
  roomFor,
  type TableImage,
} from './columns.ts';

export interface Posting {
  /** Row of the content in its table (content-rows.ts). */
  readonly row: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly quality: number;
}

export interface Postings {
  add(slot: number, posting: Posting): void;
  /** Takes all postings of a content out; gives the slots that have none left. */
  removeContent(row: number): number[];
  /** Visits the postings of a slot, the newest first, until `visit` returns false. */
  visit(slot: number, visit: (posting: Posting) => boolean): void;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

/** Marks the end of a list; lists hold place + 1, so that fresh arrays are empty lists. */
const none = 0;

/** A row a posting. */
const noPostings = {
  /** Next of the same slot; of a free place, the next free one. */
  nexts: new Uint32Array(0),
  /** Next of the same content. */
  siblings: new Uint32Array(0),
  rows: new Uint32Array(0),
  slots: new Uint32Array(0),
  froms: new Uint32Array(0),
  untils: new Uint32Array(0),
  qualities: new Uint8Array(0),
};
type PostingColumns = typeof noPostings;

class LinkedPostings implements Postings {
  #columns: PostingColumns = noPostings;
  /** First of each slot. */
  #heads = { ofSlot: new Uint32Array(0) };
  #firsts = { ofRow: new Uint32Array(0) };
  /** Places ever used. */
  #used = 0;
  #freed = none;

  constructor(image?: TableImage) {
    if (image === undefined) return;
    const [used = 0, freed = 0, slots = 0, rows = 0] = restoreCounts('postings', image, 4);
    this.#columns = grownColumns(noPostings, {}, used);
    this.#heads = grownColumns(this.#heads, {}, slots);
    this.#firsts = grownColumns(this.#firsts, {}, rows);
    restoreColumns('postings', this.#columns, {}, used, image);
    restoreColumns('heads', this.#heads, {}, slots, image);
    restoreColumns('firsts', this.#firsts, {}, rows, image);
    this.#used = used;
    this.#freed = freed;
  }

  image(): [string, Uint8Array<ArrayBuffer>][] {
    const [slots, rows] = [this.#heads.ofSlot.length, this.#firsts.ofRow.length];
    return [
      imageOfCounts('postings', [this.#used, this.#freed, slots, rows]),
      ...imageOfColumns('postings', this.#columns, {}, this.#used),
      ...imageOfColumns('heads', this.#heads, {}, slots),
      ...imageOfColumns('firsts', this.#firsts, {}, rows),
    ];
  }

  add(slot: number, { row, fromMs, untilMs, quality }: Posting): void {
    if (slot >= this.#heads.ofSlot.length) {
      this.#heads = grownColumns(this.#heads, {}, roomFor(slot + 1, this.#heads.ofSlot.length));
    }
    if (row >= this.#firsts.ofRow.length) {
      this.#firsts = grownColumns(this.#firsts, {}, roomFor(row + 1, this.#firsts.ofRow.length));
    }
    const place = this.#takePlace();
    const columns = this.#columns;
    const { ofSlot } = this.#heads;
    const { ofRow } = this.#firsts;
    columns.nexts[place] = ofSlot[slot] ?? none;
    columns.siblings[place] = ofRow[row] ?? none;
    columns.rows[place] = row;
    columns.slots[place] = slot;
    columns.froms[place] = fromMs;
    columns.untils[place] = untilMs;
    columns.qualities[place] = quality;
    ofSlot[slot] = place + 1;
    ofRow[row] = place + 1;
  }

  removeContent(row: number): number[] {
    const { nexts, siblings, slots } = this.#columns;
    const { ofRow } = this.#firsts;
    const emptied: number[] = [];
    const left = new Set<number>();
    for (let entry = ofRow[row] ?? none; entry !== none; entry = siblings[entry - 1] ?? none) {
      left.add(slots[entry - 1] ?? 0);
    }
    // A slot that many contents share is walked once, however often the content stands in it.
    for (const slot of left) {
      if (this.#removeFromSlot(slot, row)) emptied.push(slot);
    }
    for (let entry = ofRow[row] ?? none; entry !== none; entry = siblings[entry - 1] ?? none) {
      nexts[entry - 1] = this.#freed;
      this.#freed = entry;
    }
    if (row < ofRow.length) ofRow[row] = none;
    return emptied;
  }

  visit(slot: number, visit: (posting: Posting) => boolean): void {
    const { nexts, rows, froms, untils, qualities } = this.#columns;
    for (let entry = this.#heads.ofSlot[slot] ?? none; entry !== none; entry = nexts[entry - 1] ?? none) {
      const at = entry - 1;
      const [row = 0, fromMs = 0, untilMs = 0, quality = 0] = [rows[at], froms[at], untils[at], qualities[at]];
      if (!visit({ row, fromMs, untilMs, quality })) return;
    }
  }

  /** True when nothing is left in the slot. */
  #removeFromSlot(slot: number, row: number): boolean {
    const { nexts, rows } = this.#columns;
    const { ofSlot } = this.#heads;
    let kept = none;
    let entry = ofSlot[slot] ?? none;
    ofSlot[slot] = none;
    for (; entry !== none; entry = nexts[entry - 1] ?? none) {
      if (rows[entry - 1] === row) continue;
      if (kept === none) ofSlot[slot] = entry;
      else nexts[kept - 1] = entry;
      kept = entry;
    }
    if (kept !== none) nexts[kept - 1] = none;
    return kept === none;
  }

  #takePlace(): number {
    if (this.#freed !== none) {
      const place = this.#freed - 1;
      this.#freed = this.#columns.nexts[place] ?? none;
      return place;
    }
    const room = this.#columns.nexts.length;
    if (this.#used === room) this.#columns = grownColumns(this.#columns, {}, roomFor(this.#used + 1, room));
    this.#used += 1;
    return this.#used - 1;
  }
}

/** Empty, or as they were when the image was taken. */
export function createPostings(image?: TableImage): Postings {
  return new LinkedPostings(image);
}
