/** Follows a topic from an offset on: reads a page, hands it over record by record, waits for the topic to grow. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { ReadResult } from './commit.ts';
import type { Tail, TailOptions } from './log.ts';
import type { TopicEnds } from './topic-ends.ts';

export interface TailParts extends TailOptions {
  readonly ends: TopicEnds;
  /** Aborts when the log closes or fails. */
  readonly stopped: AbortSignal;
  read(fromOffset: number, max: number): Promise<ReadResult>;
  /** Called when reading failed or `onRecord` threw: the log fails with it. */
  onFailure(error: unknown): void;
  onClose(): void;
}

export class SqliteTail implements Tail {
  readonly #parts: TailParts;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running: Promise<void>;
  readonly #waiting = new Set<{ offset: number; resolve: () => void; reject: (error: FloodgateError) => void }>();
  #position: number;

  constructor(parts: TailParts) {
    this.#parts = parts;
    this.#position = parts.from[0]?.offset ?? 0;
    this.#signal = AbortSignal.any([this.#closing.signal, parts.stopped]);
    this.#running = this.#run();
  }

  caughtUp(): Promise<void> {
    const offset = this.#parts.ends.of(this.#parts.topic);
    if (this.#position >= offset) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.add({ offset, resolve, reject });
      if (this.#signal.aborted) this.#rejectWaiting();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    this.#parts.onClose();
  }

  async #run(): Promise<void> {
    const { ends, topic } = this.#parts;
    try {
      while (!this.#signal.aborted) {
        await ends.waitBeyond(topic, this.#position, this.#signal);
        if (this.#signal.aborted) break;
        const { records, nextOffset } = await this.#parts.read(this.#position, limits.logReadRecordsMax);
        if (this.#signal.aborted) break;
        for (const record of records) this.#parts.onRecord(record);
        this.#position = nextOffset;
        this.#resolveWaiting();
      }
    } catch (thrown) {
      this.#closing.abort();
      this.#parts.onFailure(thrown);
    }
    this.#rejectWaiting();
  }

  #resolveWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.#position < waiter.offset) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #rejectWaiting(): void {
    for (const waiter of this.#waiting) waiter.reject(new FloodgateError('log_failed', 'the tail has stopped'));
    this.#waiting.clear();
  }
}
