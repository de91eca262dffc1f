/**
 * A group's consumer on Kafka. Membership says which partitions are ours; each gets an `OwnedPartition`, which is taken
 * over (nobody else settles anything of it any more), then caught up with, then read. What is handed out comes from the
 * partitions by turns.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { FloodgateError, toFloodgateError } from '../../errors.ts';
import type { ConsumedRecord, Consumer, PartitionLag, Position, Settlement, Topic } from '../log.ts';
import { AtLeastOnce } from './at-least-once.ts';
import type { KafkaLogEvents } from './events.ts';
import { ExactlyOnce } from './exactly-once.ts';
import { isRetriable, retryPauseMs, typeOf } from './fault.ts';
import { Fetcher } from './fetcher.ts';
import { Membership } from './membership.ts';
import { OwnedPartition, type Publisher } from './owned-partition.ts';
import { readAllProgress } from './progress.ts';
import { topicNameOf } from './topic-names.ts';
import type { Wire } from './wire.ts';

export type Delivery = 'exactly-once' | 'at-least-once';

export interface KafkaConsumerParts {
  readonly kafka: Kafka;
  /** New connections. */
  readonly connect: () => Wire;
  readonly prefix: string;
  readonly topic: Topic;
  readonly group: string;
  readonly delivery: Delivery;
  readonly sessionTimeoutMs: number;
  /** Number of partitions of each topic. */
  readonly partitions: ReadonlyMap<Topic, number>;
  readonly events: KafkaLogEvents;
  readonly onAssigned: (partition: number) => Promise<void>;
  readonly onFailure: (error: FloodgateError) => void;
  readonly onTrouble: (sinceMs: number | null) => void;
  readonly onClose: () => void;
}

export class KafkaConsumer implements Consumer {
  readonly #parts: KafkaConsumerParts;
  readonly #source: string;
  readonly #wire: Wire;
  readonly #membership: Membership;
  readonly #fetcher: Fetcher;
  readonly #owned = new Map<number, OwnedPartition>();
  readonly #closing = new AbortController();
  readonly #preparing = new Map<number, Promise<void>>();
  readonly #wakers = new Set<() => void>();
  #turn = 0;
  #resumesFrom: readonly Position[] = [];

