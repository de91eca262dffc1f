/** Which contents a hash of the deep index stands for: rows by slot, in linked lists. 8 bytes a pair, 4 a slot. */
import { grownColumns, roomFor } from './columns.ts';

export interface SlotOwners {
  /** Nothing happens when the row was the last one added to the slot. */
  add(slot: number, row: number): void;
  /** True when the slot has no owner left. */
  remove(slot: number, row: number): boolean;
  /** Visits the rows of a slot, the newest first, until `visit` returns false. */
  visit(slot: number, visit: (row: number) => boolean): void;
}

/** Marks the end of a list; lists hold place + 1, so that fresh arrays are empty lists. */
const none = 0;

class LinkedOwners implements SlotOwners {
  #pairs = {
    /** Next of the same slot; of a free place, the next free one. */
    nexts: new Uint32Array(0),
    rows: new Uint32Array(0),
  };
  #heads = { ofSlot: new Uint32Array(0) };
  #used = 0;
  #freed = none;

  add(slot: number, row: number): void {
    if (slot >= this.#heads.ofSlot.length) {
      this.#heads = grownColumns(this.#heads, {}, roomFor(slot + 1, this.#heads.ofSlot.length));
    }
    const { ofSlot } = this.#heads;
    const first = ofSlot[slot] ?? none;
    if (first !== none && this.#pairs.rows[first - 1] === row) return;
    const place = this.#takePlace();
    this.#pairs.nexts[place] = first;
    this.#pairs.rows[place] = row;
    ofSlot[slot] = place + 1;
  }

  remove(slot: number, row: number): boolean {
    const { nexts, rows } = this.#pairs;
    const { ofSlot } = this.#heads;
    let before = none;
    let entry = ofSlot[slot] ?? none;
    while (entry !== none && rows[entry - 1] !== row) {
      before = entry;
      entry = nexts[entry - 1] ?? none;
    }
    if (entry === none) return false;
    const next = nexts[entry - 1] ?? none;
    if (before === none) ofSlot[slot] = next;
    else nexts[before - 1] = next;
    nexts[entry - 1] = this.#freed;
    this.#freed = entry;
    return ofSlot[slot] === none;
  }

  visit(slot: number, visit: (row: number) => boolean): void {
    const { nexts, rows } = this.#pairs;
    for (let entry = this.#heads.ofSlot[slot] ?? none; entry !== none; entry = nexts[entry - 1] ?? none) {
      if (!visit(rows[entry - 1] ?? 0)) return;
    }
  }

  #takePlace(): number {
    if (this.#freed !== none) {
      const place = this.#freed - 1;
      this.#freed = this.#pairs.nexts[place] ?? none;
      return place;
    }
    const room = this.#pairs.nexts.length;
    if (this.#used === room) this.#pairs = grownColumns(this.#pairs, {}, roomFor(this.#used + 1, room));
    this.#used += 1;
    return this.#used - 1;
  }
}

export function createSlotOwners(): SlotOwners {
  return new LinkedOwners();
}
