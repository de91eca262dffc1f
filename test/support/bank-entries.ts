/** Known content as it is added to a bank, for tests. */
import type { BankEntry } from '../../src/bank/bank-records.ts';
import { limits } from '../../src/config/limits.ts';
import { type Frame, packThumbnails, packViews } from '../../src/contracts/packed-frames.ts';
import type { SampledFrame } from '../../src/fingerprint/fingerprinter.ts';
import { knownViews } from '../../src/match/region.ts';
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

/** The deep side of `count` frames half a second apart: every view, with hashes from number `first` on. */
export function deepSide(count: number, first = 0): Required<Pick<BankEntry, 'aspect' | 'views' | 'thumbnails'>> {
  const times = Array.from({ length: count }, (_, at) => at * 500);
  const views = times.flatMap((timeMs, at) =>
    knownViews.map((_view, view) => {
      return { timeMs, view, quality: 70, hash: hashNumber(first + at * knownViews.length + view) };
    }),
  );
  const pixels = times.map((_, at) => new Uint8Array(limits.thumbnailBytes).fill(at));
  const thumbnails = times.map((timeMs, at) => ({ timeMs, pixels: pixels[at] ?? new Uint8Array(0) }));
  return { aspect: 1.6, views: packViews(views), thumbnails: packThumbnails(thumbnails) };
}

export function sampledFrame(hash: Uint8Array, changes: { timeMs?: number; dihedral?: number } = {}): SampledFrame {
  const { timeMs = 0, dihedral = 0 } = changes;
  return { timeMs, quality: 80, hashes: dihedralHashes(hash, dihedral) };
}
