/** What a snapshot of the bank says of itself, and whether it may be gone on from. Pure. See docs/specs/bank.md. */
import { crc32 } from 'node:zlib';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';

export interface PieceRecord {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
}

export interface SnapshotManifest {
  /** Of the pieces of the table; the index has a format of its own. */
  readonly format: number;
  readonly logId: string;
  /** Offset of the last bank record that is in it. */
  readonly position: number;
  /** Frames below this quality are not in the index. */
  readonly frameQualityMin: number;
  readonly createdAtMs: number;
  readonly contents: number;
  readonly hashes: number;
  /** In the order in which they lie in the file. */
  readonly pieces: readonly PieceRecord[];
}

export const snapshotFormat = 2;

export function manifestText(manifest: SnapshotManifest): string {
  return JSON.stringify({ ...manifest, crc32: crcOf(manifest) });
}

/** Throws snapshot_damaged. */
export function parseManifest(text: string): SnapshotManifest {
  let read: SnapshotManifest & { readonly crc32?: number };
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new FloodgateError('snapshot_damaged', 'its manifest is not JSON', { cause });
  }
  const { crc32: expected, ...manifest } = read;
  if (crcOf(manifest) !== expected) throw new FloodgateError('snapshot_damaged', 'its manifest is damaged');
  return manifest;
}

function crcOf(manifest: SnapshotManifest): number {
  return crc32(JSON.stringify(manifest));
}

/** What a snapshot must fit. */
export interface SnapshotSituation {
  readonly logId: string;
  /** Of the bank's topic. */
  readonly startOffset: number;
  readonly endOffset: number;
  readonly frameQualityMin: number;
  readonly nowMs: number;
}

/** Null when reading may go on behind the snapshot; otherwise why the bank must be read from its first record. */
export function misfitOf(manifest: SnapshotManifest, situation: SnapshotSituation): string | null {
  const { format, logId, position, frameQualityMin, createdAtMs } = manifest;
  const { startOffset, endOffset, nowMs } = situation;
  if (format !== snapshotFormat) return `it has format ${format}, and this version reads ${snapshotFormat}`;
  if (logId !== situation.logId) return `it is of another log (${logId})`;
  if (frameQualityMin !== situation.frameQualityMin) {
    return `it was made for a least frame quality of ${frameQualityMin}, and the policy says ${situation.frameQualityMin}`;
  }
  if (position >= endOffset) return `it is at position ${position}, beyond the end of the log (${endOffset})`;
  if (position + 1 < startOffset) return `the log begins at ${startOffset}, behind its position ${position}`;
  // Nothing came since, so no removal can have been forgotten, however old it is.
  if (position + 1 === endOffset) return null;
  const ageMs = nowMs - createdAtMs;
  if (ageMs > limits.bankSnapshotAgeMsMax) {
    return `it is ${hours(ageMs)} hours old; removals may have left the log since`;
  }
  if (ageMs < -limits.bankSnapshotAgeMsMax) return 'it is from the future; its age cannot be told';
  return null;
}

function hours(ms: number): number {
  return Math.round(ms / 3_600_000);
}
