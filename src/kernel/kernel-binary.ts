/** From the built file to a kernel instance: compiled once a process, checked against the limits, its errors decoded. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';
import { limits } from '../config/limits.ts';
import { builtFile } from '../config/paths.ts';
import { FloodgateError } from '../errors.ts';

/** The debug binary runs the same source unoptimised; only tests ask for it. */
export type KernelBuild = 'release' | 'debug';

/** What `assembly/index.ts` exports; docs/specs/kernel-abi.md. Addresses are bytes from the start of `memory`. */
export interface HasherExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  startHasher(): void;
  setFrame(width: number, height: number, channels: number): number;
  hashFrame(): number;
  hashFrameDihedral(): number;
  hashFrameInReferenceOrder(allViews: number): number;
  rerunCount(): number;
  hashesAddress(): number;
  makeBase(): void;
  baseAddress(): number;
  takeBase(): void;
  hashRegion(x0: number, xu: number, xv: number, y0: number, yu: number, yv: number, allViews: 0 | 1): number;
  makeThumbnail(side: number): number;
  grayPlanesAddress(): number;
  mapEdges(count: number, downwards: 0 | 1, cap: number): number;
  edgesAddress(): number;
  edgeSumsAddress(): number;
  mapDetail(count: number): number;
  mapRange(count: number): number;
}

/** The searching parts, in a shared memory; which of them an instance plays is told by the first call. */
export interface SearchExports {
  // Store
  startIndex(hashesMax: number): void;
  insertedHashAddress(): number;
  insert(): number;
  remove(slot: number): void;
  queriesAddress(): number;
  queryCodesAddress(): number;
  search(queryCount: number, radiusBits: number, room: number, freshOnly: 0 | 1): number;
  quartetFormsAddress(): number;
  searchQuartets(quartets: number, radiusBits: number, room: number): number;
  searchListedQuartets(quartets: number, radiusBits: number, room: number, count: number): number;
  confirm(count: number): number;
  hitQueriesAddress(): number;
  hitSlotsAddress(): number;
  hitDistancesAddress(): number;
  slotListAddress(): number;
  slotListOriginsAddress(): number;
  indexSize(): number;
  freshSize(): number;
  deadSize(): number;
  slotsUsed(): number;
  slotsMax(): number;
  indexBytes(): number;
  beginCapture(from: number, end: number): void;
  capture(): number;
  markIndexed(count: number): void;
  release(count: number): void;
  endChange(): void;
  blocksAddress(): number;
  frontPlanesAddress(): number;
  backPlanesAddress(): number;
  adopt(slots: number): void;
  // Segment
  segmentBytes(hashes: number): number;
  startSegment(): number;
  searchSegment(queryCount: number, radiusBits: number): void;
  nextSegmentCandidates(): number;
  segmentDirectoryAddress(chunk: number): number;
  segmentSketchesAddress(chunk: number, hashes: number): number;
  segmentSlotsAddress(chunk: number, hashes: number): number;
  seal(hashes: number, firstSlot: number): void;
  // Builder
  startBuilder(hashesMax: number): void;
  builderSlotsAddress(): number;
  stageAddress(): number;
  takeStage(staged: number): void;
  build(chunk: number): void;
  builtDirectoryAddress(): number;
  builtSketchesAddress(): number;
  builtSlotsAddress(): number;
}

/** The kernel's capacities, read from its exports. */
export interface KernelCapacities {
  readonly abiVersion: number;
  readonly optimizeLevel: number;
  readonly hashBytes: number;
  readonly dihedralCount: number;
  readonly channelsMax: number;
  readonly frameSideMin: number;
  readonly frameSideMax: number;
  readonly frameBytesMax: number;
  readonly baseSide: number;
  readonly grayPlaneSide: number;
  readonly grayPlanesMax: number;
  readonly medianPlanesMax: number;
  readonly radiusBitsMax: number;
  readonly queriesMax: number;
  readonly quartetsMax: number;
  readonly hitsMax: number;
  readonly indexHashesMax: number;
  readonly noSlot: number;
  readonly blockSlots: number;
  readonly blockBytes: number;
  readonly blockCodes: number;
  readonly planesHalfBytes: number;
  readonly directoryBytes: number;
  readonly segmentRadiusBitsMax: number;
  readonly segmentSlotsMax: number;
  readonly slotBytes: number;
  readonly slotListMax: number;
  readonly stagedMax: number;
}

