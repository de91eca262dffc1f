/**
 * Snapshots: an index as files, and back. Runs in a worker.
 *
 *      <folder>/manifest.json    what there is, and the CRC-32 of each piece of each file
 *      <folder>/blocks           codes, and the masks of the moment at which the snapshot was asked for
 *      <folder>/front-planes     both halves of the planes, which would take longer to make anew than to read
 *      <folder>/back-planes
 *      <folder>/segment-0 ...    the memory of each segment from its header on
 *
 * The files are memory as it lies, read straight back into it; what chains and lists the slots is made anew. A snapshot
 * is written beside its folder and takes its place when it is complete, so a crash leaves the one before.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { limits } from '../config/limits.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { StoreBlocks } from './build-segment.ts';
import {
  callKernel,
  createSharedMemory,
  instantiateOn,
  type KernelBuild,
  type KernelCapacities,
  pageBytes,
  type SearchExports,
  type SharedMemory,
} from './kernel-binary.ts';
import type { SegmentData } from './segment.ts';

/** Where the store keeps what is saved. */
export interface StoreRegions extends StoreBlocks {
  readonly frontPlanesAddress: number;
  readonly backPlanesAddress: number;
}

export interface SaveOrder {
  readonly build: KernelBuild;
  readonly folder: string;
  readonly store: StoreRegions;
  readonly hashes: number;
  /** Slots ever used. */
  readonly slots: number;
  /** The masks of each block as they are to be in the snapshot, `maskBytes` a block. */
  readonly masks: Uint8Array;
  readonly segments: readonly SegmentData[];
}

export interface RestoreOrder {
  readonly build: KernelBuild;
  readonly folder: string;
  readonly hashesMax: number;
}

export interface RestoredIndex {
  readonly memory: SharedMemory;
  readonly slots: number;
  readonly segments: readonly SegmentData[];
}

/** Of a block, before its links: which slots are live, indexed, held; whether it is listed. */
export const maskBytes = 64;

interface FileRecord {
  readonly name: string;
  readonly bytes: number;
  /** CRC-32 of each piece of `pieceBytes`; the last may be shorter. */
  readonly crc32: readonly number[];
}

interface Manifest {
  readonly format: 1;
  /** Layout of the blocks and segments: that of the kernel which wrote them. */
  readonly abiVersion: number;
  readonly blockBytes: number;
  readonly pieceBytes: number;
  readonly hashes: number;
  readonly slots: number;
  readonly store: readonly FileRecord[];
  readonly segments: readonly (FileRecord & { readonly hashes: number; readonly firstSlot: number })[];
}

/** Throws snapshot_failed; the folder then has what it had. */
export function writeSnapshot(order: SaveOrder): null {
  const partial = `${order.folder}.partial`;
  try {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const manifest = writeFiles(order, partial);
    writeWhole(join(partial, 'manifest.json'), Buffer.from(JSON.stringify({ ...manifest, crc32: crcOf(manifest) })));
    rmSync(order.folder, { recursive: true, force: true });
    renameSync(partial, order.folder);
    return null;
  } catch (thrown) {
    const { message } = toFloodgateError(thrown);
    throw new FloodgateError('snapshot_failed', `the snapshot could not be written: ${message}`, { cause: thrown });
  }
}

function writeFiles(order: SaveOrder, folder: string): Manifest {
  const { calls, capacities } = instantiateOn(order.build, createSharedMemory(pageBytes));
  const { blockBytes, abiVersion } = capacities;
  const blocks = order.masks.length / maskBytes;
  const store = regionsOf(order.store, blocks, capacities).map(({ name, bytes }) =>
    writeFile(folder, name, bytes, (piece, at) => {
      if (name === 'blocks') putMasks(piece, at, order.masks, blockBytes);
    }),
  );
  const segments = order.segments.map(({ memory, hashes, firstSlot }, at) => ({
    ...writeFile(folder, `segment-${at}`, new Uint8Array(memory.buffer, 0, calls.segmentBytes(hashes) >>> 0)),
    hashes,
    firstSlot,
  }));
  const { snapshotPieceBytes: pieceBytes } = limits;
  return { format: 1, abiVersion, blockBytes, pieceBytes, hashes: order.hashes, slots: order.slots, store, segments };
}

function regionsOf(store: StoreRegions, blocks: number, { blockBytes, planesHalfBytes }: KernelCapacities) {
  const { buffer } = store.memory;
  return [
    { name: 'blocks', bytes: new Uint8Array(buffer, store.blocksAddress, blocks * blockBytes) },
    { name: 'front-planes', bytes: new Uint8Array(buffer, store.frontPlanesAddress, blocks * planesHalfBytes) },
    { name: 'back-planes', bytes: new Uint8Array(buffer, store.backPlanesAddress, blocks * planesHalfBytes) },
  ];
}

