/** Offsets that no record fills: aborted transactions and their ends, retention, compaction, a topic made anew. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { until } from '../../support/kafka/group-worker.ts';
import { readWithKcat } from '../../support/kafka/kcat.ts';
import { listenToLog, openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { codeOf, consumeGroup, never, pollCount, recordOf, settlementOf, textOf } from '../../support/log-records.ts';

describeWithKafka(
  'offsets that no record fills',
  () => {
    let brokers: string[];
    let client: kafkajs.Kafka;
    let admin: kafkajs.Admin;
    let topics: TestTopics;
    let group: string;
    const logs: KafkaLog[] = [];
    const open = async (told = listenToLog()) => {
      const log = await openTestLog(brokers, topics.prefix, { told });
      logs.push(log);
      return log;
    };
    beforeAll(async () => {
      brokers = (await sharedBroker()).brokers;
      client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    });
    beforeEach(async () => {
      // A new one each time: it does not get over topics that were deleted.
      admin = client.admin();
      await admin.connect();
      topics = await createTopics(brokers);
      group = uniqueName('g');
    });
    afterEach(async () => {
      await Promise.all(logs.splice(0).map((log) => log.close()));
      await admin.disconnect();
      await topics.remove();
    });

    const removed = (from: number, until: number, facts: object) => ({
      what: expect.stringMatching(/were removed/),
      facts: { ...facts, from, until },
    });

    /** A producer of uploads that uses transactions. */
    async function produceInTransactions(ends: readonly ('commit' | 'abort')[]): Promise<void> {
      const transactionalId = uniqueName('producer');
      const producer = client.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      for (const [place, end] of ends.entries()) {
        const transaction = await producer.transaction();
        const messages = [0, 1, 2].map((each) => ({ key: `${end} ${place}/${each}`, value: end }));
        await transaction.send({ topic: topics.nameOf('uploads'), messages });
        await transaction[end]();
      }
      await producer.disconnect();
    }

    it('of aborted transactions are passed: nothing of them is handed out, and the lag becomes none', async () => {
      const log = await open();
      const consumer = await consumeGroup(log, group);
      await produceInTransactions(['abort', 'commit', 'abort', 'commit', 'abort']);
      const records = await pollCount(consumer, 100, 1_500);
      expect(records.map(({ key }) => key)).toEqual(
        [1, 3].flatMap((place) => [0, 1, 2].map((each) => `commit ${place}/${each}`)),
      );
      await consumer.settle(records.map((record) => settlementOf(record, recordOf('decisions', record.key))));
      expect((await consumer.lag())[0]).toMatchObject({ records: 0, seconds: 0 });
      await log.abandon();
      const again = await consumeGroup(await open(), group);
      // The end of the last aborted transaction comes after the last record; it may be passed in memory alone.
      expect(await again.poll(1, AbortSignal.timeout(700))).toEqual([]);
      expect((await again.lag())[0]?.records).toBe(0);
    });

    it('of an open transaction hold back what comes after it, and no more than that', async () => {
      const log = await open();
      const consumer = await consumeGroup(log, group);
      const producer = client.producer({ transactionalId: group, idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic: topics.nameOf('uploads'), messages: [{ key: 'open', value: 'x' }] });
      await log.append([recordOf('uploads', 'behind')]);
      expect(await consumer.poll(1, AbortSignal.timeout(600))).toEqual([]);
      await transaction.abort();
      await producer.disconnect();
      expect((await pollCount(consumer, 1)).map(({ key }) => key)).toEqual(['behind']);
    });

    it('below which retention has removed records are skipped, with a warning', async () => {
      const log = await open();
      const positions = await log.append(['a', 'b', 'c', 'd'].map((key) => recordOf('uploads', key)));
      const first = await consumeGroup(log, group);
      const [a] = await pollCount(first, 1);
      if (a === undefined) throw new Error('a record is missing');
      await first.settle([settlementOf(a)]);
      await log.close();
      const offset = String(positions[3]?.offset);
      await admin.fetchTopicMetadata({ topics: [topics.nameOf('uploads')] });
      await admin.deleteTopicRecords({ topic: topics.nameOf('uploads'), partitions: [{ partition: 0, offset }] });
      const told = listenToLog();
      const again = await consumeGroup(await open(told), group);
      const [d] = await pollCount(again, 1);
      expect(told.warnings).toContainEqual(removed(1, 3, { partition: 0 }));
      expect(d?.key).toBe('d');
      if (d !== undefined) await again.settle([settlementOf(d)]);
      expect((await again.lag())[0]?.records).toBe(0);
    });

    it('below which retention has removed records are skipped by a tail, with a warning', async () => {
      const told = listenToLog();
      const log = await open(told);
      const seen: string[] = [];
      const [first] = await log.append([recordOf('bank', 'a'), recordOf('bank', 'b')]);
      // Beyond what is kept, as a reader is that was away for long.
      const end = (await log.ends('bank'))[0]?.endOffset ?? 0;
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: topics.nameOf('bank'),
            configEntries: [{ name: 'cleanup.policy', value: 'delete' }],
          },
        ],
      });
      // A broker takes a while to hear of the changed policy, and until then refuses to remove from a compacted topic.
      const partitions = [{ partition: 0, offset: String(end) }];
      const remove = () => admin.deleteTopicRecords({ topic: topics.nameOf('bank'), partitions });
      await until(
        () =>
          remove().then(
            () => true,
            () => false,
          ),
        'the records are removed',
      );
      await log.append([recordOf('bank', 'c')]);
      const tail = await log.tail({ topic: 'bank', from: first ? [first] : [], onRecord: ({ key }) => seen.push(key) });
      await tail.caughtUp();
      expect(seen).toEqual(['c']);
      expect(told.warnings).toContainEqual(removed(0, 2, { topic: 'bank', partition: 0 }));
    });

    // Kafka forgets what groups have committed of a topic that is deleted, so that a restart begins at the new topic's start.
    it('that a topic made anew does not have yet fail the log with what to do, and a restart begins at its start', async () => {
      const log = await open();
      await log.append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
      const consumer = await consumeGroup(log, group);
      await consumer.settle((await pollCount(consumer, 3)).map((record) => settlementOf(record)));
      const polled = consumer.poll(1, never);
      const topic = topics.nameOf('uploads');
      await admin.deleteTopics({ topics: [topic] });
      const again = client.admin();
      await again.connect();
      const make = () => again.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1 }] });
      await until(() => make().catch(() => false), 'the topic is made anew');
      await again.disconnect();
      expect(await polled).toEqual([]);
      expect(log.unwritable()).toMatch(/made anew; reset the offsets of the group/);
      expect(await codeOf(log.append([recordOf('uploads', 'd')]))).toBe('log_failed');
      const next = await open();
      await next.append([recordOf('uploads', 'e')]);
      expect((await pollCount(await consumeGroup(next, group), 1)).map(({ key }) => key)).toEqual(['e']);
    });

    const compactSoon = () =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: topics.nameOf('bank'),
            configEntries: [
              { name: 'cleanup.policy', value: 'compact' },
              { name: 'segment.ms', value: '200' },
              { name: 'segment.bytes', value: String(1024 * 1024) },
              { name: 'min.cleanable.dirty.ratio', value: '0.01' },
            ],
          },
        ],
      });

    // Goal: of a producer's last batch compaction leaves an empty one, the client shows nothing of it, and a fetch ends with
    // its segment. Whoever takes that for the end of the partition misses all that comes after it.
    it('of a segment that compaction has emptied are passed, and what comes after it is read', async () => {
      await compactSoon();
      // So large that two segments are not made one.
      const text = 'x'.repeat(45_000);
      const records = Array.from({ length: 20 }, (_, place) => recordOf('bank', `k${place}`, text));
      const first = await open();
      await first.append(records);
      await first.close();
      await sleep(300);
      const log = await open();
      await log.append(records);
      await sleep(300);
      await log.append([recordOf('bank', 'last')]);
      const bank = topics.nameOf('bank');
      const countKept = async () => (await readWithKcat(brokers, bank)).length;
      await until(async () => (await countKept()) === 21, 'compaction has removed the first half');
      const kept = Array.from({ length: 21 }, (_, place) => 20 + place);
      for (const offset of [0, 7]) {
        const seen: number[] = [];
        const onRecord = (record: { offset: number }) => seen.push(record.offset);
        const tail = await log.tail({ topic: 'bank', from: [{ partition: 0, offset }], onRecord });
        await tail.caughtUp();
        await tail.close();
        expect(seen).toEqual(kept);
      }
      const page = await log.read('bank', { partition: 0, offset: 0 }, 100);
      expect(page.map(({ offset }) => offset)).toEqual(kept);
    });

    it('of records that compaction removed are passed, from the start and from in between', async () => {
      await compactSoon();
      const log = await open();
      const newest = new Map<string, string>();
      const write = async (round: number) => {
        const records = Array.from({ length: 20 }, (_, place) => recordOf('bank', `k${place}`, `${round}`));
        await log.append(records);
        for (const { key } of records) newest.set(key, `${round}`);
      };
      for (let round = 0; round < 6; round += 1) {
        await write(round);
        await sleep(250);
      }
      await log.append([recordOf('bank', 'last')]);
      newest.set('last', 'last');
      const countRecords = async () => {
        const count: string[] = [];
        const tail = await log.tail({ topic: 'bank', from: [], onRecord: ({ key }) => count.push(key) });
        await tail.caughtUp();
        await tail.close();
        return count.length;
      };
      await until(async () => (await countRecords()) < 60, 'compaction has removed most');
      const end = (await log.ends('bank'))[0]?.endOffset ?? 0;
      expect(end).toBe(121);
      for (const offset of [0, 7, 45, 99]) {
        const seen = new Map<string, string | null>();
        const onRecord = (record: Parameters<typeof textOf>[0]) => seen.set(record.key, textOf(record));
        const tail = await log.tail({ topic: 'bank', from: [{ partition: 0, offset }], onRecord });
        await tail.caughtUp();
        await tail.close();
        expect(seen).toEqual(newest);
      }
      const page = await log.read('bank', { partition: 0, offset: 3 }, 5);
      expect(page).toHaveLength(5);
      const consumer = await log.consume({ topic: 'bank', group });
      const records = await pollCount(consumer, 200, 1_000);
      await consumer.settle(records.map((record) => settlementOf(record)));
      expect((await consumer.lag())[0]?.records).toBe(0);
      expect(await consumer.poll(1, AbortSignal.any([never, AbortSignal.timeout(200)]))).toEqual([]);
    });
  },
  'kcat',
);
