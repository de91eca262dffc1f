/**
 * Reads partitions of one topic, each from a position of its own, and hands over what comes.
 *
 * One long-polling request to each broker that leads some of the partitions is under way at any time, on connections of
 * its own. Nothing that is done with the records holds a request back; who cannot take more pauses the partition. (The
 * client's own consumer waits for all batches of a fetch before the next, so that one slow partition delays the rest.)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../config/limits.ts';
import type { FloodgateError } from '../../errors.ts';
import { isRetriable, retryPauseMs, toLogFailure, typeOf } from './fault.ts';
import { type FetchedPartition, type WireRecord, withoutAborted } from './internals.ts';
import type { Wire } from './wire.ts';

export interface Fetched {
  readonly partition: number;
  /** Committed records in order; may be empty where control records or aborted ones were passed. */
  readonly records: readonly WireRecord[];
  /** Where the next fetch begins. */
  readonly nextOffset: number;
  /** Offset that the next record of the partition will get. */
  readonly endOffset: number;
}

export interface FetcherOptions {
  readonly wire: Wire;
  readonly topic: string;
  /** Never called for a partition that was removed or moved to another position meanwhile. Must not throw. */
  readonly onFetched: (fetched: Fetched) => void;
  /** The records at this position are gone, or it lies beyond the end. Gives where to go on, or throws. */
  readonly onOutOfRange: (partition: number, range: { startOffset: number; endOffset: number }) => number;
  /** Reading failed for good. */
  readonly onFailure: (error: FloodgateError) => void;
  /** Brokers do not answer, since when (performance.now()); null when they do again. */
  readonly onTrouble: (sinceMs: number | null) => void;
}

interface Cursor {
  offset: number;
  paused: boolean;
}

