/** The door to the kernel: makes hashers and indexes, each an instance with a memory of its own. */

import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import { FloodgateError } from '../errors.ts';
import type { HammingIndex, Hits } from './hamming-index.ts';
import type { Channels, Hasher } from './hasher.ts';
import { callKernel, instantiateKernel, type Kernel, type KernelBuild, viewBytes } from './kernel-binary.ts';

export interface HasherOptions {
  readonly build?: KernelBuild;
}

export interface HammingIndexOptions {
  readonly build?: KernelBuild;
  /** Hashes the index takes at most; up to, and by default, limits.bankHashesMax. */
  readonly hashesMax?: number;
}

/**
 * V8 optimises a function after a few calls; the first real frame should not pay for that. Instances share their code,
 * so once a process is enough.
 */
const warmUpCalls = 20;
/** Wide enough that tents along a row take more than one vector. */
const warmUpSide = 256;
const warmUpHashes = 1024;
const warmed = new Set<'hasher' | 'index'>();

/** Version of the kernel: `<ABI version>-<first 8 digits of the binary's SHA-256>`. */
export function readKernelVersion(build: KernelBuild = 'release'): string {
  return instantiateKernel(build).version;
}

/** A hasher, warmed up. Throws kernel_failed when the kernel is missing or of another version. */
export function createHasher({ build = 'release' }: HasherOptions = {}): Hasher {
  const kernel = instantiateKernel(build);
  callKernel(() => kernel.calls.startHasher());
  const hasher = hasherOf(kernel);
  if (build === 'release' && !warmed.has('hasher')) warmHasher(hasher);
  return hasher;
}

/** An empty index, warmed up. Throws kernel_failed when the kernel is missing or of another version. */
export function createHammingIndex(options: HammingIndexOptions = {}): HammingIndex {
  const { build = 'release', hashesMax = limits.bankHashesMax } = options;
  requireInteger('hashesMax', hashesMax, 1, limits.bankHashesMax);
  const kernel = instantiateKernel(build);
  callKernel(() => kernel.calls.startIndex());
  if (build === 'release' && !warmed.has('index')) warmIndex(kernel);
  return indexOf(kernel, hashesMax);
}

function hasherOf(kernel: Kernel): Hasher {
  const { calls, capacities, version } = kernel;
  const copyHashes = (count: number) => viewBytes(kernel, calls.hashesAddress(), count * capacities.hashBytes).slice();
  return {
    kernelVersion: version,
    frameBuffer(width: number, height: number, channels: Channels) {
      requireInteger('the width of a frame', width, 1, limits.frameSideMax);
      requireInteger('the height of a frame', height, 1, limits.frameSideMax);
      if (channels !== 1 && channels !== 3) {
        throw new FloodgateError('kernel_failed', `a frame has 1 or 3 channels, not ${channels}`);
      }
      const address = callKernel(() => calls.setFrame(width, height, channels));
      return viewBytes(kernel, address, width * height * channels);
    },
    hash() {
      const quality = callKernel(() => calls.hashFrame());
      return { quality, hash: copyHashes(1) };
    },
    hashDihedral() {
      const quality = callKernel(() => calls.hashFrameDihedral());
      return { quality, hashes: copyHashes(dihedralNames.length) };
    },
    hashInReferenceOrder() {
      const quality = callKernel(() => calls.hashFrameInReferenceOrder(0));
      return { quality, hash: copyHashes(1) };
    },
    hashDihedralInReferenceOrder() {
      const quality = callKernel(() => calls.hashFrameInReferenceOrder(1));
      return { quality, hashes: copyHashes(dihedralNames.length) };
    },
    get reruns() {
      return calls.rerunCount() >>> 0;
    },
  };
}

function indexOf(kernel: Kernel, hashesMax: number): HammingIndex {
  const { calls, capacities } = kernel;
  return {
    get size() {
      return calls.indexSize();
    },
    get bytes() {
      return calls.memory.buffer.byteLength;
    },
    insert(hash) {
      requireLength('a hash', hash, limits.hashBytes);
      if (calls.indexSize() >= hashesMax) {
        throw new FloodgateError('bank_full', `the index holds ${hashesMax} hashes, as many as it may`);
      }
      viewBytes(kernel, calls.insertedHashAddress(), limits.hashBytes).set(hash);
      const slot = callKernel(() => calls.insert()) >>> 0;
      if (slot === capacities.noSlot) {
        throw new FloodgateError('bank_full', `no memory for more than ${calls.indexSize()} hashes`);
      }
      return slot;
    },
    remove(slot) {
      requireInteger('a slot', slot, 0, capacities.noSlot - 1);
      callKernel(() => calls.remove(slot));
    },
    search(queries, radiusBits, hitsMax) {
      const queryCount = queries.length / limits.hashBytes;
      requireInteger('the number of queries (of 32 bytes each)', queryCount, 1, limits.queriesPerSearchMax);
      requireInteger('a radius in bits', radiusBits, 0, limits.radiusBitsMax);
      requireInteger('hitsMax', hitsMax, 1, limits.hitsPerSearchMax);
      viewBytes(kernel, calls.queriesAddress(), queries.length).set(queries);
      const found = callKernel(() => calls.search(queryCount, radiusBits, hitsMax)) >>> 0;
      return copyHits(kernel, Math.min(found, hitsMax), found > hitsMax);
    },
  };
}

/** Copies, so that an insert which grows memory does not empty them under the caller. */
function copyHits({ calls }: Kernel, count: number, capped: boolean): Hits {
  const { buffer } = calls.memory;
  return {
    count,
    capped,
    query: new Uint32Array(buffer, calls.hitQueriesAddress(), count).slice(),
    slot: new Uint32Array(buffer, calls.hitSlotsAddress(), count).slice(),
    distanceBits: new Uint16Array(buffer, calls.hitDistancesAddress(), count).slice(),
  };
}

function requireInteger(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new FloodgateError('kernel_failed', `${what} is ${value}; it must be a whole number from ${min} to ${max}`);
}

function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return;
  throw new FloodgateError('kernel_failed', `${what} has ${bytes.length} bytes; it must have ${length}`);
}

function warmHasher(hasher: Hasher): void {
  warmed.add('hasher');
  for (const channels of [1, 3] as const) {
    hasher.frameBuffer(warmUpSide, warmUpSide, channels).forEach((_, at, frame) => {
      frame[at] = (at * 31) & 0xff;
    });
    for (let call = 0; call < warmUpCalls; call++) {
      hasher.hashDihedral();
      hasher.hashDihedralInReferenceOrder();
    }
  }
}

/** Leaves the index empty: starting again forgets the hashes that were searched. */
function warmIndex(kernel: Kernel): void {
  warmed.add('index');
  const index = indexOf(kernel, limits.bankHashesMax);
  const hash = new Uint8Array(limits.hashBytes);
  for (let at = 0; at < warmUpHashes; at++) {
    hash.fill((at * 37) & 0xff);
    index.insert(hash);
  }
  const radii = [31, 60, limits.radiusBitsMax];
  for (let call = 0; call < warmUpCalls; call++) {
    for (const radiusBits of radii) index.search(new Uint8Array(8 * limits.hashBytes), radiusBits, 1);
  }
  callKernel(() => kernel.calls.startIndex());
}
