/**
 * The index: a store that is scanned for what is new, and segments that find what is old.
 *
 *      insert -> store (fresh, scanned) -- 8,192 of them --> a worker builds a segment -> searched from now on
 *
 * Searches run where they are asked for: one takes less than a message to another thread. Only builds are elsewhere, and
 * no search waits for one: until a segment is finished its hashes are scanned, and it takes over between two searches.
 */
import { limits } from '../config/limits.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { BuildOrder } from './build-segment.ts';
import type { OwnedIndex, Quartets } from './hamming-index.ts';
import { createIndexStore, type IndexStore, requireInteger, requireQuartets, requireSearch } from './index-store.ts';
import { runIndexJob } from './index-thread.ts';
import { callKernel, type KernelBuild } from './kernel-binary.ts';
import { dueMerge, segmentsToTake } from './merge-plan.ts';
import { openSegment, type Segment, type SegmentData } from './segment.ts';
import { maskBytes, storeRegionsOf } from './snapshot.ts';
import { SpareMemories } from './spare-memories.ts';
import { warmIndex } from './warm-index.ts';

export interface HammingIndexOptions {
  readonly build?: KernelBuild;
  /** Hashes the index takes at most; up to, and by default, limits.bankHashesMax. */
  readonly hashesMax?: number;
  /**
   * 'never': no segment is built unless `merge` is called. For small sets, and for hot ones searched at wide radii.
   * 'later': not before `startMerging`. While very much is inserted at once, that saves building it several times over.
   */
  readonly merging?: 'background' | 'later' | 'never';
  readonly events?: IndexEvents;
  /** Slots that one segment may name: a multiple of 128, up to and by default 2^24. */
  readonly windowSlots?: number;
}

/** Of a segment that was built: its hashes and how long it took; and what the index is made of since. */
export interface MergeFacts {
  readonly hashes: number;
  readonly seconds: number;
  readonly segments: number;
  readonly freshHashes: number;
  readonly bytes: number;
}

export interface IndexEvents {
  merged(facts: MergeFacts): void;
  /** The index goes on scanning what is new, and tries again later. */
  mergeFailed(error: FloodgateError): void;
}

const silent: IndexEvents = { merged: () => {}, mergeFailed: () => {} };
/** The fresh hashes are counted once in so many inserts. */
const insertsPerLook = 256;

/** An empty index, warmed up. Throws kernel_failed when the kernel is missing or of another version. */
export function createHammingIndex(options: HammingIndexOptions = {}): OwnedIndex {
  const { build = 'release', hashesMax = limits.bankHashesMax } = options;
  requireInteger('hashesMax', hashesMax, 1, limits.bankHashesMax);
  if (build === 'release') warmIndex();
  return new SegmentedIndex(createIndexStore(build, hashesMax), [], options);
}

/**
 * The index of a snapshot. Throws snapshot_damaged when it is not whole or of another kernel, so that the caller makes
 * the index anew; snapshot_failed when the folder cannot be read.
 */
export async function restoreHammingIndex(folder: string, options: HammingIndexOptions = {}): Promise<OwnedIndex> {
  const { build = 'release', hashesMax = limits.bankHashesMax } = options;
  requireInteger('hashesMax', hashesMax, 1, limits.bankHashesMax);
  if (build === 'release') warmIndex();
  const restored = await runIndexJob('restore', { build, folder, hashesMax });
  const segments = restored.segments.map((segment) => openSegment(build, segment));
  return new SegmentedIndex(createIndexStore(build, hashesMax, restored), segments, options);
}

class SegmentedIndex implements OwnedIndex {
  readonly #store: IndexStore;
  readonly #build: KernelBuild;
  readonly #hashesMax: number;
  #merging: 'background' | 'later' | 'never';
  readonly #events: IndexEvents;
  readonly #windowSlots: number;
  readonly #closing = new AbortController();
  readonly #spares = new SpareMemories();
  #segments: readonly Segment[];
  /** The job that runs, or the last one. Jobs follow one another. */
  #job: Promise<void> = Promise.resolve();
  #jobs = 0;
  #insertsUntilLook = insertsPerLook;

