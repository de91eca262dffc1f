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
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  startHasher(): void;
  setFrame(width: number, height: number, channels: number): number;
  hashFrame(): number;
  hashFrameDihedral(): number;
  hashFrameInReferenceOrder(allViews: number): number;
  rerunCount(): number;
  hashesAddress(): number;
  startIndex(): void;
  insertedHashAddress(): number;
  insert(): number;
  remove(slot: number): void;
  queriesAddress(): number;
  search(queryCount: number, radiusBits: number, room: number): number;
  hitQueriesAddress(): number;
  hitSlotsAddress(): number;
  hitDistancesAddress(): number;
  indexSize(): number;
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
  readonly radiusBitsMax: number;
  readonly queriesMax: number;
  readonly hitsMax: number;
  readonly indexHashesMax: number;
  readonly noSlot: number;
}

export interface Kernel {
  readonly calls: KernelExports;
  readonly capacities: KernelCapacities;
  /** `<ABI version>-<first 8 digits of the binary's SHA-256>`. */
  readonly version: string;
}

const abiVersion = 1;

interface Binary {
  /** The bytes at first, the compiled module once there is one: instances of one module share their optimised code. */
  source: Parameters<typeof instantiateSync>[0];
  readonly sha256: string;
}
const binaries = new Map<KernelBuild, Binary>();

/** A fresh instance with a memory of its own. Throws kernel_failed when it is not built or does not fit the limits. */
export function instantiateKernel(build: KernelBuild): Kernel {
  const binary = readBinary(build);
  const { exports, module } = instantiateSync<Record<string, unknown>>(binary.source);
  binary.source = module;
  const capacities = readCapacities(exports);
  checkCapacities(capacities);
  return {
    calls: exports as unknown as KernelExports,
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

function readBinary(build: KernelBuild): Binary {
  const known = binaries.get(build);
  if (known) return known;
  const path = builtFile(`kernel/${build}.wasm`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new FloodgateError('kernel_failed', `${path} cannot be read; run "npm run build:kernel"`, { cause });
  }
  const binary = { source: bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  binaries.set(build, binary);
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
    radiusBitsMax: capacityOf(exports, 'radiusBitsMax'),
    queriesMax: capacityOf(exports, 'queriesMax'),
    hitsMax: capacityOf(exports, 'hitsMax'),
    indexHashesMax: capacityOf(exports, 'indexHashesMax'),
    noSlot: capacityOf(exports, 'noSlot') >>> 0,
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
    ['radiusBitsMax', kernel.radiusBitsMax >= limits.radiusBitsMax],
    ['queriesMax', kernel.queriesMax >= limits.queriesPerSearchMax],
    ['hitsMax', kernel.hitsMax >= limits.hitsPerSearchMax],
    ['indexHashesMax', kernel.indexHashesMax >= limits.bankHashesMax],
  ];
  for (const [name, holds] of relations) {
    if (!holds) {
      throw new FloodgateError('kernel_failed', `the kernel's ${name} does not fit limits.ts; rebuild the kernel`);
    }
  }
}