  private constructor(parts: KafkaConsumerParts) {
    const { kafka, group, prefix, topic, sessionTimeoutMs, events, onFailure, onTrouble } = parts;
    this.#parts = parts;
    this.#source = topicNameOf(prefix, topic);
    this.#wire = parts.connect();
    this.#membership = new Membership({
      kafka,
      group,
      topic: this.#source,
      sessionTimeoutMs,
      onAssigned: (partitions, continuous) => this.#assigned(partitions, continuous),
      onFailure,
      onWarning: events.warned,
    });
    this.#fetcher = new Fetcher({
      wire: parts.connect(),
      topic: this.#source,
      onFetched: (fetched) => {
        const owned = this.#owned.get(fetched.partition);
        owned?.take(fetched, topic);
        if (owned?.isFull === true) this.#fetcher.pause(owned.partition);
        events.partitionsPaused(this.#fetcher.pausedCount);
        this.#wake();
      },
      onOutOfRange: (partition, range) => this.#returnToRange(partition, range),
      onFailure,
      onTrouble,
    });
  }

  static async join(parts: KafkaConsumerParts): Promise<KafkaConsumer> {
    const consumer = new KafkaConsumer(parts);
    try {
      consumer.#resumesFrom = await consumer.#readResumesFrom();
      await consumer.#membership.join();
      // What follows a rebalance is not waited for; a start is easier to follow when its partitions are there.
      await Promise.race([consumer.#allBegun(), sleep(parts.sessionTimeoutMs)]);
    } catch (thrown) {
      await consumer.close();
      throw thrown;
    }
    return consumer;
  }

  get resumesFrom(): readonly Position[] {
    return this.#resumesFrom;
  }

  async poll(max: number, signal: AbortSignal): Promise<ConsumedRecord[]> {
    while (!signal.aborted && !this.#closing.signal.aborted) {
      const records = this.#handOut(max);
      if (records.length > 0) return records;
      await this.#woken(signal);
    }
    return [];
  }

  async settle(batch: readonly Settlement[]): Promise<void> {
    if (this.#closing.signal.aborted) throw new FloodgateError('log_failed', 'the consumer is closed');
    const first = batch[0]?.record;
    if (first === undefined) return;
    const { partition, lost } = first;
    if (batch.some(({ record }) => record.partition !== partition || record.lost !== lost)) {
      throw new FloodgateError('internal', 'cannot settle records of several partitions at once');
    }
    const owned = this.#owned.get(partition);
    if (lost.aborted || owned === undefined) {
      throw new FloodgateError('partition_lost', `partition ${partition} went to another process`);
    }
    if (owned.lost !== lost) throw new FloodgateError('internal', `cannot settle: ${partition} was not handed out`);
    await owned.settle(batch);
    this.#wake();
  }

  async lag(): Promise<readonly PartitionLag[]> {
    const begun = [...this.#owned.values()].filter(({ hasBegun }) => hasBegun);
    if (begun.length === 0) return [];
    const partitions = begun.map(({ partition }) => partition);
    const ends = await this.#wire.offsets(this.#source, partitions, -1);
    return begun.map((owned) => owned.lag(ends.get(owned.partition) ?? 0, Date.now()));
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#wake();
    for (const partition of [...this.#owned.keys()]) this.#lose(partition);
    await Promise.allSettled([this.#fetcher.close(), this.#membership.leave(), this.#wire.close()]);
    this.#parts.onClose();
  }

  /** As a crash would: the group hears nothing, and waits for the session to time out. */
  abandon(): void {
    this.#membership.abandon();
  }

  #handOut(max: number): ConsumedRecord[] {
    const owned = [...this.#owned.values()];
    const records: ConsumedRecord[] = [];
    this.#turn += 1;
    for (let place = 0; place < owned.length && records.length < max; place += 1) {
      const partition = owned[(this.#turn + place) % owned.length];
      if (partition === undefined) continue;
      records.push(...partition.handOut(max - records.length));
      if (partition.hasRoom) this.#fetcher.resume(partition.partition);
    }
    return records;
  }

  /**
   * A partition that stays is kept as it is where transactions guard it. Without them only the generation of the group
   * does, and a new one may have been preceded by one in which the partition was somebody else's.
   */
  #assigned(partitions: readonly number[], continuous: boolean): void {
    const keeps = continuous && this.#parts.delivery === 'exactly-once';
    for (const partition of [...this.#owned.keys()]) {
      if (!keeps || !partitions.includes(partition)) this.#lose(partition);
    }
    this.#parts.events.partitionsAssigned(partitions.length);
    for (const partition of partitions) if (!this.#owned.has(partition)) this.#own(partition);
  }

  #lose(partition: number): void {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return;
    this.#owned.delete(partition);
    this.#fetcher.remove(partition);
    owned.lose();
    this.#parts.events.partitionLost(partition);
    void owned.publisher.close();
  }

  #own(partition: number): void {
    if (this.#closing.signal.aborted) return;
    const owned: OwnedPartition = new OwnedPartition(partition, (signal) => this.#publisherOf(partition, signal));
    this.#owned.set(partition, owned);
    this.#preparing.set(partition, this.#prepare(owned));
  }

  async #allBegun(): Promise<void> {
    await Promise.all(this.#preparing.values());
  }

  #publisherOf(partition: number, signal: AbortSignal): Publisher {
    const { delivery, group, prefix, partitions, sessionTimeoutMs, events, connect } = this.#parts;
    const parts = {
      group,
      prefix,
      source: this.#source,
      partition,
      partitions,
      signal,
      membership: this.#membership,
      sessionTimeoutMs,
      events,
      onFenced: () => this.#startOver(partition, signal),
    };
    return delivery === 'exactly-once' ? new ExactlyOnce(parts, connect()) : new AtLeastOnce(parts, connect());
  }

  /** Takes the partition over, lets everybody catch up with it, and begins to read. */
  async #prepare(owned: OwnedPartition): Promise<void> {
    const { partition, publisher, lost } = owned;
    for (let failures = 0; !lost.aborted; failures += 1) {
      try {
        const settled = await publisher.takeOver();
        await this.#parts.onAssigned(partition);
        const startOffset = await this.#startOf(partition, lost);
        if (!lost.aborted) this.#fetcher.add(partition, owned.begin(settled, startOffset));
        return;
      } catch (thrown) {
        if (lost.aborted) return;
        if (isRefused(thrown)) return this.#parts.onFailure(toFloodgateError(thrown));
        const { message } = toFloodgateError(thrown);
        this.#parts.events.warned('a partition could not be taken over; it is tried again', { partition, message });
        await sleep(retryPauseMs(failures + 4), undefined, { signal: lost }).catch(() => undefined);
      }
    }
  }

  /** Another process has had the partition in between: what was under way is void, and it is taken over anew. */
  #startOver(partition: number, lost: AbortSignal): void {
    const owned = this.#owned.get(partition);
    if (owned === undefined || owned.lost !== lost) return;
    this.#lose(partition);
    this.#own(partition);
  }

  async #startOf(partition: number, signal: AbortSignal): Promise<number> {
    const wire = this.#wire;
    const starts = await wire.persist(() => wire.offsets(this.#source, [partition], -2), {
      what: `reading the ends of ${this.#source}`,
      signal,
    });
    return starts.get(partition) ?? 0;
  }

  #returnToRange(partition: number, { startOffset, endOffset }: { startOffset: number; endOffset: number }): number {
    const position = this.#fetcher.position(partition) ?? 0;
    if (position > endOffset) {
      throw new FloodgateError(
        'log_failed',
        `partition ${partition} of ${this.#source} ends at ${endOffset}, and ${this.#parts.group} was at ${position}: ` +
          'the topic was made anew; reset the offsets of the group',
      );
    }
    this.#parts.events.warned('records were removed by retention before they were read', {
      partition,
      from: position,
      until: startOffset,
    });
    return startOffset;
  }

  async #readResumesFrom(): Promise<Position[]> {
    const { group } = this.#parts;
    const wire = this.#wire;
    const signal = this.#closing.signal;
    const topic = this.#source;
    const partitions = await wire.persist(() => wire.partitionsOf(topic), { what: `looking up ${topic}`, signal });
    const progress = await readAllProgress({ wire, group, topic, partitions, signal });
    return progress.map(({ partition, settled }) => ({ partition, offset: settled.committed }));
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

/** The brokers have answered, and would answer the same again: authorization was taken away, for example. */
function isRefused(thrown: unknown): boolean {
  const { cause } = thrown as { cause?: unknown };
  return typeOf(cause) !== undefined && !isRetriable(cause);
}
