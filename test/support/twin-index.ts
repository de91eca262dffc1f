/** The kernel's index as a map and a loop, behind its port: for tests of what stands on it. */
import { FloodgateError } from '../../src/errors.ts';
import type { HammingIndex, Hits } from '../../src/kernel/hamming-index.ts';
import { bitsBetween } from '../../src/match/bits.ts';

export interface TwinIndex extends HammingIndex {
  /** Radii searched so far. */
  readonly radii: number[];
}

export function twinIndex(hashesMax = 1_000_000): TwinIndex {
  const hashes = new Map<number, Uint8Array>();
  const slotOf = new Map<string, number>();
  const free: number[] = [];
  const radii: number[] = [];
  let slots = 0;
  return {
    radii,
    insert(hash) {
      const known = slotOf.get(hash.join());
      if (known !== undefined) return known;
      if (hashes.size >= hashesMax) throw new FloodgateError('bank_full', 'the index is full');
      const slot = free.pop() ?? slots++;
      hashes.set(slot, hash.slice());
      slotOf.set(hash.join(), slot);
      return slot;
    },
    remove(slot) {
      slotOf.delete(hashes.get(slot)?.join() ?? '');
      if (!hashes.delete(slot)) throw new FloodgateError('kernel_failed', `slot ${slot} is empty`);
      free.push(slot);
    },
    search(queries, radiusBits, hitsMax) {
      radii.push(radiusBits);
      return searchIn([...hashes], queries, radiusBits, hitsMax);
    },
    searchQuartets({ hashes: forms, asked }, radiusBits, hitsMax, slots) {
      radii.push(radiusBits);
      const listed = slots === undefined ? undefined : new Set(slots);
      const among = [...hashes].filter(([slot]) => listed?.has(slot) !== false);
      const queries = Uint8Array.from(Array.from(asked, (_, at) => [...formsOf(forms, at)]).flat());
      const isAsked = (query: number) => (((asked[query >> 3] ?? 0) >> (query & 7)) & 1) === 1;
      return searchIn(among, queries, radiusBits, hitsMax, isAsked);
    },
    get size() {
      return hashes.size;
    },
    get freshHashes() {
      return hashes.size;
    },
    get bytes() {
      return hashes.size * 32;
    },
  };
}

/** The four hashes of a quartet, and those of their negatives. */
function formsOf(hashes: Uint8Array, quartet: number): Uint8Array {
  const four = hashes.subarray(quartet * 4 * 32, (quartet + 1) * 4 * 32);
  return Uint8Array.from([...four, ...four.map((byte) => byte ^ 0xff)]);
}

function searchIn(
  hashes: readonly (readonly [number, Uint8Array])[],
  queries: Uint8Array,
  radiusBits: number,
  hitsMax: number,
  isAsked: (query: number) => boolean = () => true,
): Hits {
  const found: [number, number, number][] = [];
  for (let query = 0; query * 32 < queries.length; query++) {
    if (!isAsked(query)) continue;
    for (const [slot, hash] of hashes) {
      const distance = bitsBetween(queries.subarray(query * 32, query * 32 + 32), hash);
      if (distance <= radiusBits) found.push([query, slot, distance]);
    }
  }
  const kept = found.slice(0, hitsMax);
  return {
    count: kept.length,
    capped: found.length > hitsMax,
    query: Uint32Array.from(kept, ([query]) => query),
    slot: Uint32Array.from(kept, ([, slot]) => slot),
    distanceBits: Uint16Array.from(kept, ([, , distance]) => distance),
  };
}
