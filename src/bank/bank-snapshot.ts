/**
 * Snapshots of the bank on disk, one folder a generation, which appears whole or not at all:
 *
 *      <folder>/snapshot-<n>/manifest.json
 *      <folder>/snapshot-<n>/table           the pieces of the table, one after the other
 *      <folder>/snapshot-<n>/index/          the index of the same moment (kernel/snapshot.ts)
 *      <folder>/snapshot-<n>.partial/        one that was not finished
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { limits } from '../config/limits.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { OwnedIndex } from '../kernel/hamming-index.ts';
import type { TableImage } from './columns.ts';
import type { BankState, LiveBank } from './live-bank.ts';
import {
  manifestText,
  misfitOf,
  type PieceRecord,
  parseManifest,
  type SnapshotManifest,
  type SnapshotSituation,
  snapshotFormat,
} from './snapshot-manifest.ts';

export interface SnapshotSource {
  readonly folder: string;
  readonly bank: Pick<LiveBank, 'copyState'>;
  readonly index: Pick<OwnedIndex, 'save' | 'size'>;
  readonly logId: string;
  readonly frameQualityMin: number;
  readonly nowMs: number;
}

/**
 * Writes a generation and removes those before it. Changes of the bank wait while the table is copied, not while it is
 * written. Throws snapshot_failed; those before are then still there.
 */
export async function writeBankSnapshot(source: SnapshotSource): Promise<SnapshotManifest> {
  const { folder } = source;
  try {
    await mkdir(folder, { recursive: true });
    await removeAll(folder, (name) => name.endsWith('.partial') && generationOf(name.slice(0, -8)) !== undefined);
    const generation = ((await generationsIn(folder))[0] ?? 0) + 1;
    const whole = join(folder, `snapshot-${generation}`);
    const manifest = await writeFiles(source, `${whole}.partial`);
    await rename(`${whole}.partial`, whole);
    await syncFolder(folder);
    await removeAll(folder, (name) => (generationOf(name) ?? generation) < generation);
    return manifest;
  } catch (thrown) {
    const { message } = toFloodgateError(thrown);
    throw new FloodgateError('snapshot_failed', `the snapshot of the bank: ${message}`, { cause: thrown });
  }
}

async function writeFiles(source: SnapshotSource, folder: string): Promise<SnapshotManifest> {
  const { bank, index, logId, frameQualityMin, nowMs } = source;
  await mkdir(folder);
  let copied: Promise<BankState> | undefined;
  let hashes = 0;
  const saved = index.save(join(folder, 'index'), () => {
    // Table and index are of the same moment, because nothing is applied within this turn.
    hashes = index.size;
    copied = bank.copyState();
  });
  try {
    await saved;
  } finally {
    await copied;
  }
  if (copied === undefined) throw new FloodgateError('internal', 'the index has not told its moment');
  const { position, contents, image } = await copied;
  const pieces = await writeTable(join(folder, 'table'), image);
  const manifest = {
    format: snapshotFormat,
    logId,
    position,
    frameQualityMin,
    createdAtMs: nowMs,
    contents,
    hashes,
    pieces,
  };
  await writeFile(join(folder, 'manifest.json'), manifestText(manifest), { flush: true });
  await syncFolder(folder);
  return manifest;
}

async function writeTable(path: string, image: TableImage): Promise<PieceRecord[]> {
  const file = await open(path, 'wx');
  try {
    const pieces: PieceRecord[] = [];
    for (const [name, piece] of image) {
      let [crc, bytes] = [0, 0];
      for (const part of piece instanceof Uint8Array ? partsOf(piece) : joinedParts(piece)) {
        crc = crc32(part, crc);
        bytes += part.length;
        await writeAll(file, part);
      }
      pieces.push({ name, bytes, crc32: crc });
    }
    await file.sync();
    return pieces;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

export interface ReadSnapshot {
  /** The folder of its index. */
  readonly indexFolder: string;
  readonly manifest: SnapshotManifest;
  readonly state: BankState;
}

/** The folders of snapshots, the newest first; none when there is no such folder. Throws snapshot_failed. */
export async function snapshotFolders(folder: string): Promise<string[]> {
  try {
    return (await generationsIn(folder)).map((generation) => join(folder, `snapshot-${generation}`));
  } catch (thrown) {
    const { message } = toFloodgateError(thrown);
    throw new FloodgateError('snapshot_failed', `its folder cannot be read: ${message}`, { cause: thrown });
  }
}

/** Throws snapshot_damaged, saying why, when it cannot be gone on from; snapshot_failed when it cannot be read. */
export async function readBankSnapshot(folder: string, situation: SnapshotSituation): Promise<ReadSnapshot> {
  try {
    const manifest = parseManifest(await readFile(join(folder, 'manifest.json'), 'utf8'));
    const misfit = misfitOf(manifest, situation);
    if (misfit !== null) throw new FloodgateError('snapshot_damaged', misfit);
    const image = await readTable(join(folder, 'table'), manifest.pieces);
    const { position, contents } = manifest;
    return { manifest, indexFolder: join(folder, 'index'), state: { position, contents, image } };
  } catch (thrown) {
    const error = toFloodgateError(thrown);
    if (error.code === 'snapshot_damaged') throw error;
    throw new FloodgateError('snapshot_failed', `it cannot be read: ${error.message}`, { cause: thrown });
  }
}

async function readTable(path: string, pieces: readonly PieceRecord[]): Promise<TableImage> {
  const image = new Map<string, Uint8Array<ArrayBuffer>>();
  const file = await open(path, 'r');
  try {
    for (const { name, bytes, crc32: expected } of pieces) {
      const piece = new Uint8Array(bytes);
      let crc = 0;
      for (const part of partsOf(piece)) {
        await readAll(file, part);
        crc = crc32(part, crc);
      }
      if (crc !== expected) throw new FloodgateError('snapshot_damaged', `its piece ${name} is damaged`);
      image.set(name, piece);
    }
    return image;
  } finally {
    await file.close();
  }
}

async function readAll(file: FileHandle, into: Uint8Array): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at);
    if (bytesRead === 0) throw new FloodgateError('snapshot_damaged', 'its table is cut off');
    at += bytesRead;
  }
}

/** As much as may keep the event loop for one turn. */
function* partsOf(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += limits.bankCopyBytesPerTurn) {
    yield bytes.subarray(at, at + limits.bankCopyBytesPerTurn);
  }
}

/** The same of many arrays: a small one is not worth a write of its own. */
function* joinedParts(arrays: readonly Uint8Array<ArrayBuffer>[]): Generator<Uint8Array> {
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (const array of arrays) {
    if (array.length >= limits.bankCopyBytesPerTurn) {
      yield Buffer.concat(waiting);
      yield* partsOf(array);
      [waiting, bytes] = [[], 0];
      continue;
    }
    waiting.push(array);
    bytes += array.length;
    if (bytes < limits.bankCopyBytesPerTurn) continue;
    yield Buffer.concat(waiting);
    [waiting, bytes] = [[], 0];
  }
  yield Buffer.concat(waiting);
}

async function generationsIn(folder: string): Promise<number[]> {
  const generations = (await namesIn(folder)).map(generationOf).filter((each) => each !== undefined);
  return generations.sort((a, b) => b - a);
}

function generationOf(name: string): number | undefined {
  const [, digits] = /^snapshot-(\d{1,15})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

async function removeAll(folder: string, isDue: (name: string) => boolean): Promise<void> {
  for (const name of (await namesIn(folder)).filter(isDue)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
}

/** So that a name which was made or changed in the folder outlasts a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
