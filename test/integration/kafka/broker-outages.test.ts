/** A broker that is away for a while, silent, or gone for good while a log is closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import { type Broker, startBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { startGroupWorker, until } from '../../support/kafka/group-worker.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { codeOf, consumeGroup, never, recordOf } from '../../support/log-records.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

describeWithOwnKafka('a broker that is away', () => {
  let broker: Broker;
  let proxy: TcpProxy;
  let topics: TestTopics;
  const logs: KafkaLog[] = [];
  beforeAll(async () => {
    broker = await startBroker({
      advertised: async (target) => {
        proxy = await startProxy({ target });
        return proxy.address;
      },
    });
  });
  afterAll(async () => {
    await proxy.close();
    await broker.stop();
  });
  beforeEach(async () => {
    topics = await createTopics([broker.direct], 2);
  });
  afterEach(async () => {
    proxy.resumeTraffic();
    proxy.isRefusing = false;
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });
  const open = async () => {
    const log = await openTestLog(broker.brokers, topics.prefix);
    logs.push(log);
    return log;
  };

  it('is told of after five seconds, and no longer once it is back', async () => {
    const log = await open();
    await consumeGroup(log, uniqueName('g'));
    const tail = await log.tail({ topic: 'bank', from: [], onRecord: () => undefined });
    await tail.caughtUp();
    proxy.isRefusing = true;
    proxy.resetAll();
    await sleep(1_500);
    expect(log.unwritable()).toBeNull();
    await until(() => log.unwritable() !== null, 'the outage is told of', 8_000);
    expect(log.unwritable()).toMatch(/have not answered for \d+ s/);
    proxy.isRefusing = false;
    await until(() => log.unwritable() === null, 'its end is told of', 8_000);
    await log.append([recordOf('bank', 'b')]);
    await tail.caughtUp();
  });

  // Goal: a stop must not last until every request has timed out.
  it.each(['silent', 'gone'] as const)('does not hold up a close when it is %s', async (how) => {
    const log = await open();
    const consumer = await consumeGroup(log, uniqueName('g'));
    const tail = await log.tail({ topic: 'bank', from: [], onRecord: () => undefined });
    const polled = consumer.poll(1, never);
    if (how === 'silent') proxy.pauseTraffic();
    else {
      proxy.isRefusing = true;
      proxy.resetAll();
    }
    await sleep(700);
    const appended = codeOf(log.append([recordOf('uploads', 'a')]));
    const caughtUp = codeOf(tail.caughtUp());
    await sleep(100);
    const startedMs = performance.now();
    await log.close();
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(await polled).toEqual([]);
    expect([await appended, await caughtUp]).toEqual(['log_failed', 'log_failed']);
  });

  it('has no connection left of a log that was closed', async () => {
    const log = await open();
    const worker = await startGroupWorker({ log, group: uniqueName('g'), name: 'a' });
    await log.append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
    await until(() => worker.settled.length === 3, 'all is settled');
    proxy.resetAll();
    await log.append([recordOf('uploads', 'd')]);
    await until(() => worker.settled.length === 4, 'all is settled');
    expect(proxy.connections()).toBeGreaterThan(3);
    await worker.leave();
    await log.close();
    await until(() => proxy.connections() === 0, 'no connection is left', 3_000);
  });

  it('that is not there at the start is waited for with a bound, and said so', async () => {
    proxy.isRefusing = true;
    const opened = open();
    await sleep(1_000);
    proxy.isRefusing = false;
    expect((await opened).unwritable()).toBeNull();
  });
});
