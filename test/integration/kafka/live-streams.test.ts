/** Goal: on Kafka a broadcast is decided by the segment that suffices, although its partition moves and processes die. */
import { afterEach, expect, it } from 'vitest';
import type { StreamDecision } from '../../../src/contracts/stream.ts';
import { streamDecisionIdOf } from '../../../src/flow/decision-id.ts';
import type { Delivery } from '../../../src/log/kafka/kafka-consumer.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics } from '../../support/kafka/topics.ts';
import { readAll } from '../../support/log-records.ts';
import { call, Rig } from '../../support/service-calls.ts';
import { addBroadcastContent, sendSegment, streamDecisionsIn, streamOf } from '../../support/stream-calls.ts';

const partitions = 4;
const streamIds = ['a', 'b', 'c', 'd', 'e', 'f'];

describeWithKafka('live streams over two processes', () => {
  const rig = new Rig();
  afterEach(() => rig.close(), 60_000);

  async function setUp(delivery: Delivery) {
    const { brokers } = await sharedBroker();
    const topics = await createTopics(brokers, partitions);
    rig.onClose(() => topics.remove());
    const environment = {
      FLOODGATE_KAFKA_BROKERS: brokers.join(','),
      FLOODGATE_KAFKA_TOPIC_PREFIX: topics.prefix,
      FLOODGATE_KAFKA_GROUP: uniqueName('streams'),
      FLOODGATE_KAFKA_SESSION_TIMEOUT_MS: '6000',
      FLOODGATE_DELIVERY: delivery,
    };
    const serve = async () => rig.serve(await rig.folder(), environment);
    const log = await openTestLog(brokers, topics.prefix);
    rig.onClose(() => log.close());
    return { serve, log };
  }

  const sendAll = (url: string, sequence: number) =>
    Promise.all(streamIds.map((streamId) => sendSegment(url, streamId, sequence)));

  async function assignedTo(url: string): Promise<number> {
    const { body } = await call<string>(`${url}/metrics`);
    return Number(/^floodgate_kafka_assigned_partitions (\d+)/m.exec(body)?.[1] ?? 0);
  }

  it.each<Delivery>(['exactly-once', 'at-least-once'])(
    'are decided once each, at the same segment: %s',
    async (delivery) => {
      const { serve, log } = await setUp(delivery);
      const first = await serve();
      await addBroadcastContent(first.url);
      await sendAll(first.url, 0);
      const second = await serve();
      await expect.poll(() => assignedTo(second.url), { timeout: 60_000 }).toBe(partitions / 2);
      await sendAll(second.url, 1);
      await first.stop('SIGKILL');
      for (const sequence of [2, 3]) await sendAll(second.url, sequence);
      expect(await assignedTo(second.url)).toBe(partitions);
      const records = await readAll(log, 'stream-decisions');
      for (const streamId of streamIds) {
        const decisions: readonly StreamDecision[] = streamDecisionsIn(records, streamId);
        expect(decisions.map(({ revision, outcome, sequence }) => [revision, outcome, sequence])).toEqual([
          [1, 'review', 1],
          [2, 'block', 2],
        ]);
        expect(decisions.map(({ decisionId }) => decisionId)).toEqual(
          [1, 2].map((n) => streamDecisionIdOf(streamId, n)),
        );
        expect(await streamOf(second.url, streamId)).toMatchObject({
          decision: { outcome: 'block' },
          live: { segments: { count: 4, missing: 0 } },
        });
      }
    },
    180_000,
  );
});
