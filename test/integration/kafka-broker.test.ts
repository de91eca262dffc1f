/**
 * Goal: tests on Kafka stand on the real thing. What the other suites take for granted of the broker, of the one that all
 * share and of its proxy is shown here.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';
import { type Broker, type SecuredBroker, startBroker, startSecuredBroker } from '../support/kafka/broker.ts';
import { describeWithKafka, describeWithOwnKafka } from '../support/kafka/describe-with-kafka.ts';
import { freePorts } from '../support/kafka/free-ports.ts';
import { type Codec, codecs, produceWithKcat } from '../support/kafka/kcat.ts';
import { sharedBroker, uniqueName } from '../support/kafka/shared-broker.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/** For tests that start a broker, or two, in their own time: machines may be busy. */
const startsTimeoutMs = 120_000;

type ClientOptions = Partial<kafkajs.KafkaConfig>;

function clientOf(brokers: readonly string[], options: ClientOptions = {}): kafkajs.Kafka {
  return new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING, ...options });
}

async function withAdmin<T>(client: kafkajs.Kafka, action: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = client.admin();
  await admin.connect();
  try {
    return await action(admin);
  } finally {
    await admin.disconnect();
  }
}

function createTopic(client: kafkajs.Kafka, topic: string, numPartitions = 1): Promise<boolean> {
  return withAdmin(client, (admin) => admin.createTopics({ topics: [{ topic, numPartitions }] }));
}

async function produce(client: kafkajs.Kafka, topic: string, values: readonly string[]): Promise<void> {
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ key: value, value })) });
  await producer.disconnect();
}

/** Reads with a group of its own until it has as many. */
async function consume(client: kafkajs.Kafka, topic: string, count: number): Promise<string[]> {
  const quick = { sessionTimeout: 1000, heartbeatInterval: 200, maxWaitTimeInMs: 100 };
  const consumer = client.consumer({ groupId: uniqueName('reader'), ...quick });
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value));
    },
  });
  await vi.waitFor(() => expect(values.length).toBeGreaterThanOrEqual(count), { timeout: 20_000, interval: 20 });
  await consumer.disconnect();
  return values.sort();
}

async function endOffset(client: kafkajs.Kafka, topic: string): Promise<number> {
  const partitions = await withAdmin(client, (admin) => admin.fetchTopicOffsets(topic));
  return partitions.reduce((sum, { high }) => sum + Number(high), 0);
}

describeWithKafka('the shared broker', () => {
  it('is one and the same, whoever asks', async () => {
    const answers = await Promise.all([sharedBroker(), sharedBroker()]);
    expect(answers[0]?.brokers).toHaveLength(1);
    expect(answers[1]).toEqual(answers[0]);
  });

  it('carries records from a producer to a group', async () => {
    const { brokers } = await sharedBroker();
    const topic = uniqueName('carried');
    await createTopic(clientOf(brokers), topic, 2);
    await produce(clientOf(brokers), topic, ['a', 'b', 'c']);
    expect(await consume(clientOf(brokers), topic, 3)).toEqual(['a', 'b', 'c']);
  });

  it('commits transactions', async () => {
    const { brokers } = await sharedBroker();
    const topic = uniqueName('committed');
    await createTopic(clientOf(brokers), topic);
    const producer = clientOf(brokers).producer({ transactionalId: uniqueName('writer'), maxInFlightRequests: 1 });
    await producer.connect();
    const aborted = await producer.transaction();
    await aborted.send({ topic, messages: [{ value: 'aborted' }] });
    await aborted.abort();
    const committed = await producer.transaction();
    await committed.send({ topic, messages: [{ value: 'committed' }] });
    await committed.commit();
    await producer.disconnect();
    expect(await consume(clientOf(brokers), topic, 1)).toEqual(['committed']);
  });
});

/** Empty when the process is gone, "Z" when nobody has asked yet how it ended. */
function stateOf(pid: number): string {
  return spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}

