/** What the host sees of the searching half of the kernel. `segmented-index.ts` makes one. */

export interface Hits {
  /** Number of hits written to the arrays below. */
  readonly count: number;
  /** True when there were more hits than `hitsMax`: the rest is missing, and the caller must say so. */
  readonly capped: boolean;
  /** Which query hit, counted in hashes from the start of `queries`. */
  readonly query: Uint32Array;
  /** Which slot was hit, as returned by `insert`. */
  readonly slot: Uint32Array;
  readonly distanceBits: Uint16Array;
}

/** Pictures as they are, upside down, left to right, and both: 1 to limits.quartetsPerSearchMax times four hashes. */
export interface Quartets {
  readonly hashes: Uint8Array;
  /** What is asked for of each: bits 0 to 3 for the hashes as they are, 4 to 7 for those of negatives. */
  readonly asked: Uint8Array;
}

export interface HammingIndex {
  /**
   * The slot of a hash of 32 bytes: a new one, or the one that has it, for each hash stands in the index once.
   * Searchable at once. Throws bank_full at capacity.
   */
  insert(hash: Uint8Array): number;
  /** Takes a slot out. It is not found from now on and may be given out again. Throws kernel_failed when it is empty. */
  remove(slot: number): void;
  /**
   * Every slot within `radiusBits` (0 to limits.radiusBitsMax, inclusive) of each query; exact, whatever is being built.
   * `queries` holds 1 to limits.queriesPerSearchMax hashes of 32 bytes. The result is the caller's.
   */
  search(queries: Uint8Array, radiusBits: number, hitsMax: number): Hits;
  /**
   * The same for forms of pictures, by a scan: of ten forms in less than half the time. Distances are exact; of pairs at the very
   * radius one in a thousand may be left out, of those within three quarters of it none. A hit's query is the place of
   * the bit that asked for it. Among `slots` only when they are given, which must ascend; one that is empty is not found. That
   * costs what they are and not what the index is, as long as they were inserted one after the other.
   */
  searchQuartets(quartets: Quartets, radiusBits: number, hitsMax: number, slots?: Uint32Array): Hits;
  /** Hashes in the index. */
  readonly size: number;
  /** Hashes that no segment finds yet, and that every search scans. */
  readonly freshHashes: number;
  /** Bytes of kernel memory that the index takes. */
  readonly bytes: number;
}

/** An index with its housekeeping. */
export interface OwnedIndex extends HammingIndex {
  readonly segments: number;
  /** True while a segment is being built or a snapshot written, or is about to be. */
  readonly merging: boolean;
  /** Makes one segment of all that segments can hold together; resolves when it is searched. Throws kernel_failed. */
  merge(): Promise<void>;
  /**
   * Writes a snapshot into a folder, which appears whole or not at all. What is inserted or removed meanwhile is not in
   * it; searches go on. `atMoment` is called at the moment that the snapshot is of, which comes when what is being built
   * is finished. Throws snapshot_failed.
   */
  save(folder: string, atMoment?: () => void): Promise<void>;
  /**
   * Builds segments in the background from now on, for an index that was made to do so later; resolves when what is due
   * at once is searched through them, or could not be built.
   */
  startMerging(): Promise<void>;
  /** Ends what is being built. The index must not be used any more. */
  close(): Promise<void>;
}
