/** Topics of a prefix of their own, so that tests on one broker do not meet. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { topicNameOf } from '../../../src/log/kafka/topic-names.ts';
import { type Topic, topics } from '../../../src/log/log.ts';

export interface TestTopics {
  readonly prefix: string;
  nameOf(topic: Topic): string;
  remove(): Promise<void>;
}

/** One partition each when left out; the bank always has one. */
export async function createTopics(brokers: readonly string[], partitions = 1): Promise<TestTopics> {
  const prefix = freshPrefix();
  const nameOf = (topic: Topic) => topicNameOf(prefix, topic);
  const admin = adminOf(brokers);
  await admin.connect();
  await admin.createTopics({
    // The client's own waiting gives up when the topic is not known everywhere at once.
    waitForLeaders: false,
    topics: topics.map((topic) => ({
      topic: nameOf(topic),
      numPartitions: topic === 'bank' ? 1 : partitions,
      configEntries: topic === 'bank' ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
    })),
  });
  await waitForLeaders(admin, topics.map(nameOf));
  await admin.disconnect();
  return { prefix, nameOf, remove: () => removeTopics(brokers, prefix) };
}

/** A prefix that no other test has. */
export function freshPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

export async function removeTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const admin = adminOf(brokers);
  await admin.connect();
  await admin.deleteTopics({ topics: topics.map((topic) => topicNameOf(prefix, topic)) }).catch(() => undefined);
  await admin.disconnect();
}

async function waitForLeaders(admin: kafkajs.Admin, names: string[]): Promise<void> {
  for (const giveUpMs = performance.now() + 20_000; performance.now() < giveUpMs; ) {
    const metadata = await admin.fetchTopicMetadata({ topics: names }).catch(() => ({ topics: [] }));
    const led = metadata.topics.filter(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
    if (led.length === names.length) return;
    await sleep(50);
  }
  throw new Error(`the topics ${names.join(', ')} have no leaders after 20 s`);
}

function adminOf(brokers: readonly string[]) {
  const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  return client.admin();
}
