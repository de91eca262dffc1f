/** An index that is a map and a loop: the oracle of the kernel's search. */

export interface TwinHit {
  readonly query: number;
  readonly slot: number;
  readonly distanceBits: number;
}

export class HammingTwin {
  readonly hashes = new Map<number, Uint8Array>();

  /** The slot is the kernel's choice; the twin insists that it was free, or had the hash, and that no other has it. */
  insertAt(slot: number, hash: Uint8Array): void {
    const known = this.hashes.get(slot);
    if (known !== undefined && bitsApart(known, hash) > 0) throw new Error(`slot ${slot} was given out twice`);
    const twice = [...this.hashes].some(([other, each]) => other !== slot && bitsApart(each, hash) === 0);
    if (twice) throw new Error(`the hash of slot ${slot} stands in two slots`);
    this.hashes.set(slot, hash.slice());
  }

  remove(slot: number): void {
    this.hashes.delete(slot);
  }

  search(queries: readonly Uint8Array[], radiusBits: number): TwinHit[] {
    const hits: TwinHit[] = [];
    queries.forEach((query, at) => {
      for (const [slot, hash] of this.hashes) {
        const distanceBits = bitsApart(query, hash);
        if (distanceBits <= radiusBits) hits.push({ query: at, slot, distanceBits });
      }
    });
    return hits;
  }
}

/** Differing bits, counted one at a time. */
export function bitsApart(a: Uint8Array, b: Uint8Array): number {
  let differing = 0;
  for (let bit = 0; bit < 256; bit++) {
    const mask = 1 << (bit & 7);
    if (((a[bit >> 3] ?? 0) & mask) !== ((b[bit >> 3] ?? 0) & mask)) differing++;
  }
  return differing;
}