/** Piece by piece through a copy, since what is written must be what the CRC was taken of. */
function writeFile(
  folder: string,
  name: string,
  bytes: Uint8Array,
  amend: (piece: Uint8Array, at: number) => void = () => {},
): FileRecord {
  const fd = openSync(join(folder, name), 'wx');
  try {
    const crcs: number[] = [];
    const room = new Uint8Array(limits.snapshotPieceBytes);
    for (let at = 0; at < bytes.length; at += room.length) {
      const piece = room.subarray(0, Math.min(room.length, bytes.length - at));
      piece.set(bytes.subarray(at, at + piece.length));
      amend(piece, at);
      crcs.push(crc32(piece));
      writeAll(fd, piece);
    }
    fsyncSync(fd);
    return { name, bytes: bytes.length, crc32: crcs };
  } finally {
    closeSync(fd);
  }
}

/** Puts the masks of the blocks that begin in the piece, or before it and reach into it, over what memory has now. */
function putMasks(piece: Uint8Array, at: number, masks: Uint8Array, blockBytes: number): void {
  for (let block = Math.floor(at / blockBytes); block * blockBytes < at + piece.length; block++) {
    for (let byte = 0; byte < maskBytes; byte++) {
      const to = block * blockBytes + byte - at;
      if (to >= 0 && to < piece.length) piece[to] = masks[block * maskBytes + byte] ?? 0;
    }
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, 'wx');
  try {
    writeAll(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

/** Throws snapshot_damaged when a piece is not what was written, snapshot_failed when the files cannot be read. */
export function readSnapshot({ build, folder, hashesMax }: RestoreOrder): RestoredIndex {
  try {
    const manifest = readManifest(folder);
    const memory = createSharedMemory(pageBytes);
    const { calls, capacities } = instantiateOn(build, memory);
    callKernel(() => calls.startIndex(hashesMax));
    requireKernel(manifest, capacities);
    requireRoom(manifest, hashesMax, calls.slotsMax());
    const blocks = Math.ceil(manifest.slots / capacities.blockSlots);
    for (const { name, bytes } of regionsOf(storeRegionsOf(memory, calls), blocks, capacities)) {
      readFile(folder, manifest, recordOf(manifest, name, bytes.length), bytes);
    }
    const segments = manifest.segments.map((file) => {
      const tables = createSharedMemory(file.bytes, file.bytes);
      readFile(folder, manifest, file, new Uint8Array(tables.buffer, 0, file.bytes));
      return { memory: tables, hashes: file.hashes, firstSlot: file.firstSlot };
    });
    return { memory, slots: manifest.slots, segments };
  } catch (thrown) {
    const error = toFloodgateError(thrown);
    if (error.code === 'snapshot_damaged') throw error;
    throw new FloodgateError('snapshot_failed', `the snapshot could not be read: ${error.message}`, { cause: thrown });
  }
}

function readManifest(folder: string): Manifest {
  const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
  let read: Manifest & { readonly crc32: number };
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new FloodgateError('snapshot_damaged', 'the manifest of the snapshot is not JSON', { cause });
  }
  const { crc32: expected, ...manifest } = read;
  if (crcOf(manifest) !== expected)
    throw new FloodgateError('snapshot_damaged', 'the manifest of the snapshot is damaged');
  return manifest;
}

function requireKernel({ format, abiVersion, blockBytes }: Manifest, capacities: KernelCapacities): void {
  if (format === 1 && abiVersion === capacities.abiVersion && blockBytes === capacities.blockBytes) return;
  throw new FloodgateError('snapshot_damaged', 'the snapshot was written by another version');
}

function requireRoom({ hashes, slots }: Manifest, hashesMax: number, slotsMax: number): void {
  if (hashes <= hashesMax && slots <= slotsMax) return;
  throw new FloodgateError('snapshot_damaged', `the snapshot has ${hashes} hashes; at most ${hashesMax} are allowed`);
}

/** Where a store that was started keeps its regions. */
export function storeRegionsOf(memory: SharedMemory, calls: SearchExports): StoreRegions {
  return {
    memory,
    blocksAddress: calls.blocksAddress() >>> 0,
    frontPlanesAddress: calls.frontPlanesAddress() >>> 0,
    backPlanesAddress: calls.backPlanesAddress() >>> 0,
  };
}

function recordOf({ store }: Manifest, name: string, bytes: number): FileRecord {
  const file = store.find((each) => each.name === name);
  if (file?.bytes === bytes) return file;
  throw new FloodgateError('snapshot_damaged', `the snapshot has no whole file of its ${name}`);
}

/** Reads straight into kernel memory. */
function readFile(folder: string, { pieceBytes }: Manifest, file: FileRecord, into: Uint8Array): void {
  const fd = openSync(join(folder, file.name), 'r');
  try {
    for (let at = 0, number = 0; at < into.length; at += pieceBytes, number++) {
      const piece = into.subarray(at, at + pieceBytes);
      let read = 0;
      for (let count = -1; read < piece.length && count !== 0; read += count) {
        count = readSync(fd, piece, read, piece.length - read, null);
      }
      if (read < piece.length || crc32(piece) !== file.crc32[number]) {
        throw new FloodgateError(
          'snapshot_damaged',
          `piece ${number} of ${file.name} is damaged; the index must be built anew`,
        );
      }
    }
  } finally {
    closeSync(fd);
  }
}

function crcOf(manifest: Manifest): number {
  return crc32(JSON.stringify(manifest));
}
