/** Compares any number of hashes with all views of one content, at any radius: a small index that is scanned. */
import { limits } from '../config/limits.ts';
import type { OwnedIndex } from '../kernel/hamming-index.ts';
import { createHammingIndex } from '../kernel/segmented-index.ts';
import type { ViewHits } from '../match/deep-content.ts';

/** The index is made at the first call. `hashes` holds one of 32 bytes for each entry. */
export function createViewMeasure(hashes: Uint8Array): (queries: Uint8Array, radiusBits: number) => ViewHits {
  let made: { readonly index: OwnedIndex; readonly entriesOfSlot: readonly (readonly number[])[] } | undefined;
  return (queries, radiusBits) => {
    made ??= indexOf(hashes);
    const { index, entriesOfSlot } = made;
    const stride = limits.queriesPerSearchMax * limits.hashBytes;
    const hits: Hit[] = [];
    let capped = false;
    for (let at = 0; at < queries.length; at += stride) {
      const found = index.search(queries.subarray(at, at + stride), radiusBits, limits.hitsPerSearchMax);
      capped ||= found.capped;
      hits.push({ base: at / limits.hashBytes, found });
    }
    return columnsOf(hits, entriesOfSlot, capped);
  };
}

interface Hit {
  /** Number of the first query of the search. */
  readonly base: number;
  readonly found: ReturnType<OwnedIndex['search']>;
}

function indexOf(hashes: Uint8Array) {
  const entries = hashes.length / limits.hashBytes;
  const index = createHammingIndex({ merging: 'never', hashesMax: Math.max(1, entries) });
  const entriesOfSlot: number[][] = [];
  for (let entry = 0; entry < entries; entry++) {
    const slot = index.insert(hashes.subarray(entry * limits.hashBytes, (entry + 1) * limits.hashBytes));
    const sharing = entriesOfSlot[slot];
    if (sharing === undefined) entriesOfSlot[slot] = [entry];
    else sharing.push(entry);
  }
  return { index, entriesOfSlot };
}

function columnsOf(hits: readonly Hit[], entriesOfSlot: readonly (readonly number[])[], capped: boolean): ViewHits {
  let count = 0;
  for (const { found } of hits) {
    for (let hit = 0; hit < found.count; hit++) count += entriesOfSlot[found.slot[hit] ?? 0]?.length ?? 0;
  }
  const query = new Uint32Array(count);
  const entry = new Uint32Array(count);
  const distanceBits = new Uint16Array(count);
  let at = 0;
  for (const { base, found } of hits) {
    for (let hit = 0; hit < found.count; hit++) {
      for (const each of entriesOfSlot[found.slot[hit] ?? 0] ?? []) {
        query[at] = base + (found.query[hit] ?? 0);
        entry[at] = each;
        distanceBits[at] = found.distanceBits[hit] ?? 0;
        at += 1;
      }
    }
  }
  return { count, capped, query, entry, distanceBits };
}