  constructor(store: IndexStore, segments: readonly Segment[], options: HammingIndexOptions) {
    this.#store = store;
    this.#segments = segments;
    this.#build = options.build ?? 'release';
    this.#hashesMax = options.hashesMax ?? limits.bankHashesMax;
    this.#merging = options.merging ?? 'background';
    this.#events = options.events ?? silent;
    const { segmentSlotsMax, blockSlots } = store.capacities;
    this.#windowSlots = options.windowSlots ?? segmentSlotsMax;
    requireInteger('windowSlots', this.#windowSlots, blockSlots, segmentSlotsMax);
    requireInteger('blocks in a window', this.#windowSlots / blockSlots, 1, segmentSlotsMax);
  }

  get size(): number {
    return this.#store.calls.indexSize();
  }

  get bytes(): number {
    const ofSegments = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    return (this.#store.calls.indexBytes() >>> 0) + ofSegments;
  }

  get freshHashes(): number {
    return this.#store.calls.freshSize();
  }

  get segments(): number {
    return this.#segments.length;
  }

  get merging(): boolean {
    return this.#jobs > 0;
  }

  insert(hash: Uint8Array): number {
    if (hash.length !== limits.hashBytes) {
      throw new FloodgateError('kernel_failed', `a hash has ${hash.length} bytes; it must have ${limits.hashBytes}`);
    }
    const slot = this.#store.insert(hash);
    if (slot === undefined) throw this.#full();
    this.#insertsUntilLook -= 1;
    if (this.#insertsUntilLook <= 0) this.#look();
    return slot;
  }

  remove(slot: number): void {
    requireInteger('a slot', slot, 0, this.#store.capacities.noSlot - 1);
    callKernel(() => this.#store.calls.remove(slot));
    this.#insertsUntilLook -= 1;
    if (this.#insertsUntilLook <= 0) this.#look();
  }

  search(queries: Uint8Array, radiusBits: number, hitsMax: number) {
    requireSearch(queries, radiusBits, hitsMax);
    return this.#store.search(queries, radiusBits, hitsMax, this.#segments);
  }

  searchQuartets(quartets: Quartets, radiusBits: number, hitsMax: number, slots?: Uint32Array) {
    requireQuartets(quartets, radiusBits, hitsMax);
    if (slots === undefined) return this.#store.searchQuartets(quartets, radiusBits, hitsMax);
    return this.#store.searchListedQuartets(slots, quartets, radiusBits, hitsMax);
  }

  merge(): Promise<void> {
    return this.#inTurn(() => this.#mergeWindows('all'));
  }

  save(folder: string, atMoment: () => void = () => {}): Promise<void> {
    return this.#inTurn(() => this.#save(folder, atMoment));
  }

  async startMerging(): Promise<void> {
    if (this.#merging !== 'later') return;
    this.#merging = 'background';
    this.#look();
    // What fails is told as an event, and tried again.
    await this.#job.catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#job.catch(() => {});
  }

  #full(): FloodgateError {
    return this.size >= this.#hashesMax
      ? new FloodgateError('bank_full', `the index holds ${this.#hashesMax} hashes, as many as it may`)
      : new FloodgateError('bank_full', `no room for more than ${this.size} hashes while removed ones are in use`);
  }

  /** Starts what is due, unless something runs. */
  #look(): void {
    this.#insertsUntilLook = insertsPerLook;
    if (this.#merging !== 'background' || this.#jobs > 0 || this.#closing.signal.aborted) return;
    const namedHashes = this.#segments.reduce((sum, { hashes }) => sum + hashes, 0);
    const due = dueMerge({ freshHashes: this.freshHashes, deadHashes: this.#store.calls.deadSize(), namedHashes });
    if (due === undefined) return;
    this.#inTurn(() => this.#mergeWindows(due)).then(
      // What was inserted meanwhile may be enough for the next.
      () => this.#look(),
      (thrown: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#insertsUntilLook = limits.buildRetryInserts;
        this.#events.mergeFailed(toFloodgateError(thrown));
      },
    );
  }

  #inTurn(job: () => Promise<void>): Promise<void> {
    this.#jobs += 1;
    const turn = this.#job
      .catch(() => {})
      .then(() => {
        if (this.#closing.signal.aborted) throw new FloodgateError('not_ready', 'the index is closed');
        return job();
      })
      .finally(() => {
        this.#jobs -= 1;
      });
    this.#job = turn;
    return turn;
  }

  /** A segment names at most 2^24 slots, counted from its first, so larger indexes have windows with segments each. */
  async #mergeWindows(what: 'fresh' | 'all'): Promise<void> {
    for (let firstSlot = 0; firstSlot < this.#store.calls.slotsUsed(); firstSlot += this.#windowSlots) {
      await this.#mergeWindow(what, firstSlot, firstSlot + this.#windowSlots);
    }
  }

  async #mergeWindow(what: 'fresh' | 'all', firstSlot: number, endSlot: number): Promise<void> {
    const startedMs = performance.now();
    const captured = this.#store.capture(firstSlot, endSlot);
    const inWindow = this.#segments.filter((segment) => segment.firstSlot === firstSlot);
    const taken = segmentsToTake(
      captured.length,
      inWindow.map(({ hashes }) => hashes),
    );
    const replaced = what === 'all' ? inWindow : inWindow.filter((_, at) => taken.has(at));
    const isNothingToDo = what === 'fresh' || (inWindow.length <= 1 && this.#store.calls.deadSize() === 0);
    if (captured.length === 0 && isNothingToDo) return;
    const hashes = replaced.reduce((sum, segment) => sum + segment.hashes, captured.length);
    const spare = hashes === 0 ? undefined : this.#spares.take(this.#store.calls.segmentBytes(hashes) >>> 0);
    const order: BuildOrder = {
      build: this.#build,
      store: { memory: this.#store.memory, blocksAddress: this.#store.calls.blocksAddress() >>> 0 },
      captured,
      replaced: replaced.map(dataOf),
      firstSlot,
      spare,
    };
    const { segment, dropped } = await this.#buildSegment(order).catch((thrown: unknown) => {
      this.#store.release(captured);
      if (spare !== undefined) this.#spares.keep(spare);
      throw thrown;
    });
    // From here to the end no search can come in between.
    const kept = this.#segments.filter((each) => !replaced.includes(each));
    this.#segments = segment === undefined ? kept : [...kept, segment];
    this.#store.markIndexed(captured);
    this.#store.release(dropped);
    for (const { memory } of replaced) this.#spares.keep(memory);
    const seconds = (performance.now() - startedMs) / 1000;
    const { segments, freshHashes, bytes } = this;
    this.#events.merged({ hashes: segment?.hashes ?? 0, seconds, segments, freshHashes, bytes });
  }

  async #buildSegment(order: BuildOrder) {
    const { segment, dropped } = await runIndexJob('build', order, this.#closing.signal);
    return { segment: segment === undefined ? undefined : openSegment(this.#build, segment), dropped };
  }

  /** Slots are held meanwhile, so that a removed one is not given out again before it was written. */
  async #save(folder: string, atMoment: () => void): Promise<void> {
    const { calls, memory } = this.#store;
    const held = this.#store.capture(0, this.#store.capacities.noSlot);
    const order = {
      build: this.#build,
      folder,
      store: storeRegionsOf(memory, calls),
      hashes: calls.indexSize(),
      slots: calls.slotsUsed(),
      masks: masksToSave(this.#store),
      segments: this.#segments.map(dataOf),
    };
    try {
      atMoment();
      await runIndexJob('save', order, this.#closing.signal);
    } finally {
      this.#store.release(held);
    }
  }
}

/** What another thread gets of a segment. */
function dataOf({ memory, hashes, firstSlot }: Segment): SegmentData {
  return { memory, hashes, firstSlot };
}

/** The masks of all blocks at this moment. Only what a segment names is held once the snapshot is read. */
function masksToSave({ memory, calls, capacities }: IndexStore): Uint8Array {
  const { blockSlots, blockBytes } = capacities;
  const maskWidth = blockSlots / 8;
  const blocks = Math.ceil(calls.slotsUsed() / blockSlots);
  const masks = new Uint8Array(blocks * maskBytes);
  const bytes = new Uint8Array(memory.buffer, calls.blocksAddress() >>> 0, blocks * blockBytes);
  for (let block = 0; block < blocks; block++) {
    const from = block * blockBytes;
    const [live, indexed] = [from, from + maskWidth].map((at) => bytes.subarray(at, at + maskWidth));
    if (live === undefined || indexed === undefined) continue;
    masks.set(live, block * maskBytes);
    masks.set(indexed, block * maskBytes + maskWidth);
    masks.set(indexed, block * maskBytes + 2 * maskWidth);
  }
  return masks;
}
