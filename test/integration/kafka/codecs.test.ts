/** Batches of every codec, produced by another client, are read by a tail and by a group. */
import { expect, it } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { codecs, produceWithKcat } from '../../support/kafka/kcat.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker } from '../../support/kafka/shared-broker.ts';
import { createTopics } from '../../support/kafka/topics.ts';
import { pollCount, textOf } from '../../support/log-records.ts';

const perCodec = 20;

describeWithKafka(
  'compressed batches of another client',
  () => {
    it.each(codecs)('are read: %s', async (codec) => {
      const { brokers } = await sharedBroker();
      const topics = await createTopics(brokers);
      const log = await openTestLog(brokers, topics.prefix);
      try {
        const records = Array.from({ length: perCodec }, (_, place) => ({
          key: `${codec}-${place}`,
          value: `known content, sent as ${codec}, number ${place}`,
        }));
        await produceWithKcat({ brokers, topic: topics.nameOf('uploads'), codec, records });
        const tailed: (string | null)[] = [];
        const tail = await log.tail({ topic: 'uploads', from: [], onRecord: (record) => tailed.push(textOf(record)) });
        await tail.caughtUp();
        expect(tailed).toEqual(records.map(({ value }) => value));
        const consumer = await log.consume({ topic: 'uploads', group: topics.prefix });
        expect((await pollCount(consumer, perCodec)).map(textOf)).toEqual(tailed);
      } finally {
        await log.close();
        await topics.remove();
      }
    });
  },
  'kcat',
);
