/** What the host sees of the searching half of the kernel. `load-kernel.ts` makes one. */

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

export interface HammingIndex {
  /** Adds a hash of 32 bytes and returns its slot. Searchable at once. Throws bank_full at capacity. */
  insert(hash: Uint8Array): number;
  /** Takes a slot out. It is not found from now on and may be given out again. Throws kernel_failed when it is empty. */
  remove(slot: number): void;
  /**
   * Every slot within `radiusBits` (0 to limits.radiusBitsMax, inclusive) of each query; exact.
   * `queries` holds 1 to limits.queriesPerSearchMax hashes of 32 bytes. The result is valid until the next search.
   */
  search(queries: Uint8Array, radiusBits: number, hitsMax: number): Hits;
  /** Hashes in the index. */
  readonly size: number;
  /** Bytes of kernel memory that the index takes. */
  readonly bytes: number;
}
