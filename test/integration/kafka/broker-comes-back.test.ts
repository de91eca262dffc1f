/** A broker that is killed under load and started again: the process goes on, and nothing is lost or doubled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { startGroupWorker, until } from '../../support/kafka/group-worker.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics } from '../../support/kafka/topics.ts';
import { readAll, recordOf } from '../../support/log-records.ts';

describeWithOwnKafka('a broker that is killed', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.stop());

  it.each(['exactly-once', 'at-least-once'] as const)(
    'comes back, and all goes on, %s',
    async (delivery) => {
      const topics = await createTopics(broker.brokers, 2);
      const log = await openTestLog(broker.brokers, topics.prefix, { delivery });
      const group = uniqueName('g');
      const worker = await startGroupWorker({ log, group, name: 'a', workMs: () => Math.random() * 500 });
      const keys: string[] = [];
      let stopped = false;
      const fed = (async () => {
        for (; !stopped; await sleep(10)) {
          const key = `u${keys.length}`;
          await log.append([recordOf('uploads', key)]);
          keys.push(key);
        }
      })();
      fed.catch(() => undefined);
      await until(() => worker.settled.length >= 50, 'the worker works');
      await broker.kill();
      await sleep(500);
      await broker.restart();
      const before = worker.settled.length;
      await until(() => worker.settled.length >= before + 50, 'the worker goes on');
      stopped = true;
      await fed;
      // Without its partitions, as in the middle of a rebalance, it has no lag at all.
      await until(async () => {
        const lags = await worker.consumer.lag();
        return lags.length === 2 && lags.every(({ records }) => records === 0);
      }, 'all is settled');
      expect(worker.failures).toEqual([]);
      const decided = (await readAll(log, 'decisions')).map(({ key }) => key);
      expect([...new Set(decided)].sort()).toEqual([...keys].sort());
      // With the uploads beside them: one that was appended twice is decided twice, and rightly so.
      const uploaded = (await readAll(log, 'uploads')).map(({ key }) => key);
      const doubled = { uploads: doubledOf(uploaded), decisions: doubledOf(decided) };
      if (delivery === 'exactly-once') expect(doubled).toEqual({ uploads: [], decisions: [] });
      expect(log.unwritable()).toBeNull();
      await worker.leave();
      await log.close();
      // A broker takes four seconds to come back, and three times as long where others use the machine as well.
    },
    60_000,
  );
});

function doubledOf(keys: readonly string[]): string[] {
  return keys.filter((key, place) => keys.indexOf(key) !== place);
}
