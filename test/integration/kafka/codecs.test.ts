/** Batches of another client, in each codec that there is, are read by both ways of reading. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { codecs, produceWithKcat } from '../../support/kafka/kcat.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { consumeGroup, pollCount, textOf } from '../../support/log-records.ts';

describeWithKafka(
  'compressed batches of another client',
  () => {
    let brokers: string[];
    let topics: TestTopics;
    let log: KafkaLog;
    beforeAll(async () => {
      brokers = (await sharedBroker()).brokers;
      topics = await createTopics(brokers);
      log = await openTestLog(brokers, topics.prefix);
    });
    afterAll(async () => {
      await log.close();
      await topics.remove();
    });

    // Goal (K11): one such batch from any producer stops kafkajs's consumer for good.
    it('are consumed and followed, whatever their codec', async () => {
      const records = codecs.flatMap((codec) =>
        Array.from({ length: 20 }, (_, place) => ({ codec, key: `${codec}/${place}`, value: `${codec} `.repeat(200) })),
      );
      for (const codec of codecs) {
        const own = records.filter((record) => record.codec === codec);
        await produceWithKcat({ brokers, topic: topics.nameOf('uploads'), codec, records: own });
        await produceWithKcat({ brokers, topic: topics.nameOf('bank'), codec, records: own });
      }
      const expected = records.map(({ key, value }) => [key, value]);
      const consumer = await consumeGroup(log, uniqueName('g'));
      const consumed = await pollCount(consumer, records.length);
      expect(consumed.map((record) => [record.key, textOf(record)])).toEqual(expected);
      const followed: unknown[] = [];
      const onRecord = (record: Parameters<typeof textOf>[0]) => followed.push([record.key, textOf(record)]);
      const tail = await log.tail({ topic: 'bank', from: [], onRecord });
      await tail.caughtUp();
      expect(followed).toEqual(expected);
    });
  },
  'kcat',
);
