/** Follows every partition of a topic, each from a position, without a group: nothing is committed anywhere. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FloodgateError, toFloodgateError } from '../../errors.ts';
import type { PartitionEnd, Position, Tail, TailOptions } from '../log.ts';
import { type Fetched, Fetcher } from './fetcher.ts';
import { toRecord } from './records.ts';
import { topicNameOf } from './topic-names.ts';
import type { Wire } from './wire.ts';

export interface KafkaTailParts extends TailOptions {
  readonly wire: Wire;
  readonly prefix: string;
  /** As they are now. */
  readonly ends: () => Promise<readonly PartitionEnd[]>;
  readonly onFailure: (error: FloodgateError) => void;
  readonly onTrouble: (sinceMs: number | null) => void;
  readonly onWarning: (what: string, facts: Record<string, unknown>) => void;
  readonly onClose: () => void;
}

interface Waiter {
  /** Partition -> offset that must have been handed over. */
  readonly until: ReadonlyMap<number, number>;
  readonly resolve: () => void;
  readonly reject: (error: FloodgateError) => void;
}

/** The event loop is left to others after so long. */
const turnMs = 8;
/** Fetched and not handed over yet; above it the topic is read no further. */
const queuedFetchesMax = 4;

export class KafkaTail implements Tail {
  readonly #parts: KafkaTailParts;
  readonly #fetcher: Fetcher;
  readonly #positions = new Map<number, number>();
  readonly #queue: Fetched[] = [];
  readonly #waiters = new Set<Waiter>();
  #handing: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: KafkaTailParts) {
    this.#parts = parts;
    this.#fetcher = new Fetcher({
      wire: parts.wire,
      topic: topicNameOf(parts.prefix, parts.topic),
      onFetched: (fetched) => this.#take(fetched),
      onOutOfRange: (partition, { startOffset, endOffset }) => {
        const position = this.#fetcher.position(partition) ?? 0;
        if (position > endOffset) {
          throw new FloodgateError(
            'log_failed',
            `${parts.topic}/${partition} ends at ${endOffset}, before ${position}`,
          );
        }
        this.#noteRemoved(partition, position, startOffset);
        return startOffset;
      },
      onFailure: (error) => this.#fail(error),
      onTrouble: parts.onTrouble,
    });
  }

  async start(): Promise<void> {
    const from = new Map(this.#parts.from.map((position: Position) => [position.partition, position.offset]));
    for (const { partition, startOffset } of await this.#parts.ends()) {
      const offset = Math.max(from.get(partition) ?? 0, startOffset);
      this.#noteRemoved(partition, from.get(partition) ?? offset, startOffset);
      this.#positions.set(partition, offset);
      this.#fetcher.add(partition, offset);
    }
  }

  async caughtUp(partition?: number): Promise<void> {
    const ends = await this.#parts.ends();
    const wanted = ends.filter((end) => partition === undefined || end.partition === partition);
    const until = new Map(wanted.map((end) => [end.partition, end.endOffset]));
    if (this.#isReached(until)) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.add({ until, resolve, reject });
      if (this.#stopped) this.#rejectWaiters();
    });
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#fetcher.close();
    await this.#handing;
    this.#rejectWaiters();
    this.#parts.onClose();
  }

  #noteRemoved(partition: number, from: number, until: number): void {
    const { topic, onWarning } = this.#parts;
    if (from < until) onWarning('records were removed before they were read', { topic, partition, from, until });
  }

  #take(fetched: Fetched): void {
    this.#queue.push(fetched);
    if (this.#queue.length >= queuedFetchesMax) {
      for (const partition of this.#positions.keys()) this.#fetcher.pause(partition);
    }
    this.#handing ??= this.#handOver();
  }

  async #handOver(): Promise<void> {
    try {
      for (let next = this.#queue.shift(); next !== undefined && !this.#stopped; next = this.#queue.shift()) {
        await this.#handOverOne(next);
        if (this.#queue.length === 0) for (const partition of this.#positions.keys()) this.#fetcher.resume(partition);
      }
    } catch (thrown) {
      this.#fail(toFloodgateError(thrown));
    }
    this.#handing = null;
  }

  async #handOverOne({ partition, records, nextOffset }: Fetched): Promise<void> {
    const { topic, onRecord } = this.#parts;
    let turnEndsMs = performance.now() + turnMs;
    for (const wire of records) {
      if (performance.now() >= turnEndsMs) {
        await nextTurn();
        if (this.#stopped) return;
        turnEndsMs = performance.now() + turnMs;
      }
      onRecord(toRecord(topic, partition, wire));
    }
    this.#positions.set(partition, nextOffset);
    for (const waiter of this.#waiters) {
      if (!this.#isReached(waiter.until)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #isReached(until: ReadonlyMap<number, number>): boolean {
    return [...until].every(([partition, offset]) => (this.#positions.get(partition) ?? 0) >= offset);
  }

  #fail(error: FloodgateError): void {
    this.#stopped = true;
    this.#rejectWaiters();
    this.#parts.onFailure(error);
  }

  #rejectWaiters(): void {
    for (const waiter of this.#waiters) waiter.reject(new FloodgateError('log_failed', 'the tail has stopped'));
    this.#waiters.clear();
  }
}
