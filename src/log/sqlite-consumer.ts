/** Hands records of a topic to a group and settles them; the state that must last is the store's. */
import { FloodgateError } from '../errors.ts';
import type { ReadResult, SettleRequest } from './commit.ts';
import type { ConsumedRecord, Consumer, PartitionLag, Position, Settlement, Topic } from './log.ts';
import type { TopicEnds } from './topic-ends.ts';

export interface ConsumerParts {
  readonly topic: Topic;
  readonly group: string;
  /** Progress of the group when it was opened. */
  readonly committed: number;
  readonly settled: readonly number[];
  readonly ends: TopicEnds;
  /** Aborts when the log closes or fails. */
  readonly stopped: AbortSignal;
  read(fromOffset: number, max: number): Promise<ReadResult>;
  settle(request: SettleRequest): Promise<void>;
  lag(): Promise<PartitionLag>;
  onClose(): void;
}

export class SqliteConsumer implements Consumer {
  readonly resumesFrom: readonly Position[];
  readonly #parts: ConsumerParts;
  readonly #closing = new AbortController();
  readonly #skip: Set<number>;
  /** Everything below has been handed out. */
  #cursor: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    this.resumesFrom = [{ partition: 0, offset: parts.committed }];
    this.#cursor = parts.committed;
    this.#skip = new Set(parts.settled);
  }

  /** Polls take turns, so that no record is handed out twice. */
  poll(max: number, signal: AbortSignal): Promise<ConsumedRecord[]> {
    const any = AbortSignal.any([signal, this.#closing.signal, this.#parts.stopped]);
    const polled = this.#turn.then(() => this.#poll(max, any));
    this.#turn = polled.catch(() => undefined);
    return polled;
  }

  async #poll(max: number, signal: AbortSignal): Promise<ConsumedRecord[]> {
    const { ends, topic } = this.#parts;
    while (!signal.aborted) {
      await ends.waitBeyond(topic, this.#cursor, signal);
      if (signal.aborted) break;
      const { records, nextOffset } = await this.#parts.read(this.#cursor, max);
      if (signal.aborted) break;
      this.#cursor = nextOffset;
      const fresh = records.filter((record) => !this.#skip.delete(record.offset));
      const lost = this.#closing.signal;
      if (fresh.length > 0) return fresh.map((record) => ({ ...record, lost }));
    }
    return [];
  }

  async settle(batch: readonly Settlement[]): Promise<void> {
    if (this.#closing.signal.aborted) throw new FloodgateError('log_failed', 'the consumer is closed');
    const { topic, group } = this.#parts;
    const foreign = batch.find(({ record }) => record.partition !== 0 || record.offset >= this.#cursor);
    if (foreign !== undefined) {
      const { partition, offset } = foreign.record;
      throw new FloodgateError('internal', `cannot settle: ${partition}/${offset} of ${topic} was not handed out`);
    }
    if (batch.length === 0) return;
    const offsets = batch.map(({ record }) => record.offset);
    const outputs = batch.flatMap((settlement) => settlement.outputs);
    await this.#parts.settle({ kind: 'settle', topic, group, offsets, outputs });
  }

  async lag(): Promise<readonly PartitionLag[]> {
    return [await this.#parts.lag()];
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#turn;
    this.#parts.onClose();
  }
}