export interface Kernel<Exports = HasherExports> {
  readonly calls: Exports;
  readonly capacities: KernelCapacities;
  /** `<ABI version>-<first 8 digits of the binary's SHA-256>`. */
  readonly version: string;
}

const abiVersion = 4;

interface Binary {
  /** The bytes at first, the compiled module once there is one: instances of one module share their optimised code. */
  source: Parameters<typeof instantiateSync>[0];
  readonly sha256: string;
}
type BinaryName = KernelBuild | `${KernelBuild}-shared`;
const binaries = new Map<BinaryName, Binary>();

/** A fresh instance with a memory of its own. Throws kernel_failed when it is not built or does not fit the limits. */
export function instantiateKernel(build: KernelBuild): Kernel {
  return instantiate<HasherExports>(build, {});
}

/**
 * The same program on a shared memory, so that one thread searches what another has built. Hashers do not use it:
 * copying a frame into a shared memory takes twice as long.
 */
export function instantiateOn(build: KernelBuild, memory: SharedMemory): Kernel<SearchExports> {
  return instantiate<SearchExports>(`${build}-shared`, { env: { memory } });
}

/** Bytes of a page of WebAssembly memory. */
export const pageBytes = 65_536;
export const memoryBytesMax = 65_536 * pageBytes;

/** A memory that threads share. TypeScript's own libraries leave WebAssembly to browsers. */
export interface SharedMemory {
  /** Views on it stay valid when it grows, at the length they have. */
  readonly buffer: SharedArrayBuffer;
}

declare const WebAssembly: {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
};

/**
 * A shared memory. It may grow to 4 GiB, or to `bytesMax`. Address space is reserved for all of it; only pages that were
 * written take memory.
 */
export function createSharedMemory(bytes: number, bytesMax = memoryBytesMax): SharedMemory {
  const initial = Math.ceil(bytes / pageBytes);
  return new WebAssembly.Memory({ initial, maximum: Math.ceil(bytesMax / pageBytes), shared: true });
}

function instantiate<Exports>(
  name: BinaryName,
  imports: { readonly env?: { readonly memory: SharedMemory } },
): Kernel<Exports> {
  const binary = readBinary(name);
  const { exports, module } = instantiateSync<Record<string, unknown>>(binary.source, imports);
  binary.source = module;
  const capacities = readCapacities(exports);
  checkCapacities(capacities);
  return {
    calls: exports as Exports,
    capacities,
    version: `${capacities.abiVersion}-${binary.sha256.slice(0, 8)}`,
  };
}

/** Runs a call; a failed assertion or a trap of the kernel becomes kernel_failed with the assertion's text. */
export function callKernel<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof FloodgateError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new FloodgateError('kernel_failed', `the kernel refused the call: ${text.replace(/^abort: /, '')}`, {
      cause,
    });
  }
}

/**
 * The one place where views on kernel memory are made. A view dies when memory grows, so it is made anew after every
 * call that may grow it, and never kept by callers beyond what the port promises.
 */
export function viewBytes(kernel: Kernel, address: number, bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(kernel.calls.memory.buffer, address >>> 0, bytes);
}

