/** Partitions that move between processes: somebody joins, leaves, dies, or only seems to be dead. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from '../../../src/log/kafka/kafka-consumer.ts';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import { describeWithKafka } from '../../support/kafka/describe-with-kafka.ts';
import { type GroupWorker, startGroupWorker, until } from '../../support/kafka/group-worker.ts';
import { readWithKcat } from '../../support/kafka/kcat.ts';
import { listenToLog, openTestLog } from '../../support/kafka/opened-log.ts';
import { sharedBroker, uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { codeOf, consumeGroup, pollCount, readAll, recordOf, settlementOf } from '../../support/log-records.ts';

describeWithKafka(
  'partitions that move',
  () => {
    let brokers: readonly string[];
    let topics: TestTopics;
    let group: string;
    const logs: KafkaLog[] = [];
    const open = async (delivery: Delivery = 'exactly-once', told = listenToLog()) => {
      const log = await openTestLog(brokers, topics.prefix, { delivery, told });
      logs.push(log);
      return log;
    };
    beforeEach(async () => {
      brokers = (await sharedBroker()).brokers;
      topics = await createTopics(brokers, 4);
      group = uniqueName('g');
    });
    afterEach(async () => {
      await Promise.all(logs.splice(0).map((log) => log.close()));
      await topics.remove();
    });

    /** One consumes; a second joins; a third joins and dies; the second leaves; the first does the rest. */
    async function rebalanceUnderLoad(delivery: Delivery): Promise<{ keys: string[]; decided: Map<string, string[]> }> {
      const feeder = await open();
      const keys: string[] = [];
      const feed = async (count: number) => {
        const more = Array.from({ length: count }, (_, place) => `u${keys.length + place}`);
        keys.push(...more);
        await feeder.append(more.map((key) => recordOf('uploads', key)));
      };
      // Who has joined first would otherwise be done before the next has its share.
      const feedUntil = (holds: () => boolean, what: string) =>
        until(async () => {
          if (!holds()) await feed(10);
          return holds();
        }, what);
      const settledBy = (...workers: GroupWorker[]) => workers.reduce((sum, { settled }) => sum + settled.length, 0);
      await feed(250);
      const a = await startGroupWorker({ log: await open(delivery), group, name: 'a' });
      await until(() => settledBy(a) >= 50, 'the first works');
      const b = await startGroupWorker({ log: await open(delivery), group, name: 'b' });
      await feedUntil(() => settledBy(b) >= 50, 'the second has got some');
      const dying = await open(delivery);
      const c = await startGroupWorker({ log: dying, group, name: 'c', workMs: () => 50 });
      await feed(250);
      await feedUntil(() => settledBy(c) >= 10, 'the third has got some');
      await dying.abandon();
      await feed(100);
      await until(() => settledBy(a, b) >= 350, 'the others go on');
      await b.leave();
      await until(async () => (await a.consumer.lag()).length === 4, 'the first has all partitions again');
      await until(async () => (await a.consumer.lag()).every(({ records }) => records === 0), 'all is settled');
      expect([...a.failures, ...b.failures]).toEqual([]);
      await a.leave();
      const decided = new Map<string, string[]>();
      for (const { key, value } of await readWithKcat(brokers, topics.nameOf('decisions'))) {
        decided.set(key, [...(decided.get(key) ?? []), value]);
      }
      return { keys, decided };
    }

    it('lose nothing and double nothing, exactly once', async () => {
      const { keys, decided } = await rebalanceUnderLoad('exactly-once');
      expect([...decided.keys()].sort()).toEqual([...keys].sort());
      expect([...decided].filter(([, by]) => by.length > 1)).toEqual([]);
      expect(new Set([...decided.values()].flat())).toEqual(new Set(['a', 'b', 'c']));
    }, 60_000);

    it('lose nothing, at least once', async () => {
      const { keys, decided } = await rebalanceUnderLoad('at-least-once');
      expect([...decided.keys()].sort()).toEqual([...keys].sort());
      // Doubles come from what was under way at a rebalance, and no more.
      expect([...decided].filter(([, by]) => by.length > 1).length).toBeLessThan(keys.length / 2);
    }, 60_000);

    describe('to somebody else, while the one before only seems to be dead', () => {
      it('are guarded from what that one still publishes', async () => {
        const told = listenToLog();
        const zombie = await open('exactly-once', told);
        await zombie.append(['a', 'b'].map((key) => recordOf('uploads', key)));
        const consumer = await consumeGroup(zombie, group);
        const [first, second] = await pollCount(consumer, 2);
        if (first === undefined || second === undefined) throw new Error('records are missing');
        await consumer.settle([settlementOf(first, recordOf('decisions', 'a', 'zombie'))]);
        // Joining makes the zombie give up some of its partitions without its having settled what it took from them.
        const log = await open();
        const heir = await startGroupWorker({ log, group, name: 'heir' });
        await until(() => told.assigned.at(-1) === 2, 'the partitions are shared');
        await consumer.close();
        await until(() => heir.settled.length === 1, 'the heir does what is left');
        expect(await codeOf(consumer.settle([settlementOf(second, recordOf('decisions', 'b', 'zombie'))]))).not.toBe(
          'resolved',
        );
        const decided = await readAll(log, 'decisions');
        expect(decided.map(({ key, value }) => `${key} by ${Buffer.from(value ?? []).toString()}`).sort()).toEqual([
          'a by zombie',
          'b by heir',
        ]);
        await heir.leave();
      });
    });
  },
  'kcat',
);
