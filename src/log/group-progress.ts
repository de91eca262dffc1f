/**
 * What a group has settled of a topic: everything below `committed`, and single offsets above it. Pure.
 *
 * `committed` is the lowest unsettled offset. It moves over settled offsets and over gaps, which retention and
 * compaction leave where no record is any more.
 */
export interface ProgressChange {
  readonly committed: number;
  /** Offsets to store as settled above `committed`. */
  readonly add: readonly number[];
  /** Stored offsets below this one are no longer needed; null when there are none. */
  readonly dropBelow: number | null;
}

export class GroupProgress {
  #committed: number;
  readonly #settled: Set<number>;
  /** Settled offsets that are stored as rows; the others were passed by `committed` before they had to be. */
  readonly #stored: Set<number>;
  #fresh: number[] = [];

  constructor(committed: number, settled: readonly number[]) {
    this.#committed = committed;
    this.#settled = new Set(settled);
    this.#stored = new Set(settled);
  }

  get committed(): number {
    return this.#committed;
  }

  settledAbove(): number[] {
    return [...this.#settled];
  }

  /** Why these offsets cannot be settled, or null when they can. `endOffset` is the end of the topic. */
  refusal(offsets: readonly number[], endOffset: number): string | null {
    const seen = new Set<number>();
    for (const offset of offsets) {
      if (!Number.isSafeInteger(offset) || offset < 0 || offset >= endOffset) return `offset ${offset} does not exist`;
      if (offset < this.#committed || this.#settled.has(offset)) return `offset ${offset} was settled before`;
      if (seen.has(offset)) return `offset ${offset} is settled twice in one batch`;
      seen.add(offset);
    }
    return null;
  }

  mark(offsets: readonly number[]): void {
    for (const offset of offsets) this.#settled.add(offset);
    this.#fresh.push(...offsets);
  }

  /**
   * Moves `committed` to the lowest unsettled offset and says what to store.
   * `nextRecord` gives the offset of the first record at or above its argument, or the end of the topic.
   */
  advance(nextRecord: (offset: number) => number): ProgressChange {
    let passedStored = false;
    for (;;) {
      while (this.#settled.delete(this.#committed)) {
        passedStored = this.#stored.delete(this.#committed) || passedStored;
        this.#committed += 1;
      }
      const next = nextRecord(this.#committed);
      if (next === this.#committed) break;
      this.#committed = next;
    }
    return { committed: this.#committed, add: this.#takeFresh(), dropBelow: passedStored ? this.#committed : null };
  }

  #takeFresh(): number[] {
    const add = this.#fresh.filter((offset) => this.#settled.has(offset));
    for (const offset of add) this.#stored.add(offset);
    this.#fresh = [];
    return add;
  }
}
