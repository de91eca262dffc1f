/**
 * Publishing without transactions: outputs first, progress after. A process that dies in between leaves outputs whose
 * records come again; whoever takes the partition over has read those outputs by then (`onAssigned`), so that it settles
 * the records without deciding again. Readers need not wait for the end of a transaction.
 *
 * Nothing but its own clock keeps a process from publishing for a partition that has meanwhile gone to another: it writes
 * only within the time that the coordinator's last answer guarantees it, looked at right before each request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../config/limits.ts';
import { FloodgateError } from '../../errors.ts';
import type { Settlement } from '../log.ts';
import { isRetriable, retryPauseMs, toLogFailure, typeOf } from './fault.ts';
import type { GroupMember } from './membership.ts';
import type { Publisher } from './owned-partition.ts';
import { PartitionWriter } from './partition-writer.ts';
import { readProgress } from './progress.ts';
import { destinationsOf, type PublisherParts } from './publishing.ts';
import type { SettledOffsets } from './settled-offsets.ts';
import { topicNameOf } from './topic-names.ts';
import type { Destination } from './transaction-session.ts';
import type { Wire } from './wire.ts';

/** Of the session timeout: the rest is for requests on their way. */
const guaranteedShare = 0.5;

export class AtLeastOnce implements Publisher {
  readonly #parts: PublisherParts;
  readonly #wire: Wire;
  readonly #writers = new Map<string, PartitionWriter>();

  constructor(parts: PublisherParts, wire: Wire) {
    this.#parts = parts;
    this.#wire = wire;
  }

  async takeOver(): Promise<SettledOffsets> {
    const { group, source, partition, signal } = this.#parts;
    return (await readProgress({ wire: this.#wire, group, topic: source, partition, signal })).settled;
  }

  async publish(batch: readonly Settlement[], _before: SettledOffsets, after: SettledOffsets): Promise<void> {
    await this.#guaranteed();
    const destinations = destinationsOf(batch, this.#parts);
    const decisions = topicNameOf(this.#parts.prefix, 'decisions');
    // Who has its decision is not worked on again, so that nothing else of it may be missing by then.
    await this.#write(destinations.filter(({ topic }) => topic !== decisions));
    await this.#write(destinations.filter(({ topic }) => topic === decisions));
    await this.#commit(after);
  }

  async #write(destinations: readonly Destination[]): Promise<void> {
    await Promise.all(destinations.map((destination) => this.#writerOf(destination).write(destination.records)));
  }

  async close(): Promise<void> {
    await this.#wire.close();
  }

  /**
   * By our own request: the client's resolves without having committed, or says that there is no group, while it is
   * between two attempts to be a member.
   */
  async #commit(after: SettledOffsets): Promise<void> {
    const { partition, membership, events, signal } = this.#parts;
    for (let failures = 0; ; failures += 1) {
      try {
        const { member } = membership;
        if (member !== null) return await this.#commitAs(member, after);
        await Promise.race([membership.confirmed(), sleep(100)]);
      } catch (thrown) {
        // Outputs are there. Whether the group has moved on shows at the next rebalance, which then loses the partition.
        if (!isRetriable(thrown) && !isRebalance(thrown)) throw toLogFailure(thrown, 'committing progress');
        const error = toLogFailure(thrown, 'committing progress').message;
        events.warned('progress could not be committed; it is tried again', { partition, failures, error });
        await sleep(retryPauseMs(failures), undefined, { signal }).catch(() => undefined);
        await this.#wire.recover(thrown);
      }
      if (signal.aborted) throw lostError(partition);
    }
  }

  async #commitAs(member: GroupMember, after: SettledOffsets): Promise<void> {
    const { group, source, partition } = this.#parts;
    const progress = { partition, offset: String(after.committed), metadata: after.metadata() };
    const coordinator = await this.#wire.coordinator('group', group);
    await coordinator.offsetCommit({ ...member, groupId: group, topics: [{ topic: source, partitions: [progress] }] });
  }

  /** Waits until the coordinator has confirmed the membership recently enough. */
  async #guaranteed(): Promise<void> {
    const { membership, signal, partition } = this.#parts;
    while (!this.#isGuaranteed()) {
      if (signal.aborted) throw lostError(partition);
      await Promise.race([membership.confirmed(), sleep(100)]);
    }
  }

  #isGuaranteed(): boolean {
    const { membership, sessionTimeoutMs, signal } = this.#parts;
    return !signal.aborted && membership.unconfirmedMs() < sessionTimeoutMs * guaranteedShare;
  }

  #writerOf({ topic, partition }: Destination): PartitionWriter {
    const key = `${topic}/${partition}`;
    const writer =
      this.#writers.get(key) ??
      new PartitionWriter({
        wire: this.#wire,
        topic,
        partition,
        signal: this.#parts.signal,
        patienceMs: limits.kafkaOutageMsMax,
        permit: () => {
          if (this.#isGuaranteed()) return;
          if (this.#parts.signal.aborted) throw lostError(this.#parts.partition);
          throw Object.assign(new Error('membership is not confirmed'), { retriable: true });
        },
      });
    this.#writers.set(key, writer);
    return writer;
  }
}

function isRebalance(thrown: unknown): boolean {
  const type = typeOf(thrown) ?? '';
  return ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'NOT_COORDINATOR_FOR_GROUP'].includes(
    type,
  );
}

function lostError(partition: number): FloodgateError {
  return new FloodgateError('partition_lost', `partition ${partition} went to another process`);
}
