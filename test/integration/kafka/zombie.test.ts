/** A process that stands still long enough to be taken for dead, and then goes on as if nothing had happened. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createClient } from '../../../src/log/kafka/client.ts';
import { isRetriable } from '../../../src/log/kafka/fault.ts';
import { createCluster, type WireBroker } from '../../../src/log/kafka/internals.ts';
import { topicNamesOf } from '../../../src/log/kafka/topic-names.ts';
import { TransactionSession } from '../../../src/log/kafka/transaction-session.ts';
import { Wire } from '../../../src/log/kafka/wire.ts';
import type { KafkaLog } from '../../../src/log/kafka-log.ts';
import { type Broker, startBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { startGroupWorker, until } from '../../support/kafka/group-worker.ts';
import { listenToLog, openTestLog } from '../../support/kafka/opened-log.ts';
import { uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { codeOf, consumeGroup, never, pollCount, readAll, recordOf, settlementOf } from '../../support/log-records.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

describeWithOwnKafka('a process that is taken for dead', () => {
  let broker: Broker;
  let proxy: TcpProxy;
  let topics: TestTopics;
  let group: string;
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
    topics = await createTopics([broker.direct]);
    group = uniqueName('g');
  });
  afterEach(async () => {
    proxy.resumeTraffic();
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });
  const open = async (brokers: readonly string[], told = listenToLog()) => {
    const log = await openTestLog(brokers, topics.prefix, { told });
    logs.push(log);
    return log;
  };

  // Goal (K3): whoever takes a partition over fences first and reads the offset then, so that nothing comes in between.
  it('cannot publish any more once another has its partition, and says that it is lost', async () => {
    const zombie = await open(broker.brokers);
    const heir = await open([broker.direct]);
    await zombie.append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(zombie, group);
    const [a, b, c] = await pollCount(consumer, 3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('records are missing');
    await consumer.settle([settlementOf(b, recordOf('decisions', 'b', 'zombie'))]);
    proxy.pauseTraffic();
    // On its way while nothing comes through, and at the broker only when somebody else has the partition.
    const late = codeOf(consumer.settle([settlementOf(a, recordOf('decisions', 'a', 'zombie'))]));
    const worker = await startGroupWorker({ log: heir, group, name: 'heir' });
    await until(() => worker.settled.length === 2, 'the heir does what the zombie has not settled');
    proxy.resumeTraffic();
    expect(await late).toBe('partition_lost');
    expect(await codeOf(consumer.settle([settlementOf(c, recordOf('decisions', 'c', 'zombie'))]))).toBe(
      'partition_lost',
    );
    await until(() => a.lost.aborted && c.lost.aborted, 'the zombie has noticed');
    const decided = (await readAll(heir, 'decisions')).map(
      ({ key, value }) => `${key} by ${Buffer.from(value ?? []).toString()}`,
    );
    expect(decided.sort()).toEqual(['a by heir', 'b by zombie', 'c by heir']);
    await worker.leave();
  });

  // Goal: what the membership cannot see. The transactional id alone tells that somebody has settled in between.
  it('is told so by the broker when the group has not told it', async () => {
    const told = listenToLog();
    const log = await open([broker.direct], told);
    await log.append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(log, group);
    const [a] = await pollCount(consumer, 2);
    if (a === undefined) throw new Error('a record is missing');
    await settleBehindItsBack();
    expect(await codeOf(consumer.settle([settlementOf(a, recordOf('decisions', 'a', 'late'))]))).toBe('partition_lost');
    expect(told.fenced).toEqual([0]);
    expect(a.lost.aborted).toBe(true);
    expect((await readAll(log, 'decisions')).map(({ key }) => key)).toEqual(['other']);
    // The partition is still this member's, so that it takes it over anew, behind what the other has settled.
    expect((await pollCount(consumer, 1)).map(({ key }) => key)).toEqual(['b']);
  });

  // Goal (K3): what is fenced after its progress was read could still commit in between.
  it('cannot end a transaction that was under way when another took its partition', async () => {
    const log = await open([broker.direct]);
    await log.append([recordOf('uploads', 'a')]);
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let reached = false;
    const late = settleBehindItsBack(async () => {
      reached = true;
      await held;
    });
    const outcome = late.then(() => 'committed').catch((thrown) => String((thrown as { type?: string }).type));
    await until(() => reached, 'the zombie is about to commit');
    const consumer = await consumeGroup(log, group);
    const [a] = await pollCount(consumer, 1);
    if (a === undefined) throw new Error('a record is missing');
    goOn();
    expect(await outcome).toMatch(/EPOCH|FENCED|UNKNOWN_ERROR_CODE/);
    await consumer.settle([settlementOf(a, recordOf('decisions', 'heir'))]);
    expect((await readAll(log, 'decisions')).map(({ key }) => key)).toEqual(['heir']);
  });

  /** As another process would that had the partition for a while: offset 0 is settled, with an output. */
  async function settleBehindItsBack(beforeCommit: () => Promise<void> = async () => undefined): Promise<void> {
    const client = createClient({ brokers: [broker.direct] }, () => undefined);
    const held = new HeldWire((maxAgeMs) => createCluster(client.kafka, maxAgeMs), topicNamesOf(topics.prefix));
    held.beforeCommit = beforeCommit;
    const source = topics.nameOf('uploads');
    const session = new TransactionSession({
      wire: held,
      transactionalId: `${group}.${source}.0`,
      group,
      signal: never,
    });
    const outputs = { topic: topics.nameOf('decisions'), partition: 0, records: [recordOf('decisions', 'other')] };
    for (let isDone = false; !isDone; ) {
      try {
        await session.fence();
        await session.commit([outputs], { topic: source, partition: 0, offset: 1, metadata: '' });
        isDone = true;
      } catch (thrown) {
        // New topics have leaders that do not know it yet.
        if (isRetriable(thrown)) await held.recover(thrown);
        else {
          await held.close();
          throw thrown;
        }
      }
    }
    await held.close();
  }
});

/** Its transactions wait before they are committed. */
class HeldWire extends Wire {
  beforeCommit: () => Promise<void> = async () => undefined;

  override async coordinator(kind: 'group' | 'transaction', id: string): Promise<WireBroker> {
    const found = await super.coordinator(kind, id);
    const endTxn: WireBroker['endTxn'] = async (request) => {
      await this.beforeCommit();
      return found.endTxn(request);
    };
    return new Proxy(found, {
      get: (target, name: keyof WireBroker) => {
        if (name === 'endTxn') return endTxn;
        const value = target[name];
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
  }
}
