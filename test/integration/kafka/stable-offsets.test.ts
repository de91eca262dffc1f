/** Progress that a transaction is about to change: of whoever takes over a partition, it is waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createClient } from '../../../src/log/kafka/client.ts';
import { createCluster, type WireBroker } from '../../../src/log/kafka/internals.ts';
import { readAllProgress, readProgress } from '../../../src/log/kafka/progress.ts';
import { topicNamesOf } from '../../../src/log/kafka/topic-names.ts';
import { Wire } from '../../../src/log/kafka/wire.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { never } from '../../support/log-records.ts';

describeWithKafka('progress within an open transaction', () => {
  let topics: TestTopics;
  let wire: Wire;
  let group: string;
  beforeAll(async () => {
    const { brokers } = await sharedBroker();
    topics = await createTopics(brokers);
    wire = new Wire(
      (maxAgeMs) => createCluster(createClient({ brokers }, () => undefined).kafka, maxAgeMs),
      topicNamesOf(topics.prefix),
    );
    return async () => {
      await wire.close();
      await topics.remove();
    };
  });
  beforeEach(() => {
    group = uniqueName('g');
  });

  /** The broker makes the topics of its coordinators when they are first asked for, and takes a moment to serve them. */
  const ask = <T>(kind: 'group' | 'transaction', id: string, request: (coordinator: WireBroker) => Promise<T>) =>
    wire.persist(async () => request(await wire.coordinator(kind, id)), { what: `asking for ${id}`, signal: never });

  const of = () => ({ wire, group, topic: topics.nameOf('uploads'), signal: never });

  /** Commits an offset of partition 0 in a transaction, and gives how to end it. */
  async function beginCommit(offset: number): Promise<(isCommitted: boolean) => Promise<void>> {
    const transactionalId = uniqueName('t');
    const begun = { transactionalId, transactionTimeout: limits.kafkaTransactionTimeoutMs };
    const { producerId, producerEpoch } = await ask('transaction', transactionalId, (of) => of.initProducerId(begun));
    const identity = { transactionalId, producerId, producerEpoch };
    const [groupId, partitions] = [group, [{ partition: 0, offset: String(offset), metadata: '' }]];
    await ask('transaction', transactionalId, (of) => of.addOffsetsToTxn({ ...identity, groupId }));
    const topics = [{ topic: of().topic, partitions }];
    await ask('group', groupId, (of) => of.txnOffsetCommit({ ...identity, groupId, topics }));
    return async (isCommitted) => {
      await ask('transaction', transactionalId, (of) => of.endTxn({ ...identity, transactionResult: isCommitted }));
    };
  }

  it.each([
    [true, 7],
    [false, 3],
  ])('is read once the transaction has ended, committed: %s', async (isCommitted, expected) => {
    await (await beginCommit(3))(true);
    await expect.poll(async () => (await readProgress({ ...of(), partition: 0 })).settled.committed).toBe(3);
    const end = await beginCommit(7);
    let isRead = false;
    const reading = readProgress({ ...of(), partition: 0 }).finally(() => {
      isRead = true;
    });
    await sleep(300);
    expect(isRead).toBe(false);
    await end(isCommitted);
    const { settled, stable } = await reading;
    expect([settled.committed, stable]).toEqual([expected, true]);
  });

  it('does not hold back a glance, nor the progress of other partitions', async () => {
    const end = await beginCommit(7);
    expect((await readAllProgress({ ...of(), partitions: [0] })).map(({ settled }) => settled.committed)).toEqual([0]);
    const { settled, stable } = await readProgress({ ...of(), partition: 1 });
    expect([settled.committed, stable]).toEqual([0, true]);
    await end(false);
  });

  // Brokers of 4.3 and 4.4 forget to end it where a partition has no leader at that moment.
  it('is read as it was, and said to be so, where the transaction does not end', async () => {
    const end = await beginCommit(7);
    const startedMs = performance.now();
    const { settled, stable } = await readProgress({ ...of(), partition: 0 });
    expect([settled.committed, stable]).toEqual([0, false]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(limits.kafkaUnstableOffsetMsMax);
    await end(false);
  });
});
