/**
 * Writes outside of transactions: batches of one partition one after the other, each at most once however often it is
 * sent (an idempotent producer), partitions independently of each other.
 *
 * Each request carries one partition. The client's own `send` may resolve although records were never sent, when
 * partitions move between brokers in the middle of it.
 */
import { limits } from '../../config/limits.ts';
import { type FloodgateError, toFloodgateError } from '../../errors.ts';
import type { NewRecord } from '../log.ts';
import { isRetriable, typeOf } from './fault.ts';
import { batchesOf, sizeOf, toMessage } from './records.ts';
import type { Wire } from './wire.ts';

interface Waiting {
  readonly records: readonly NewRecord[];
  readonly done: (firstOffset: number) => void;
  readonly failed: (error: FloodgateError) => void;
}

/** Of a producer id the broker counts batches; after a failure whose outcome is not known a new one begins. */
interface Identity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface PartitionWriterOptions {
  readonly wire: Wire;
  /** Full name. */
  readonly topic: string;
  readonly partition: number;
  readonly signal: AbortSignal;
  /** How long a broker may be away before a write fails. */
  readonly patienceMs: number;
  /** Asked right before each attempt; a throw ends the write. */
  readonly permit?: () => void;
}

export class PartitionWriter {
  readonly #options: PartitionWriterOptions;
  #waiting: Waiting[] = [];
  #running = false;
  #identity: Identity | null = null;
  #sequence = 0;

  constructor(options: PartitionWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the offsets once the records are durable; those of one call are one batch where they fit one. Throws
   * log_failed; what was sent may then be there or not.
   */
  async write(records: readonly NewRecord[]): Promise<number[]> {
    const bounds = { recordsMax: limits.kafkaBatchRecordsMax, bytesMax: limits.kafkaBatchBytesMax };
    const batches = await Promise.all(batchesOf(records, bounds).map((batch) => this.#enqueue(batch)));
    return batches.flat();
  }

  #enqueue(records: readonly NewRecord[]): Promise<number[]> {
    return new Promise((resolve, failed) => {
      const done = (firstOffset: number) => resolve(records.map((_record, place) => firstOffset + place));
      this.#waiting.push({ records, done, failed });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      try {
        let offset = await this.#send(batch.flatMap(({ records }) => records));
        for (const { records, done } of batch) {
          done(offset);
          offset += records.length;
        }
      } catch (thrown) {
        this.#identity = null;
        for (const { failed } of batch) failed(toFloodgateError(thrown));
      }
    }
    this.#running = false;
  }

  /** What gathered while the batch before was on its way. */
  #nextBatch(): Waiting[] {
    let [records, bytes, count] = [0, 0, 0];
    for (const waiting of this.#waiting) {
      records += waiting.records.length;
      bytes += waiting.records.reduce((sum, record) => sum + sizeOf(record), 0);
      if (count > 0 && (records > limits.kafkaBatchRecordsMax || bytes > limits.kafkaBatchBytesMax)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(records: readonly NewRecord[]): Promise<number> {
    const { wire, topic, partition, signal, patienceMs, permit } = this.#options;
    const messages = records.map(toMessage);
    const offset = await wire.persist(
      async () => {
        permit?.();
        const identity = await this.#identify();
        const leader = await wire.leaderOf(topic, partition);
        try {
          const { topics } = await leader.produce({
            ...identity,
            acks: -1,
            timeout: limits.kafkaRequestTimeoutMs,
            topicData: [{ topic, partitions: [{ partition, firstSequence: this.#sequence, messages }] }],
          });
          return Number(topics[0]?.partitions[0]?.baseOffset ?? Number.NaN);
        } catch (thrown) {
          // The broker has the batch already: the answer to an earlier attempt was lost.
          if (typeOf(thrown) === 'DUPLICATE_SEQUENCE_NUMBER') return Number.NaN;
          if (!isRetriable(thrown)) this.#identity = null;
          throw thrown;
        }
      },
      { what: `writing to ${topic}`, signal, patienceMs },
    );
    this.#sequence = (this.#sequence + records.length) % 2 ** 31;
    return offset;
  }

  async #identify(): Promise<Identity> {
    if (this.#identity !== null) return this.#identity;
    const broker = await this.#options.wire.anyBroker();
    this.#identity = await broker.initProducerId({ transactionTimeout: limits.kafkaTransactionTimeoutMs });
    this.#sequence = 0;
    return this.#identity;
  }
}
