/**
 * The store of an index: one kernel instance that holds every hash, answers scans, and counts the candidates that
 * segments name. Knows the kernel's calls and nothing of when to build.
 */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { Hits, Quartets } from './hamming-index.ts';
import { joinHits, noHits } from './hits.ts';
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
import type { Segment } from './segment.ts';

const emptyMemoryBytes = pageBytes;

export interface IndexStore {
  readonly memory: SharedMemory;
  readonly calls: SearchExports;
  readonly capacities: KernelCapacities;
  /** The slot of the hash, or undefined when there is no room. */
  insert(hash: Uint8Array): number | undefined;
  search(queries: Uint8Array, radiusBits: number, hitsMax: number, segments: readonly Segment[]): Hits;
  searchQuartets(quartets: Quartets, radiusBits: number, hitsMax: number): Hits;
  /** Among these slots, which ascend; any number of them. */
  searchListedQuartets(slots: Uint32Array, quartets: Quartets, radiusBits: number, hitsMax: number): Hits;
  /** Holds the fresh slots of a range for a build or a snapshot, and gives them. The range consists of whole blocks. */
  capture(fromSlot: number, endSlot: number): Uint32Array;
  /** A segment finds these from now on. */
  markIndexed(slots: Uint32Array): void;
  /** No segment names these any more. */
  release(slots: Uint32Array): void;
}

/** An empty store, or with `memory` one whose blocks, `slots` slots of them, were read from a snapshot. */
export function createIndexStore(
  build: KernelBuild,
  hashesMax: number,
  restored?: { readonly memory: SharedMemory; readonly slots: number },
): IndexStore {
  const memory = restored?.memory ?? createSharedMemory(emptyMemoryBytes);
  const { calls, capacities } = instantiateOn(build, memory);
  callKernel(() => calls.startIndex(hashesMax));
  if (restored !== undefined) callKernel(() => calls.adopt(restored.slots));
  return new KernelStore(memory, calls, capacities);
}

const none: readonly Segment[] = [];
/** Up to so many elements a loop is faster than a view and its copy. */
const loopedMax = 64;

/**
 * Copies the first `count` numbers. A search copies a few here and there, and views cost more than they. Between kernel
 * memories only: V8 compiles a loop over one kind of array to a few instructions, and over several to calls.
 */
function copyWords(to: Uint32Array, from: Uint32Array, count: number): void {
  if (count > loopedMax) to.set(from.subarray(0, count));
  else for (let at = 0; at < count; at++) to[at] = from[at] ?? 0;
}

/** Views on a shared memory stay valid when it grows, so those of fixed buffers are made once. */
class KernelStore implements IndexStore {
  readonly memory: SharedMemory;
  readonly calls: SearchExports;
  readonly capacities: KernelCapacities;
  readonly #inserted: Uint8Array;
  readonly #queries: Uint8Array;
  readonly #queryCodes: Uint32Array;
  readonly #quartetForms: Uint8Array;
  readonly #slotList: Uint32Array;
  readonly #origins: Uint32Array;
  readonly #hits: { readonly query: Uint32Array; readonly slot: Uint32Array; readonly distanceBits: Uint16Array };

