/** The index under test, behind the part of its port that the bench uses, whichever file of src/kernel makes it. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { limits } from '../../../src/config/limits.ts';
import { builtFile } from '../../../src/config/paths.ts';
import type { HammingIndex } from '../../../src/kernel/hamming-index.ts';

/** What an index that builds segments has beside the port; a plain scan has none of it. */
export interface BenchIndex extends HammingIndex {
  readonly merging?: boolean;
  merge?(): Promise<void>;
  save?(folder: string): Promise<void>;
  close?(): Promise<void>;
}

interface IndexDoor {
  createHammingIndex(options: { hashesMax: number; merging?: 'never' | 'background' }): BenchIndex;
  restoreHammingIndex?(folder: string, options: { hashesMax: number }): Promise<BenchIndex>;
}

export async function openIndexDoor(): Promise<IndexDoor> {
  const files = ['src/kernel/segmented-index.js', 'src/kernel/load-kernel.js'].map((name) => builtFile(name));
  const file = files.find((path) => existsSync(path));
  if (file === undefined) throw new Error('src/kernel is not built; run "npm run build"');
  return (await import(pathToFileURL(file).href)) as IndexDoor;
}

/** Inserts every code; the position of a code by its slot. Codes that are there already share a slot. */
export function insertAll(index: BenchIndex, codes: Uint8Array): Uint32Array {
  const count = codes.length / limits.hashBytes;
  const positions = new Uint32Array(count);
  for (let at = 0; at < count; at++) {
    const slot = index.insert(codes.subarray(at * limits.hashBytes, (at + 1) * limits.hashBytes));
    if (slot < count) positions[slot] = at;
  }
  return positions;
}