export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #cursors = new Map<number, Cursor>();
  readonly #pumps = new Map<number, Promise<void>>();
  #starting: Promise<void> | null = null;
  #startAgain = false;
  readonly #stopping = new AbortController();
  #troubleSinceMs: number | null = null;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Begins to read a partition at an offset, or moves there. */
  add(partition: number, offset: number): void {
    this.#cursors.set(partition, { offset, paused: false });
    this.#wake();
  }

  remove(partition: number): void {
    this.#cursors.delete(partition);
  }

  pause(partition: number): void {
    const cursor = this.#cursors.get(partition);
    if (cursor !== undefined) cursor.paused = true;
  }

  resume(partition: number): void {
    const cursor = this.#cursors.get(partition);
    if (cursor === undefined || !cursor.paused) return;
    cursor.paused = false;
    this.#wake();
  }

  isPaused(partition: number): boolean {
    return this.#cursors.get(partition)?.paused ?? false;
  }

  get pausedCount(): number {
    return [...this.#cursors.values()].filter(({ paused }) => paused).length;
  }

  /** Where the next fetch of the partition begins; undefined when it is not read. */
  position(partition: number): number | undefined {
    return this.#cursors.get(partition)?.offset;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#cursors.clear();
    await this.#options.wire.close();
    await Promise.allSettled(this.#pumps.values());
  }

  #wake(): void {
    this.#startAgain = true;
    if (this.#stopping.signal.aborted || this.#starting !== null) return;
    this.#starting = this.#start().finally(() => {
      this.#starting = null;
      if (this.#startAgain) this.#wake();
    });
  }

  /** Sees to it that each broker that leads an active partition is asked. One at a time, however often it is wanted. */
  async #start(): Promise<void> {
    for (let failures = 0; this.#startAgain && !this.#stopping.signal.aborted; ) {
      this.#startAgain = false;
      try {
        const leaders = await this.#options.wire.leadersOf(this.#options.topic);
        for (const partition of this.#active()) {
          const leader = leaders.get(partition);
          if (leader === undefined) this.#startAgain = true;
          else if (!this.#pumps.has(leader)) this.#pumps.set(leader, this.#pump(leader));
        }
        if (this.#startAgain) await this.#rest(new Error('a partition has no leader'), failures);
      } catch (thrown) {
        this.#startAgain = await this.#survive(thrown, failures);
      }
      failures += 1;
    }
  }

  async #pump(nodeId: number): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        const more = await this.#fetchFrom(nodeId);
        failures = 0;
        this.#trouble(null);
        if (!more) break;
      } catch (thrown) {
        failures += 1;
        if (!(await this.#survive(thrown, failures))) break;
      }
    }
    this.#pumps.delete(nodeId);
    // Partitions may have moved to other leaders while this one was asked.
    if (this.#active().length > 0) this.#wake();
  }

  /** False when the broker leads nothing that is read. */
  async #fetchFrom(nodeId: number): Promise<boolean> {
    const { wire, topic } = this.#options;
    const leaders = await wire.leadersOf(topic);
    // Some may have moved to a broker that led nothing before, while others are left here.
    if (this.#active().some((partition) => !this.#pumps.has(leaders.get(partition) ?? -1))) this.#wake();
    const asked = this.#active().filter((partition) => leaders.get(partition) === nodeId);
    if (asked.length === 0) return false;
    const offsets = new Map(asked.map((partition) => [partition, this.#cursors.get(partition)?.offset ?? 0]));
    const broker = await wire.broker(nodeId);
    const { responses } = await broker.fetch({
      isolationLevel: 1,
      maxWaitTime: this.#waitMs(),
      minBytes: 1,
      maxBytes: limits.kafkaFetchBytesMax,
      topics: [
        {
          topic,
          partitions: asked.map((partition) => ({
            partition,
            fetchOffset: String(offsets.get(partition)),
            maxBytes: limits.kafkaFetchPartitionBytesMax,
          })),
        },
      ],
    });
    const fetched = responses.flatMap(({ partitions }) => partitions);
    for (const each of fetched) this.#take(each, offsets.get(each.partition) ?? 0);
    return true;
  }

  #take(fetched: FetchedPartition, askedOffset: number): void {
    const cursor = this.#cursors.get(fetched.partition);
    // Removed, or moved, since it was asked for: what came is not wanted any more.
    if (cursor === undefined || cursor.offset !== askedOffset) return;
    const messages = fetched.messages.filter(({ offset }) => Number(offset) >= askedOffset);
    const nextOffset = nextOffsetOf(fetched, askedOffset);
    if (nextOffset === askedOffset) return;
    cursor.offset = nextOffset;
    this.#options.onFetched({
      partition: fetched.partition,
      records: withoutAborted({ messages, abortedTransactions: fetched.abortedTransactions }).filter(
        ({ isControlRecord }) => !isControlRecord,
      ),
      nextOffset,
      endOffset: Number(fetched.highWatermark),
    });
  }

  /** A paused partition is not part of the request under way, so that its return must not wait for long. */
  #waitMs(): number {
    return this.pausedCount > 0 ? Math.min(20, limits.kafkaFetchWaitMs) : limits.kafkaFetchWaitMs;
  }

  #active(): number[] {
    return [...this.#cursors].filter(([, { paused }]) => !paused).map(([partition]) => partition);
  }

  /** True when it is worth trying again, after a pause. */
  async #survive(thrown: unknown, failures: number): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false;
    try {
      const isOutOfRange = typeOf(thrown) === 'OFFSET_OUT_OF_RANGE';
      if (isOutOfRange && (await this.#returnToRange())) return true;
      if (!isOutOfRange && !isRetriable(thrown)) throw thrown;
      await this.#rest(thrown, failures);
      return true;
    } catch (fatal) {
      if (isRetriable(fatal)) {
        await this.#rest(fatal, failures);
        return true;
      }
      // Otherwise what failed for good would be tried again without a pause, until somebody closes this.
      this.#stopping.abort();
      this.#options.onFailure(toLogFailure(fatal, `reading ${this.#options.topic}`));
      return false;
    }
  }

  async #rest(thrown: unknown, failures: number): Promise<void> {
    this.#trouble(this.#troubleSinceMs ?? performance.now());
    await sleep(retryPauseMs(failures), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    await this.#options.wire.recover(thrown);
  }

  /** False when none was out of range, as far as this broker knows by now. */
  async #returnToRange(): Promise<boolean> {
    const { wire, topic, onOutOfRange } = this.#options;
    const partitions = this.#active();
    const [starts, ends] = [await wire.offsets(topic, partitions, -2), await wire.offsets(topic, partitions, -1)];
    let moved = false;
    for (const partition of partitions) {
      const cursor = this.#cursors.get(partition);
      const [startOffset = 0, endOffset = 0] = [starts.get(partition), ends.get(partition)];
      if (cursor === undefined || (cursor.offset >= startOffset && cursor.offset <= endOffset)) continue;
      cursor.offset = onOutOfRange(partition, { startOffset, endOffset });
      moved = true;
    }
    return moved;
  }

  #trouble(sinceMs: number | null): void {
    if (this.#troubleSinceMs === sinceMs) return;
    this.#troubleSinceMs = sinceMs;
    this.#options.onTrouble(sinceMs);
  }
}

/** Behind the last batch that came, which may be a control batch or one that compaction has emptied (internals.ts). */
function nextOffsetOf({ messages }: FetchedPartition, askedOffset: number): number {
  const last = messages.at(-1);
  if (last === undefined) return askedOffset;
  const { firstOffset, lastOffsetDelta } = last.batchContext;
  return Math.max(askedOffset, Number(last.offset) + 1, Number(firstOffset) + lastOffsetDelta + 1);
}
