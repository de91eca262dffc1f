/** Known content as it is added to a bank, for tests. */
import type { BankEntry } from '../../src/bank/bank-records.ts';
import type { Frame } from '../../src/contracts/packed-frames.ts';
import type { SampledFrame } from '../../src/fingerprint/fingerprinter.ts';
import { dihedralHashes, hashNumber } from './hashes.ts';

/** `count` frames half a second apart, with hashes from number `first` on. */
export function frames(count: number, first = 0, quality = 90): Frame[] {
  return Array.from({ length: count }, (_, at) => ({ timeMs: at * 500, quality, hash: hashNumber(first + at) }));
}

export function bankEntry(changes: Partial<BankEntry> = {}): BankEntry {
  return {
    contentId: 'content-1',
    bank: 'default',
    labels: ['incident-42'],
    kind: 'video',
    sha256: undefined,
    durationMs: 10_000,
    framesPerSecond: 2,
    frames: frames(4),
    ...changes,
  };
}

export function sampledFrame(hash: Uint8Array, changes: { timeMs?: number; dihedral?: number } = {}): SampledFrame {
  const { timeMs = 0, dihedral = 0 } = changes;
  return { timeMs, quality: 80, hashes: dihedralHashes(hash, dihedral) };
}
