/** Progress that a transaction is about to change: of whoever takes over a partition, it is waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createClient } from '../../../src/log/kafka/client.ts';
import { createCluster } from '../../../src/log/kafka/internals.ts';
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

  /** The broker makes the topics of its coordinators when they are first asked for. */
  const coordinatorOf = (kind: 'group' | 'transaction', id: string) =>
    wire.persist(() => wire.coordinator(kind, id), { what: `looking for the coordinator of ${id}`, signal: never });

  const of = () => ({ wire, group, topic: topics.nameOf('uploads'), signal: never });

  /** Commits an offset of partition 0 in a transaction, and gives how to end it. */
  async function beginCommit(offset: number): Promise<(isCommitted: boolean) => Promise<void>> {
    const transactionalId = uniqueName('t');
    const coordinator = await coordinatorOf('transaction', transactionalId);
    const { producerId, producerEpoch } = await coordinator.initProducerId({
      transactionalId,
      transactionTimeout: limits.kafkaTransactionTimeoutMs,
    });
    const identity = { transactionalId, producerId, producerEpoch };
    await coordinator.addOffsetsToTxn({ ...identity, groupId: group });
    const partitions = [{ partition: 0, offset: String(offset), metadata: '' }];
    const ofGroup = await coordinatorOf('group', group);
    await ofGroup.txnOffsetCommit({ ...identity, groupId: group, topics: [{ topic: of().topic, partitions }] });
    return async (isCommitted) => {
      await coordinator.endTxn({ ...identity, transactionResult: isCommitted });
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
