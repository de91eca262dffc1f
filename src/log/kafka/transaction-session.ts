/**
 * Transactions of one partition's owner: what it publishes and how far it has come become durable together, or not at
 * all. Its transactional id names the group and the partition, so that whoever gets the partition ends the transactions
 * of whoever had it before (`fence`), and nothing that those still send is taken.
 *
 * A transaction is three steps, one after the other: partitions and offsets are announced to the coordinator, records
 * and offsets are written, the coordinator is told to commit. The client's own producer asks for the coordinator before
 * each request, nine round trips in all, does not survive an error in some of them, and pauses 300 ms where the
 * coordinator is still busy with the transaction before (its issues 304, 430).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../config/limits.ts';
import { FloodgateError } from '../../errors.ts';
import type { NewRecord } from '../log.ts';
import { isRetriable, typeOf } from './fault.ts';
import type { ProducerIdentity } from './internals.ts';
import { batchesOf, toMessage } from './records.ts';
import type { Wire } from './wire.ts';

/** Records for one partition of a topic, in order. */
export interface Destination {
  /** Full name. */
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly NewRecord[];
}

export interface Progress {
  /** Full name of the topic that is consumed. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

export interface TransactionSessionOptions {
  readonly wire: Wire;
  readonly transactionalId: string;
  readonly group: string;
  readonly signal: AbortSignal;
}

const busyPauseMs = 3;
const busyAttemptsMax = 200;

export class TransactionSession {
  readonly #options: TransactionSessionOptions;
  #identity: Required<ProducerIdentity> | null = null;
  readonly #sequences = new Map<string, number>();

  constructor(options: TransactionSessionOptions) {
    this.#options = options;
  }

  /**
   * Becomes the one who may write under this id. When it resolves, an earlier transaction under the id has ended, either
   * way. Throws log_failed.
   */
  async fence(): Promise<void> {
    const { wire, transactionalId, signal } = this.#options;
    this.#identity = null;
    this.#sequences.clear();
    const { producerId, producerEpoch } = await wire.persist(
      async () => {
        const coordinator = await wire.coordinator('transaction', transactionalId);
        return whileBusy(signal, () =>
          coordinator.initProducerId({ transactionalId, transactionTimeout: limits.kafkaTransactionTimeoutMs }),
        );
      },
      { what: `fencing ${transactionalId}`, signal },
    );
    this.#identity = { transactionalId, producerId, producerEpoch };
  }

  /**
   * Publishes and commits. After any error it is not known whether the transaction took place, and the session must be
   * fenced before it is used again; the progress found then tells.
   */
  async commit(destinations: readonly Destination[], progress: Progress): Promise<void> {
    const identity = this.#identity;
    if (identity === null)
      throw new FloodgateError('internal', 'a transaction was begun before the session was fenced');
    this.#identity = null;
    const { wire, transactionalId, group, signal } = this.#options;
    const coordinator = await wire.coordinator('transaction', transactionalId);
    const topics = destinations.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
    const announced = [whileBusy(signal, () => coordinator.addOffsetsToTxn({ ...identity, groupId: group }))];
    if (topics.length > 0) {
      announced.unshift(
        whileBusy(signal, () => coordinator.addPartitionsToTxn({ ...identity, topics: merged(topics) })),
      );
    }
    await allOf(announced);
    await allOf([
      ...destinations.map((destination) => this.#write(destination, identity)),
      this.#commitOffset(progress, identity),
    ]);
    await coordinator.endTxn({ ...identity, transactionResult: true });
    this.#identity = identity;
  }

  async #write({ topic, partition, records }: Destination, identity: Required<ProducerIdentity>): Promise<void> {
    const { wire } = this.#options;
    const bounds = { recordsMax: limits.kafkaBatchRecordsMax, bytesMax: limits.kafkaBatchBytesMax };
    for (const batch of batchesOf(records, bounds)) {
      const key = `${topic}/${partition}`;
      const firstSequence = this.#sequences.get(key) ?? 0;
      const messages = batch.map(toMessage);
      const leader = await wire.leaderOf(topic, partition);
      await leader.produce({
        ...identity,
        acks: -1,
        timeout: limits.kafkaRequestTimeoutMs,
        topicData: [{ topic, partitions: [{ partition, firstSequence, messages }] }],
      });
      this.#sequences.set(key, (firstSequence + messages.length) % 2 ** 31);
    }
  }

  async #commitOffset(progress: Progress, identity: Required<ProducerIdentity>): Promise<void> {
    const { wire, group, signal } = this.#options;
    const { topic, partition, metadata } = progress;
    const offset = String(progress.offset);
    const coordinator = await wire.coordinator('group', group);
    const topics = [{ topic, partitions: [{ partition, offset, metadata }] }];
    await whileBusy(signal, () => coordinator.txnOffsetCommit({ ...identity, groupId: group, topics }));
  }
}

/** For a moment after a commit the coordinator is still busy with it; that is no failure. */
async function whileBusy<T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (thrown) {
      const isBusy = typeOf(thrown) === 'CONCURRENT_TRANSACTIONS';
      if (!isBusy || attempt >= busyAttemptsMax || signal.aborted) throw thrown;
      await sleep(Math.min(busyPauseMs * attempt, 50));
    }
  }
}

/** Waits for all, whatever becomes of each, so that nothing is still on its way when an error is acted upon. */
async function allOf(requests: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(requests)).filter((result) => result.status === 'rejected');
  const worst = failed.find(({ reason }) => !isRetriable(reason)) ?? failed[0];
  if (worst !== undefined) throw worst.reason;
}

function merged(refs: readonly { topic: string; partitions: number[] }[]): { topic: string; partitions: number[] }[] {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partitions } of refs) byTopic.set(topic, [...(byTopic.get(topic) ?? []), ...partitions]);
  return [...byTopic].map(([topic, partitions]) => ({ topic, partitions }));
}