describeWithOwnKafka('a broker of its own', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.stop());

  it('keeps what it acknowledged through kill -9', { timeout: startsTimeoutMs }, async () => {
    const client = clientOf(broker.brokers);
    const topic = uniqueName('kept');
    const { pid, port } = broker;
    await createTopic(client, topic);
    await produce(client, topic, ['before']);
    await broker.kill();
    await expect(produce(clientOf(broker.brokers, { retry: { retries: 0 } }), topic, ['lost'])).rejects.toThrow();
    await broker.restart();
    expect(broker.pid).not.toBe(pid);
    expect(broker.port).toBe(port);
    await produce(client, topic, ['after']);
    expect(await consume(client, topic, 2)).toEqual(['after', 'before']);
  });

  it('makes no topics by itself', async () => {
    const client = clientOf(broker.brokers, { retry: { retries: 1, initialRetryTime: 10 } });
    await expect(produce(client, uniqueName('misspelt'), ['x'])).rejects.toThrow(/does not host this topic-partition/);
  });

  it('stands still when paused, and goes on', async () => {
    const impatient = clientOf(broker.brokers, { requestTimeout: 500, retry: { retries: 0 } });
    broker.pause();
    await expect(withAdmin(impatient, (admin) => admin.listTopics())).rejects.toThrow(/timed? ?out/i);
    broker.resume();
    expect(await withAdmin(clientOf(broker.brokers), (admin) => admin.listTopics())).not.toEqual([]);
  });

  it('ends with the process that started it, however that dies, and leaves no data', {
    timeout: startsTimeoutMs,
  }, async () => {
    const script = `import { startBroker } from ${JSON.stringify(builtFile('test/support/kafka/broker.js'))};
      console.log((await startBroker()).pid);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(String((await once(starter.stdout, 'data'))[0]));
    const settings = /\S+server\.properties/.exec(
      execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }),
    );
    const folder = join(settings?.[0] ?? 'absent', '..');
    expect(existsSync(folder)).toBe(true);
    starter.kill('SIGKILL');
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(/^(Z.*)?$/), { timeout: 10_000 });
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 });
  });

  it('says what is wrong when it cannot start', async () => {
    const broken = startBroker({ properties: { 'offsets.topic.num.partitions': 'many' } });
    await expect(broken).rejects.toThrow(/offsets\.topic\.num\.partitions/);
  });
});

describeWithOwnKafka('npm run kafka', () => {
  const command = (...args: string[]) =>
    spawn(process.execPath, [builtFile('test/support/kafka/main.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

  it('serves until it is told to end, and finds its data again', { timeout: startsTimeoutMs }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodgate-kafka-kept-'));
    try {
      const [port] = await freePorts(1);
      const served = command('--port', String(port), '--data', folder);
      expect(String((await once(served.stdout, 'data'))[0])).toMatch(
        new RegExp(`on 127\\.0\\.0\\.1:${port}, until Ctrl-C`),
      );
      await createTopic(clientOf([`127.0.0.1:${port}`]), 'kept');
      served.kill('SIGINT');
      expect((await once(served, 'exit'))[0]).toBe(0);
      const again = await startBroker({ folder });
      try {
        expect(await withAdmin(clientOf(again.brokers), (admin) => admin.listTopics())).toContain('kept');
      } finally {
        await again.stop();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says how it is used', async () => {
    const refused = command('--port', 'none');
    const [said, [code]] = await Promise.all([text(refused.stderr), once(refused, 'exit')]);
    expect({ said, code }).toEqual({ said: 'kafka: --port takes a number from 1 to 65535\n', code: 1 });
  });
});

describeWithOwnKafka('a broker behind a proxy', () => {
  let proxy: TcpProxy;
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker({
      advertised: async (target) => {
        proxy = await startProxy({ target });
        return proxy.address;
      },
    });
  });
  afterAll(async () => {
    await broker?.stop();
    await proxy?.close();
  });

  it('is reached through it by all who do not know better', async () => {
    const client = clientOf(broker.brokers, { requestTimeout: 500, retry: { retries: 0 } });
    const topic = uniqueName('proxied');
    await createTopic(client, topic);
    // Whoever begins at the broker's own port is sent to the proxy as well.
    await produce(clientOf([`127.0.0.1:${broker.port}`]), topic, ['through']);
    proxy.pauseTraffic();
    await expect(produce(client, topic, ['stalled'])).rejects.toThrow(/timed? ?out/i);
    await produce(clientOf([broker.direct]), topic, ['around']);
    proxy.resumeTraffic();
    expect(await consume(clientOf(broker.brokers), topic, 2)).toEqual(expect.arrayContaining(['around', 'through']));
  });
});

describeWithOwnKafka(
  'a secured broker',
  () => {
    let broker: SecuredBroker;
    let topic: string;
    beforeAll(async () => {
      broker = await startSecuredBroker();
      topic = uniqueName('secured');
      await createTopic(clientOf(broker.brokers), topic);
    });
    afterAll(() => broker?.stop());

    const topicsSeen = (address: string, options: ClientOptions) => {
      const patience = { connectionTimeout: 5000, retry: { retries: 0 } };
      return withAdmin(clientOf([address], { ...patience, ...options }), (admin) => admin.listTopics());
    };
    const trusted = () => ({ ca: broker.credentials.caPem });

    it('serves TLS to those who trust its authority, and to no others', async () => {
      expect(await topicsSeen(broker.listeners.tls, { ssl: trusted() })).toContain(topic);
      await expect(topicsSeen(broker.listeners.tls, { ssl: true })).rejects.toThrow(/certificate/);
    });

    it('serves mutual TLS to those who show a certificate only', async () => {
      const { clientCertificatePem: cert, clientKeyPem: key } = broker.credentials;
      expect(await topicsSeen(broker.listeners.mutualTls, { ssl: { ...trusted(), cert, key } })).toContain(topic);
      await expect(topicsSeen(broker.listeners.mutualTls, { ssl: trusted() })).rejects.toThrow();
    });

    describe.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('with %s', (mechanism) => {
      const sasl = (password: string) =>
        ({ mechanism, username: broker.credentials.user, password }) as kafkajs.SASLOptions;

      it('lets the user in, with TLS and without it', async () => {
        const known = sasl(broker.credentials.password);
        expect(await topicsSeen(broker.listeners.saslTls, { ssl: trusted(), sasl: known })).toContain(topic);
        expect(await topicsSeen(broker.listeners.saslPlaintext, { sasl: known })).toContain(topic);
      });

      it('refuses a wrong password', async () => {
        const refused = topicsSeen(broker.listeners.saslTls, { ssl: trusted(), sasl: sasl('wrong') });
        await expect(refused).rejects.toThrow(/authentication/i);
      });
    });
  },
  'openssl',
);

describeWithOwnKafka(
  'batches of kcat',
  () => {
    let folder: string;
    let broker: Broker;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'floodgate-kcat-'));
      broker = await startBroker({ folder });
    });
    afterAll(async () => {
      await broker?.stop();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    /** The codec of the first batch of a partition, as its segment has it: the lowest three bits of the attributes. */
    function storedCodec(topic: string): Codec | undefined {
      const segment = readFileSync(join(folder, 'data', `${topic}-0`, '00000000000000000000.log'));
      const attributesAt = 21;
      return codecs[segment.readInt16BE(attributesAt) & 7];
    }

    it.each(codecs)('land as they are: %s', async (codec) => {
      const topic = uniqueName(codec);
      await createTopic(clientOf(broker.brokers), topic);
      const records = Array.from({ length: 50 }, (_, place) => ({
        key: `k${place}`,
        value: 'the same again '.repeat(20),
      }));
      await produceWithKcat({ brokers: broker.brokers, topic, codec, records });
      expect(await endOffset(clientOf(broker.brokers), topic)).toBe(records.length);
      expect(storedCodec(topic)).toBe(codec);
    });

    it('that cannot be delivered say why', async () => {
      const settings = { 'message.timeout.ms': '1000' };
      const record = { key: 'k', value: 'v' };
      const failed = produceWithKcat({ brokers: broker.brokers, topic: 'absent', records: [record], settings });
      await expect(failed).rejects.toThrow(/kcat could not produce .*timed out/);
    });
  },
  'kcat',
);