  constructor(memory: SharedMemory, calls: SearchExports, capacities: KernelCapacities) {
    const { buffer } = memory;
    const { hashBytes, queriesMax, slotListMax, hitsMax } = capacities;
    this.memory = memory;
    this.calls = calls;
    this.capacities = capacities;
    this.#inserted = new Uint8Array(buffer, calls.insertedHashAddress(), hashBytes);
    this.#queries = new Uint8Array(buffer, calls.queriesAddress(), queriesMax * hashBytes);
    this.#queryCodes = new Uint32Array(buffer, calls.queryCodesAddress(), (queriesMax * hashBytes) / 4);
    this.#quartetForms = new Uint8Array(buffer, calls.quartetFormsAddress(), capacities.quartetsMax);
    this.#slotList = new Uint32Array(buffer, calls.slotListAddress(), slotListMax);
    this.#origins = new Uint32Array(buffer, calls.slotListOriginsAddress(), slotListMax);
    this.#hits = {
      query: new Uint32Array(buffer, calls.hitQueriesAddress(), hitsMax),
      slot: new Uint32Array(buffer, calls.hitSlotsAddress(), hitsMax),
      distanceBits: new Uint16Array(buffer, calls.hitDistancesAddress(), hitsMax),
    };
  }

  insert(hash: Uint8Array): number | undefined {
    this.#inserted.set(hash);
    const slot = callKernel(() => this.calls.insert()) >>> 0;
    return slot === this.capacities.noSlot ? undefined : slot;
  }

  search(queries: Uint8Array, radiusBits: number, hitsMax: number, segments: readonly Segment[]): Hits {
    const { calls, capacities } = this;
    const count = queries.length / capacities.hashBytes;
    const asked = radiusBits <= capacities.segmentRadiusBitsMax ? segments : none;
    this.#queries.set(queries);
    const found = callKernel(() => {
      let hits = calls.search(count, radiusBits, hitsMax, asked.length > 0 ? 1 : 0) >>> 0;
      for (const segment of asked) {
        // What is over the room is left out anyhow.
        if (hits > hitsMax) break;
        segment.search(this.#queryCodes, count, radiusBits, (slots, origins, candidates) => {
          copyWords(this.#slotList, slots, candidates);
          copyWords(this.#origins, origins, candidates);
          hits = calls.confirm(candidates) >>> 0;
          return hits <= hitsMax;
        });
      }
      return hits;
    });
    return this.#copyHits(Math.min(found, hitsMax), found > hitsMax);
  }

  searchQuartets({ hashes, asked }: Quartets, radiusBits: number, hitsMax: number): Hits {
    this.#queries.set(hashes);
    this.#quartetForms.set(asked);
    const found = callKernel(() => this.calls.searchQuartets(asked.length, radiusBits, hitsMax)) >>> 0;
    return this.#copyHits(Math.min(found, hitsMax), found > hitsMax);
  }

  searchListedQuartets(slots: Uint32Array, { hashes, asked }: Quartets, radiusBits: number, hitsMax: number): Hits {
    const { calls, capacities } = this;
    this.#queries.set(hashes);
    this.#quartetForms.set(asked);
    const parts: Hits[] = [];
    let room = hitsMax;
    for (let from = 0; from < slots.length; from += capacities.slotListMax) {
      const listed = slots.subarray(from, from + capacities.slotListMax);
      this.#slotList.set(listed);
      const found = callKernel(() => calls.searchListedQuartets(asked.length, radiusBits, room, listed.length)) >>> 0;
      const part = this.#copyHits(Math.min(found, room), found > room);
      parts.push(part);
      room -= part.count;
      if (part.capped) break;
    }
    return joinHits(parts);
  }

  capture(fromSlot: number, endSlot: number): Uint32Array {
    const { calls } = this;
    const parts: Uint32Array[] = [];
    callKernel(() => calls.beginCapture(fromSlot, endSlot));
    for (let count = callKernel(() => calls.capture()); count > 0; count = callKernel(() => calls.capture())) {
      parts.push(this.#slotList.slice(0, count));
    }
    const captured = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      captured.set(part, at);
      at += part.length;
    }
    return captured;
  }

  markIndexed(slots: Uint32Array): void {
    this.#inLists(slots, (count) => this.calls.markIndexed(count));
  }

  release(slots: Uint32Array): void {
    this.#inLists(slots, (count) => this.calls.release(count));
  }

  #inLists(slots: Uint32Array, call: (count: number) => void): void {
    const { slotListMax } = this.capacities;
    for (let from = 0; from < slots.length; from += slotListMax) {
      const part = slots.subarray(from, from + slotListMax);
      this.#slotList.set(part);
      callKernel(() => call(part.length));
    }
    callKernel(() => this.calls.endChange());
  }

  /** Copies, so that the next search does not overwrite them under the caller. */
  #copyHits(count: number, capped: boolean): Hits {
    if (count === 0) return noHits;
    const from = this.#hits;
    const query = new Uint32Array(count);
    const slot = new Uint32Array(count);
    const distanceBits = new Uint16Array(count);
    for (let at = 0; at < count; at++) {
      query[at] = from.query[at] ?? 0;
      slot[at] = from.slot[at] ?? 0;
      distanceBits[at] = from.distanceBits[at] ?? 0;
    }
    return { count, capped, query, slot, distanceBits };
  }
}

/** Refuses what the kernel's buffers were not made for, and says why. */
export function requireSearch(queries: Uint8Array, radiusBits: number, hitsMax: number): void {
  const queryCount = queries.length / limits.hashBytes;
  requireInteger('the number of queries (of 32 bytes each)', queryCount, 1, limits.queriesPerSearchMax);
  requireInteger('a radius in bits', radiusBits, 0, limits.radiusBitsMax);
  requireInteger('hitsMax', hitsMax, 1, limits.hitsPerSearchMax);
}

/** The same for quartets. */
export function requireQuartets({ hashes, asked }: Quartets, radiusBits: number, hitsMax: number): void {
  requireInteger('the number of quartets', asked.length, 1, limits.quartetsPerSearchMax);
  requireInteger('the number of hashes for each quartet', hashes.length / limits.hashBytes / asked.length, 4, 4);
  requireInteger('a radius in bits', radiusBits, 0, limits.radiusBitsMax);
  requireInteger('hitsMax', hitsMax, 1, limits.hitsPerSearchMax);
}

/** Throws kernel_failed unless `value` is a whole number from `min` to `max`. */
export function requireInteger(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new FloodgateError('kernel_failed', `${what} is ${value}; it must be a whole number from ${min} to ${max}`);
}
