/** What both ways of publishing share: where outputs go, and what they are made of. */
import { companionTopics, type NewRecord, type Settlement, type Topic } from '../log.ts';
import type { KafkaLogEvents } from './events.ts';
import type { Membership } from './membership.ts';
import { partitionOfKey } from './partitioner.ts';
import { topicNameOf } from './topic-names.ts';
import type { Destination } from './transaction-session.ts';

export interface PublisherParts {
  readonly group: string;
  readonly prefix: string;
  /** Full name of the topic that is consumed. */
  readonly source: string;
  readonly partition: number;
  /** Number of partitions of each topic. */
  readonly partitions: ReadonlyMap<Topic, number>;
  /** Aborts when the partition is lost. */
  readonly signal: AbortSignal;
  readonly membership: Pick<Membership, 'confirmed' | 'unconfirmedMs' | 'member'>;
  readonly sessionTimeoutMs: number;
  readonly events: KafkaLogEvents;
  /** Somebody else has settled records of this partition, or the brokers do not tell what is settled. */
  readonly onFenced: () => void;
}

/**
 * Outputs by topic and partition, in order: companions of the uploads in the partition that their upload came from,
 * whatever its key, all others by their key.
 */
export function destinationsOf(
  batch: readonly Settlement[],
  { prefix, partition, partitions }: Pick<PublisherParts, 'prefix' | 'partition' | 'partitions'>,
): Destination[] {
  const found = new Map<string, { topic: string; partition: number; records: NewRecord[] }>();
  for (const record of batch.flatMap(({ outputs }) => outputs)) {
    const to = companionTopics.includes(record.topic)
      ? partition
      : partitionOfKey(record.key, partitions.get(record.topic) ?? 1);
    const topic = topicNameOf(prefix, record.topic);
    const destination = found.get(`${topic}/${to}`) ?? { topic, partition: to, records: [] };
    destination.records.push(record);
    found.set(`${topic}/${to}`, destination);
  }
  return [...found.values()];
}
