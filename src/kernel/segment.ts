/** A segment as the searching thread sees it: a kernel instance on a memory that another thread has written. */
import { callKernel, instantiateOn, type KernelBuild, type SharedMemory } from './kernel-binary.ts';

/** What crosses threads and files: the memory has all the rest. */
export interface SegmentData {
  readonly memory: SharedMemory;
  readonly hashes: number;
  /** The slots that it names are counted from here; at most 2^24 of them. */
  readonly firstSlot: number;
}

export interface Segment extends SegmentData {
  readonly bytes: number;
  /**
   * Calls `take` with slots that may be within the radius (0 to 31), each with its origin as the store's `confirm`
   * reads it, until there are no more or `take` returns false. The views are valid during the call.
   */
  search(
    codes: Uint8Array,
    queryCount: number,
    radiusBits: number,
    take: (slots: Uint32Array, origins: Uint32Array) => boolean,
  ): void;
}

/** Opens a finished segment. Throws kernel_failed when the memory holds none. */
export function openSegment(build: KernelBuild, data: SegmentData): Segment {
  const { memory, hashes, firstSlot } = data;
  const { calls, capacities } = instantiateOn(build, memory);
  callKernel(() => calls.startSegment());
  const queryCodes = new Uint8Array(
    memory.buffer,
    calls.queryCodesAddress(),
    capacities.queriesMax * capacities.hashBytes,
  );
  const slots = new Uint32Array(memory.buffer, calls.slotListAddress(), capacities.slotListMax);
  const origins = new Uint32Array(memory.buffer, calls.slotListOriginsAddress(), capacities.slotListMax);
  return {
    memory,
    hashes,
    firstSlot,
    bytes: memory.buffer.byteLength,
    search(codes, queryCount, radiusBits, take) {
      queryCodes.set(codes);
      callKernel(() => calls.searchSegment(queryCount, radiusBits));
      for (;;) {
        const count = callKernel(() => calls.nextSegmentCandidates());
        if (count > 0 && !take(slots.subarray(0, count), origins.subarray(0, count))) return;
        if (count < capacities.slotListMax / 2) return;
      }
    },
  };
}