function readBinary(name: BinaryName): Binary {
  const known = binaries.get(name);
  if (known) return known;
  const path = builtFile(`kernel/${name}.wasm`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new FloodgateError('kernel_failed', `${path} cannot be read; run "npm run build:kernel"`, { cause });
  }
  const binary = { source: bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  binaries.set(name, binary);
  return binary;
}

function readCapacities(exports: Record<string, unknown>): KernelCapacities {
  return {
    abiVersion: capacityOf(exports, 'abiVersion'),
    optimizeLevel: capacityOf(exports, 'optimizeLevel'),
    hashBytes: capacityOf(exports, 'hashBytes'),
    dihedralCount: capacityOf(exports, 'dihedralCount'),
    channelsMax: capacityOf(exports, 'channelsMax'),
    frameSideMin: capacityOf(exports, 'frameSideMin'),
    frameSideMax: capacityOf(exports, 'frameSideMax'),
    frameBytesMax: capacityOf(exports, 'frameBytesMax'),
    baseSide: capacityOf(exports, 'baseSide'),
    grayPlaneSide: capacityOf(exports, 'grayPlaneSide'),
    grayPlanesMax: capacityOf(exports, 'grayPlanesMax'),
    medianPlanesMax: capacityOf(exports, 'medianPlanesMax'),
    radiusBitsMax: capacityOf(exports, 'radiusBitsMax'),
    queriesMax: capacityOf(exports, 'queriesMax'),
    quartetsMax: capacityOf(exports, 'quartetsMax'),
    hitsMax: capacityOf(exports, 'hitsMax'),
    indexHashesMax: capacityOf(exports, 'indexHashesMax'),
    noSlot: capacityOf(exports, 'noSlot') >>> 0,
    blockSlots: capacityOf(exports, 'blockSlots'),
    blockBytes: capacityOf(exports, 'blockBytes'),
    blockCodes: capacityOf(exports, 'blockCodes'),
    planesHalfBytes: capacityOf(exports, 'planesHalfBytes'),
    directoryBytes: capacityOf(exports, 'directoryBytes'),
    segmentRadiusBitsMax: capacityOf(exports, 'segmentRadiusBitsMax'),
    segmentSlotsMax: capacityOf(exports, 'segmentSlotsMax'),
    slotBytes: capacityOf(exports, 'slotBytes'),
    slotListMax: capacityOf(exports, 'slotListMax'),
    stagedMax: capacityOf(exports, 'stagedMax'),
  };
}

/** Constants are exported as WebAssembly globals. */
function capacityOf(exports: Record<string, unknown>, name: string): number {
  const value = (exports[name] as { value?: unknown } | undefined)?.value;
  if (typeof value === 'number') return value;
  throw new FloodgateError('kernel_failed', `the kernel does not export ${name}: build/kernel is of another version`);
}

/** The host's bounds must fit the kernel's buffers; equal where both describe one format. Exported for its test. */
export function checkCapacities(kernel: KernelCapacities): void {
  const relations: readonly [string, boolean][] = [
    ['abiVersion', kernel.abiVersion === abiVersion],
    ['hashBytes', kernel.hashBytes === limits.hashBytes],
    ['frameSideMax', kernel.frameSideMax >= limits.frameSideMax],
    ['frameBytesMax', kernel.frameBytesMax >= limits.frameSideMax ** 2 * kernel.channelsMax],
    ['baseSide', kernel.baseSide === limits.baseSide],
    ['grayPlaneSide', kernel.grayPlaneSide === limits.planeSide],
    ['grayPlanesMax', kernel.grayPlanesMax >= limits.detectionFramesMax],
    ['medianPlanesMax', kernel.medianPlanesMax >= limits.edgeFramesMax],
    ['radiusBitsMax', kernel.radiusBitsMax >= limits.radiusBitsMax],
    ['queriesMax', kernel.queriesMax >= limits.queriesPerSearchMax],
    ['quartetsMax', kernel.quartetsMax >= limits.quartetsPerSearchMax],
    ['hitsMax', kernel.hitsMax >= limits.hitsPerSearchMax],
    ['indexHashesMax', kernel.indexHashesMax >= limits.bankHashesMax],
    ['segmentRadiusBitsMax', kernel.segmentRadiusBitsMax === limits.segmentRadiusBitsMax],
  ];
  for (const [name, holds] of relations) {
    if (!holds) {
      throw new FloodgateError('kernel_failed', `the kernel's ${name} does not fit limits.ts; rebuild the kernel`);
    }
  }
}
