/** Work that takes long: of one upload, of one partition, and of all, longer than the group's session lasts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import type { ConsumedRecord } from '../../../src/log/log.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { until } from '../../support/kafka/group-worker.ts';
import { listenToLog, openTestLog, testSessionTimeoutMs } from '../../support/kafka/opened-log.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { consumeGroup, never, pollCount, readAll, recordOf, settlementOf } from '../../support/log-records.ts';

describeWithKafka('slow work', () => {
  let brokers: readonly string[];
  let topics: TestTopics;
  let group: string;
  const logs: KafkaLog[] = [];
  const open = async (told = listenToLog()) => {
    const log = await openTestLog(brokers, topics.prefix, { told });
    logs.push(log);
    return log;
  };
  beforeEach(async () => {
    brokers = (await sharedBroker()).brokers;
    group = uniqueName('g');
    topics = await createTopics(brokers, 3);
  });
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
    await topics.remove();
  });

  const settle = (consumer: Awaited<ReturnType<typeof consumeGroup>>, record: ConsumedRecord) =>
    consumer.settle([settlementOf(record, recordOf('decisions', record.key))]);

  // Goal (K6): a slow upload delays neither its own partition nor others, and what overtook it is not done again.
  it('of one upload delays no other, of its own partition neither', async () => {
    const log = await open();
    const keys = Array.from({ length: 60 }, (_, place) => `u${place}`);
    await log.append(keys.map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(log, group);
    const [slow, ...others] = await pollCount(consumer, keys.length);
    if (slow === undefined) throw new Error('a record is missing');
    await Promise.all(others.map((record) => settle(consumer, record)));
    // Visible at once, although the slow one is still worked on.
    expect((await readAll(log, 'decisions')).map(({ key }) => key).sort()).toEqual(others.map(({ key }) => key).sort());
    const lags = await consumer.lag();
    expect(lags.find(({ partition }) => partition === slow.partition)?.records).toBeGreaterThan(10);
    expect(lags.filter(({ records }) => records > 0)).toHaveLength(1);
    await log.abandon();
    const next = await open();
    const again = await consumeGroup(next, group);
    expect((await pollCount(again, 2, 1_500)).map(({ key }) => key)).toEqual([slow.key]);
  });

  // Goal (K6, K14): kafkajs waits for all batches of a fetch before the next.
  it('of one partition delays no other, and is not read into memory without bound', async () => {
    const told = listenToLog();
    const paused: number[] = [];
    const log = await openTestLog(brokers, topics.prefix, {
      told: { ...told, events: { ...told.events, partitionsPaused: (count) => paused.push(count) } },
    });
    logs.push(log);
    const value = 'x'.repeat(2_000);
    const partitionOf = new Map<string, number>();
    const append = async (keys: readonly string[]) => {
      const positions = await log.append(keys.map((key) => recordOf('uploads', key, value)));
      for (const [place, position] of positions.entries()) partitionOf.set(keys[place] ?? '', position.partition);
    };
    await append(Array.from({ length: 9_000 }, (_, place) => `u${place}`));
    const slowPartition = partitionOf.get('u0') ?? -1;
    const consumer = await consumeGroup(log, group);
    // The slow partition's records are taken, at most as many as may be at work, and never settled.
    const stuck: ConsumedRecord[] = [];
    let settled = 0;
    const others = [...partitionOf.values()].filter((partition) => partition !== slowPartition).length;
    const batches = new Set<Promise<void>>();
    while (settled < others) {
      const records = await consumer.poll(300, AbortSignal.timeout(5_000));
      expect(records.length).toBeGreaterThan(0);
      stuck.push(...records.filter(({ partition }) => partition === slowPartition));
      for (const partition of new Set(records.map((record) => record.partition))) {
        if (partition === slowPartition) continue;
        const own = records.filter((record) => record.partition === partition);
        settled += own.length;
        batches.add(consumer.settle(own.map((record) => settlementOf(record))));
      }
    }
    await Promise.all(batches);
    expect(stuck.length).toBeLessThan(400);
    expect(Math.max(...paused)).toBeGreaterThanOrEqual(1);
    expect(limits.kafkaBufferRecordsMax).toBeLessThan(9_000 / 3);
    // The pause ends when the records are done.
    await consumer.settle(stuck.map((record) => settlementOf(record)));
    let rest = (await consumer.lag()).find(({ partition }) => partition === slowPartition)?.records ?? 0;
    expect(rest).toBeGreaterThan(2_000);
    while (rest > 0) {
      const records = await consumer.poll(300, AbortSignal.timeout(5_000));
      if (records.length === 0) break;
      rest -= records.length;
      await consumer.settle(records.map((record) => settlementOf(record)));
    }
    expect(rest).toBe(0);
  });

  // Goal (K7): kafkajs sends heartbeats only when and where the handler lets it.
  it('longer than the session lasts does not cost the partitions', async () => {
    const told = listenToLog();
    const log = await open(told);
    await log.append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(log, group);
    const [waiting, computing] = await pollCount(consumer, 2);
    if (waiting === undefined || computing === undefined) throw new Error('records are missing');
    await sleep(testSessionTimeoutMs * 2);
    await settle(consumer, waiting);
    for (let burst = 0; burst < 8; burst += 1) {
      const endsMs = performance.now() + 300;
      while (performance.now() < endsMs);
      await sleep(1);
    }
    await settle(consumer, computing);
    expect(computing.lost.aborted).toBe(false);
    expect(told.assigned).toHaveLength(1);
    expect(await readAll(log, 'decisions')).toHaveLength(2);
  });

  it('of nobody leaves a poll waiting until there is something', async () => {
    const log = await open();
    const consumer = await consumeGroup(log, group);
    const polled = consumer.poll(1, never);
    await until(async () => (await consumer.lag()).length === 3, 'all partitions are here');
    await log.append([recordOf('uploads', 'late')]);
    expect((await polled).map(({ key }) => key)).toEqual(['late']);
  });
});
