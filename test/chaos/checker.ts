/** Reads the topics as anybody would: a plain client, read_committed, from the beginning. Knows nothing of Floodgate's log. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { SeenDecision } from './verdict.ts';

const quietMs = 4_000;

export interface SeenRecord {
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Every committed record, in the order of each partition. */
export async function readCommitted(brokers: readonly string[], topic: string): Promise<SeenRecord[]> {
  const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `checker-${randomUUID()}`, readUncommitted: false });
  const seen: SeenRecord[] = [];
  let lastMs = performance.now();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    eachMessage: async ({ message: { value, headers = {} } }) => {
      lastMs = performance.now();
      const texts = Object.entries(headers).map(([name, header]) => [name, String(header ?? '')]);
      seen.push({ value, headers: Object.fromEntries(texts) });
    },
  });
  await joined;
  lastMs = performance.now();
  while (performance.now() - lastMs < quietMs) await sleep(100);
  await consumer.disconnect();
  return seen;
}

export function decisionsOf(records: readonly SeenRecord[]): SeenDecision[] {
  return records.map(({ value }) => JSON.parse(value?.toString() ?? '{}') as SeenDecision);
}

export function deadLetteredEvents(records: readonly SeenRecord[]): string[] {
  return records.map(({ headers }) => headers['x-original-ce_id'] ?? '');
}

/** Records of the topic that the group has not committed, over all partitions. */
export async function uncommitted(brokers: readonly string[], topic: string, group: string): Promise<number> {
  const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    return ends.reduce((sum, { partition, high }) => sum + Number(high) - Math.max(0, offsets.get(partition) ?? 0), 0);
  } finally {
    await admin.disconnect();
  }
}
