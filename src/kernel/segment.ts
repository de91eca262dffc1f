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
   * Calls `take` with slots that may be within the radius (0 to 31) of the first `queryCount` codes, each with its
   * origin as the store's `confirm` reads it, until there are no more or `take` returns false. `count` says how many
   * there are at the start of both views, which are valid during the call. Throws as the kernel does (`callKernel`).
   */
  search(
    codes: Uint32Array,
    queryCount: number,
    radiusBits: number,
    take: (slots: Uint32Array, origins: Uint32Array, count: number) => boolean,
  ): void;
}

/** Opens a finished segment. Throws kernel_failed when the memory holds none. */
export function openSegment(build: KernelBuild, data: SegmentData): Segment {
  const { memory, hashes, firstSlot } = data;
  const { calls, capacities } = instantiateOn(build, memory);
  callKernel(() => calls.startSegment());
  const words = capacities.hashBytes / 4;
  const queryCodes = new Uint32Array(memory.buffer, calls.queryCodesAddress(), capacities.queriesMax * words);
  const slots = new Uint32Array(memory.buffer, calls.slotListAddress(), capacities.slotListMax);
  const origins = new Uint32Array(memory.buffer, calls.slotListOriginsAddress(), capacities.slotListMax);
  return {
    memory,
    hashes,
    firstSlot,
    bytes: calls.segmentBytes(hashes) >>> 0,
    search(codes, queryCount, radiusBits, take) {
      // By words: views of what is copied would cost more than the copy.
      for (let at = 0; at < queryCount * words; at++) queryCodes[at] = codes[at] ?? 0;
      calls.searchSegment(queryCount, radiusBits);
      for (;;) {
        const count = calls.nextSegmentCandidates();
        if (count > 0 && !take(slots, origins, count)) return;
        if (count < capacities.slotListMax / 2) return;
      }
    },
  };
}
