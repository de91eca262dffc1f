/** Builds a segment from what the store holds. Runs in a worker, beside the searches; it only reads what they read. */
import {
  callKernel,
  createSharedMemory,
  instantiateOn,
  type KernelBuild,
  type KernelCapacities,
  memoryBytesMax,
  pageBytes,
  type SearchExports,
  type SharedMemory,
} from './kernel-binary.ts';
import type { SegmentData } from './segment.ts';

/** Where a thread that is not the store's finds the blocks. */
export interface StoreBlocks {
  readonly memory: SharedMemory;
  readonly blocksAddress: number;
}

export interface BuildOrder {
  readonly build: KernelBuild;
  readonly store: StoreBlocks;
  /** Slots that were captured for this. */
  readonly captured: Uint32Array;
  /** Segments that the new one takes the place of. */
  readonly replaced: readonly SegmentData[];
  /** The new segment counts its slots from here. */
  readonly firstSlot: number;
  /** A memory to build in, large enough for all slots of the order; a new one is made when it is left out. */
  readonly spare?: SharedMemory | undefined;
}

export interface BuiltSegment {
  /** Undefined when nothing was left to build. */
  readonly segment: SegmentData | undefined;
  /** Slots of the order whose hashes were removed before they were read: no segment names them. */
  readonly dropped: Uint32Array;
}

/** The 16 chunks of a code: a table each. */
const chunkCount = 16;

/** Throws kernel_failed when there is no memory for it. */
export function buildSegment(order: BuildOrder): BuiltSegment {
  const { build, store, firstSlot } = order;
  const scratch = createSharedMemory(pageBytes);
  const { calls, capacities } = instantiateOn(build, scratch);
  const { kept, dropped } = sortOut(order, capacities);
  if (kept.length === 0) return { segment: undefined, dropped };
  callKernel(() => calls.startBuilder(kept.length));
  const builder = { calls, capacities, buffer: scratch.buffer };
  stageCodes(builder, store, kept, firstSlot);
  const memory = order.spare ?? createSegmentMemory(calls.segmentBytes(kept.length) >>> 0);
  const segment = { memory, hashes: kept.length, firstSlot };
  writeTables(builder, build, segment);
  return { segment, dropped };
}

/** Room for the successors of the segment as well; what is never written takes no memory. */
const headroom = 1.25;

function createSegmentMemory(bytes: number): SharedMemory {
  const wanted = Math.min(bytes * headroom, memoryBytesMax);
  return createSharedMemory(wanted, wanted);
}

interface Builder {
  readonly calls: SearchExports;
  readonly capacities: KernelCapacities;
  /** Its memory, after it has grown to what the build takes. */
  readonly buffer: ArrayBufferLike;
}

/** All slots of the order, told apart by whether they still hold a hash. */
function sortOut(order: BuildOrder, capacities: KernelCapacities) {
  const { captured, replaced, store } = order;
  const named = replaced.reduce((sum, { hashes }) => sum + hashes, captured.length);
  const kept = new Uint32Array(named);
  const dropped: number[] = [];
  const bytes = new Uint8Array(store.memory.buffer);
  let count = 0;
  const sort = (slot: number): void => {
    const block = store.blocksAddress + Math.floor(slot / capacities.blockSlots) * capacities.blockBytes;
    // The first mask of a block says which of its slots are live.
    const live = ((bytes[block + ((slot % capacities.blockSlots) >> 3)] ?? 0) >> (slot & 7)) & 1;
    if (live === 1) kept[count++] = slot;
    else dropped.push(slot);
  };
  for (const slot of captured) sort(slot);
  for (const segment of replaced) visitSlots(order.build, segment, capacities.slotBytes, sort);
  return { kept: kept.subarray(0, count), dropped: Uint32Array.from(dropped) };
}

/** Every table names every slot; the first one is read. */
function visitSlots(build: KernelBuild, segment: SegmentData, slotBytes: number, visit: (slot: number) => void): void {
  const { memory, hashes, firstSlot } = segment;
  const { calls } = instantiateOn(build, memory);
  const start = calls.segmentSlotsAddress(0, hashes) >>> 0;
  const bytes = new Uint8Array(memory.buffer, start, hashes * slotBytes);
  for (let at = 0; at < bytes.length; at += slotBytes) {
    visit(firstSlot + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)));
  }
}

/** Hands the codes over, a stage at a time. Copied by words: a view for each code would cost more than its copy. */
function stageCodes(builder: Builder, store: StoreBlocks, slots: Uint32Array, firstSlot: number): void {
  const { calls, capacities, buffer } = builder;
  const { stagedMax, blockSlots, blockBytes, blockCodes, hashBytes } = capacities;
  const words = hashBytes / 4;
  const from = new Uint32Array(store.memory.buffer);
  const stage = new Uint32Array(buffer, calls.stageAddress(), stagedMax * words);
  const numbers = new Uint32Array(buffer, calls.builderSlotsAddress(), slots.length);
  for (let first = 0; first < slots.length; first += stagedMax) {
    const staged = Math.min(stagedMax, slots.length - first);
    for (let at = 0; at < staged; at++) {
      const slot = slots[first + at] ?? 0;
      const block = store.blocksAddress + Math.floor(slot / blockSlots) * blockBytes;
      const code = (block + blockCodes) / 4 + (slot % blockSlots) * words;
      for (let word = 0; word < words; word++) stage[at * words + word] = from[code + word] ?? 0;
      numbers[first + at] = slot - firstSlot;
    }
    callKernel(() => calls.takeStage(staged));
  }
}

function writeTables(builder: Builder, build: KernelBuild, { memory, hashes, firstSlot }: SegmentData): void {
  const { calls, capacities, buffer } = builder;
  const built = new Uint8Array(buffer);
  const tables = new Uint8Array(memory.buffer);
  const { calls: layout } = instantiateOn(build, memory);
  const copy = (from: number, to: number, bytes: number): void => {
    tables.set(built.subarray(from >>> 0, (from >>> 0) + bytes), to >>> 0);
  };
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    callKernel(() => calls.build(chunk));
    copy(calls.builtDirectoryAddress(), layout.segmentDirectoryAddress(chunk), capacities.directoryBytes);
    copy(calls.builtSketchesAddress(), layout.segmentSketchesAddress(chunk, hashes), hashes * 2);
    copy(calls.builtSlotsAddress(), layout.segmentSlotsAddress(chunk, hashes), hashes * capacities.slotBytes);
  }
  callKernel(() => layout.seal(hashes, firstSlot));
}
