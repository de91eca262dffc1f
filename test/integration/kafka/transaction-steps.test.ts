/** A connection that breaks, or a coordinator that is busy, at each step of a transaction: before it and after it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/log/kafka/client.ts';
import { ExactlyOnce } from '../../../src/log/kafka/exactly-once.ts';
import { createCluster, type WireBroker } from '../../../src/log/kafka/internals.ts';
import { readProgress } from '../../../src/log/kafka/progress.ts';
import { topicNamesOf } from '../../../src/log/kafka/topic-names.ts';
import { Wire } from '../../../src/log/kafka/wire.ts';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import type { Settlement } from '../../../src/log/log.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { listenToLog, openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { never, readAll, recordOf } from '../../support/log-records.ts';

const steps = ['addPartitionsToTxn', 'addOffsetsToTxn', 'produce', 'txnOffsetCommit', 'endTxn'] as const;
type Step = (typeof steps)[number];

interface Fault {
  readonly step: Step;
  readonly when: 'before' | 'after';
  readonly error: () => Error;
}

const closed = () => Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });
const busy = () => Object.assign(new Error('busy'), { type: 'CONCURRENT_TRANSACTIONS', retriable: false });

describeWithKafka('a transaction that is disturbed', () => {
  let brokers: readonly string[];
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

  let next: Fault | null;
  let publisher: ExactlyOnce;
  let group: string;
  beforeEach(async () => {
    next = null;
    group = uniqueName('g');
    const client = createClient({ brokers }, () => undefined);
    const wire = new FaultyWire((maxAgeMs) => createCluster(client.kafka, maxAgeMs), topicNamesOf(topics.prefix));
    wire.take = (step, when) => {
      if (next?.step !== step || next.when !== when) return;
      const { error } = next;
      next = null;
      throw error();
    };
    publisher = new ExactlyOnce(
      {
        group,
        prefix: topics.prefix,
        source: topics.nameOf('uploads'),
        partition: 0,
        partitions: new Map(),
        signal: never,
        membership: { confirmed: () => sleep(1), unconfirmedMs: () => 0, member: null },
        sessionTimeoutMs: 1_000,
        events: listenToLog().events,
        onFenced: () => undefined,
      },
      wire,
    );
    return () => publisher.close();
  });

  /** Publishes offset 0 with the fault and offset 1 without; gives the keys of what was published for this group. */
  async function publishTwo(fault: Fault): Promise<string[]> {
    let settled = await publisher.takeOver();
    next = fault;
    for (const offset of [0, 1]) {
      const record = { topic: 'uploads', partition: 0, offset } as Settlement['record'];
      const outputs = ['decisions', 'dead-letters'] as const;
      const batch = [{ record, outputs: outputs.map((topic) => recordOf(topic, `${group}/${offset}`)) }];
      const after = settled.with([offset]);
      await publisher.publish(batch, settled, after);
      settled = after;
    }
    expect(next).toBeNull();
    const found = [...(await readAll(log, 'decisions')), ...(await readAll(log, 'dead-letters'))];
    return found.filter(({ key }) => key.startsWith(group)).map(({ topic, key }) => `${topic} ${key.split('/')[1]}`);
  }

  const once = ['decisions 0', 'decisions 1', 'dead-letters 0', 'dead-letters 1'];

  describe.each(steps)('at %s', (step) => {
    // Goal (K2): kafkajs throws, refuses to abort, and is unusable from then on.
    it.each(['before', 'after'] as const)('takes place once when the connection breaks right %s it', async (when) => {
      expect(await publishTwo({ step, when, error: closed })).toEqual(once);
    });

    it('takes place once when the coordinator is busy', async () => {
      expect(await publishTwo({ step, when: 'before', error: busy })).toEqual(once);
    });
  });

  it('leaves the progress that it tells of', async () => {
    await publishTwo({ step: 'endTxn', when: 'after', error: closed });
    const client = createClient({ brokers }, () => undefined);
    const wire = new Wire((maxAgeMs) => createCluster(client.kafka, maxAgeMs), topicNamesOf(topics.prefix));
    const of = { wire, group, topic: topics.nameOf('uploads'), partition: 0, signal: never };
    expect((await readProgress(of)).settled.committed).toBe(2);
    await wire.close();
  });

  // Goal: what the broker refuses for good must not be tried for ever.
  it('is given up where the broker refuses it, with nothing of it published', async () => {
    const refused = () => Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE', retriable: false });
    const published = publishTwo({ step: 'produce', when: 'before', error: refused });
    await expect(published).rejects.toMatchObject({ code: 'log_failed', message: expect.stringMatching(/LARGE/) });
    expect((await readAll(log, 'decisions')).filter(({ key }) => key.startsWith(group))).toEqual([]);
  });
});

/** Gives brokers that throw where a fault is planted: before a request is sent, or after it was answered. */
class FaultyWire extends Wire {
  take: (step: Step, when: Fault['when']) => void = () => undefined;

  override async coordinator(kind: 'group' | 'transaction', id: string): Promise<WireBroker> {
    return this.#faulty(await super.coordinator(kind, id));
  }

  override async leaderOf(topic: string, partition: number): Promise<WireBroker> {
    return this.#faulty(await super.leaderOf(topic, partition));
  }

  #faulty(broker: WireBroker): WireBroker {
    return new Proxy(broker, {
      get: (target, name: keyof WireBroker) => {
        const found = target[name];
        if (typeof found !== 'function' || !steps.some((step) => step === name)) return found;
        return async (request: never) => {
          this.take(name as Step, 'before');
          const answer = await (found as (request: never) => Promise<unknown>).call(target, request);
          this.take(name as Step, 'after');
          return answer;
        };
      },
    });
  }
}
