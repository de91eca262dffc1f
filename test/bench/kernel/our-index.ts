/** The index under test, as the bench fills it. */
import { limits } from '../../../src/config/limits.ts';
import type { HammingIndex } from '../../../src/kernel/hamming-index.ts';

/** Inserts every code; the position of a code by its slot. Codes that are there already share a slot. */
export function insertAll(index: HammingIndex, codes: Uint8Array): Uint32Array {
  const count = codes.length / limits.hashBytes;
  const positions = new Uint32Array(count);
  for (let at = 0; at < count; at++) {
    const slot = index.insert(codes.subarray(at * limits.hashBytes, (at + 1) * limits.hashBytes));
    if (slot < count) positions[slot] = at;
  }
  return positions;
}
