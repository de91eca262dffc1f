/** Partitions whose leader moves to another broker while records are written to them: a rolling restart does that. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { startGroupWorker, until } from '../../support/kafka/group-worker.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { readAll, recordOf, textOf } from '../../support/log-records.ts';

const partitionsCount = 4;

describeWithOwnKafka('partitions whose leader moves', () => {
  let first: Broker;
  let second: Broker;
  let client: kafkajs.Kafka;
  let admin: kafkajs.Admin;
  let topics: TestTopics;
  beforeAll(async () => {
    first = await startBroker();
    second = await startBroker({ joins: { cluster: first.cluster, nodeId: 2 } });
    client = new kafkajs.Kafka({ brokers: [...first.brokers], logLevel: kafkajs.logLevel.NOTHING });
    admin = client.admin();
    await admin.connect();
    await until(async () => (await admin.describeCluster()).brokers.length === 2, 'both brokers are there');
  });
  afterAll(async () => {
    await admin.disconnect();
    await Promise.all([first.stop(), second.stop()]);
  });
  beforeEach(async () => {
    topics = await createTopics(first.brokers, partitionsCount);
  });

  /** The only replica of each partition goes to these brokers. */
  async function move(topic: string, leaders: readonly number[]): Promise<void> {
    const partitionAssignment = leaders.map((leader, partition) => ({ partition, replicas: [leader] }));
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
    await until(async () => {
      const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
      const led = metadata.topics[0]?.partitions ?? [];
      return led.every(({ partitionId, leader }) => leader === leaders[partitionId]);
    }, 'the leaders have moved');
  }

  const [apart, together] = [
    [1, 2, 1, 2],
    [1, 1, 1, 1],
  ];

  // K1, shown at the client itself, so that it is known when an upgrade mends it: two brokers lead, one of them has lost
  // its partitions to the other, and the other has answered already. The client then has nobody left to ask.
  it('lose records of the client, which says that it has sent them', async () => {
    const topic = topics.nameOf('uploads');
    await move(topic, apart);
    const producer = client.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    const messages = Array.from({ length: partitionsCount }, (_, partition) => ({ partition, value: 'before' }));
    await producer.send({ topic, messages });
    await move(topic, together);
    // Also the broker that led them knows by then.
    await sleep(500);
    await producer.send({ topic, messages: messages.map((message) => ({ ...message, value: 'after' })) });
    await producer.disconnect();
    const log = await openTestLog(first.brokers, topics.prefix);
    const arrived = (await readAll(log, 'uploads')).filter((record) => textOf(record) === 'after');
    await log.close();
    const missing = [0, 1, 2, 3].filter((partition) => !arrived.some((record) => record.partition === partition));
    expect(missing.length).toBeGreaterThan(0);
    expect([1, 3]).toEqual(expect.arrayContaining(missing));
  });

  it('lose no record of ours: whatever an append has acknowledged is there, once, where it said', async () => {
    const topic = topics.nameOf('uploads');
    await move(topic, apart);
    const log = await openTestLog(first.brokers, topics.prefix);
    const appended = new Map<string, string>();
    let stopped = false;
    const write = async (writer: number) => {
      for (let batch = 0; !stopped; batch += 1) {
        const records = Array.from({ length: 8 }, (_, place) => recordOf('uploads', `${writer}/${batch}/${place}`));
        const positions = await log.append(records);
        for (const [place, { partition, offset }] of positions.entries()) {
          appended.set(records[place]?.key ?? '', `${partition}/${offset}`);
        }
        await sleep(5);
      }
    };
    const writers = Array.from({ length: 4 }, (_, writer) => write(writer));
    for (const leaders of [together, [2, 2, 2, 2], apart, [2, 1, 2, 1]]) {
      await sleep(200);
      await move(topic, leaders);
    }
    await sleep(200);
    stopped = true;
    await Promise.all(writers);
    const found = new Map<string, string>();
    for (const { key, partition, offset } of await readAll(log, 'uploads')) {
      expect(found.has(key)).toBe(false);
      found.set(key, `${partition}/${offset}`);
    }
    expect(appended.size).toBeGreaterThan(200);
    expect(found).toEqual(appended);
    await log.close();
  });

  it('are consumed on, each record settled once', async () => {
    await move(topics.nameOf('uploads'), apart);
    await move(topics.nameOf('decisions'), apart);
    const log = await openTestLog(first.brokers, topics.prefix);
    const keys = Array.from({ length: 300 }, (_, place) => `u${place}`);
    const group = uniqueName('g');
    const worker = await startGroupWorker({ log, group, name: 'a', workMs: () => Math.random() * 300 });
    const fed = (async () => {
      for (const key of keys) {
        await log.append([recordOf('uploads', key)]);
        await sleep(5);
      }
    })();
    await move(topics.nameOf('uploads'), together);
    await move(topics.nameOf('decisions'), [2, 2, 2, 2]);
    await move(topics.nameOf('uploads'), [2, 1, 2, 1]);
    await fed;
    await until(() => worker.settled.length + worker.failures.length >= keys.length, 'all is settled');
    expect(worker.failures).toEqual([]);
    expect((await readAll(log, 'decisions')).map(({ key }) => key).sort()).toEqual([...keys].sort());
    await worker.leave();
    await log.close();
  });
});
