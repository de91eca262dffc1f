/**
 * Goal: what `floodgate topics` says of real topics is true, it makes them what they must be and nothing else, and the
 * rights that it prints are enough and no more than enough.
 */
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { DeadLetterList } from '../../src/contracts/dead-letter.ts';
import { kafkaClientOptions } from '../../src/log/kafka/client-options.ts';
import type { KafkaConnection } from '../../src/log/kafka/connection.ts';
import { assertTopicsFit, verifyTopics } from '../../src/log/kafka/topic-admin.ts';
import { topicNamesOf } from '../../src/log/kafka/topic-names.ts';
import type { TopicOptions } from '../../src/log/kafka/topic-plan.ts';
import { type SecuredBroker, startSecuredBroker } from '../support/kafka/broker.ts';
import { describeWithKafka, describeWithOwnKafka } from '../support/kafka/describe-with-kafka.ts';
import { runKafkaAcls } from '../support/kafka/kafka-tools.ts';
import { sharedBroker, uniqueName } from '../support/kafka/shared-broker.ts';
import { codeOf } from '../support/log-records.ts';
import { runCommand } from '../support/run-command.ts';
import { Rig } from '../support/service-calls.ts';

const dayMs = 86_400_000;

function optionsFor(prefix: string): TopicOptions {
  return { prefix, uploadsRetentionMs: 3 * dayMs, decisionsRetentionMs: 30 * dayMs };
}

async function withClient<T>(connection: KafkaConnection, action: (kafka: kafkajs.Kafka) => Promise<T>): Promise<T> {
  return action(new kafkajs.Kafka({ ...kafkaClientOptions(connection), retry: { retries: 2, initialRetryTime: 50 } }));
}

async function withAdmin<T>(connection: KafkaConnection, action: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  return withClient(connection, async (kafka) => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await action(admin);
    } finally {
      await admin.disconnect();
    }
  });
}

/** The name of what the broker refused it with. */
async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (thrown) {
    const [first] = (thrown as { errors?: unknown[] }).errors ?? [thrown];
    const { type, code } = first as { type?: string; code?: string };
    return String(type ?? code ?? thrown);
  }
}

function topicsCommand(brokers: readonly string[], prefix: string, ...args: string[]) {
  return runCommand(['topics', ...args], {
    environment: { FLOODGATE_KAFKA_BROKERS: brokers.join(','), FLOODGATE_KAFKA_TOPIC_PREFIX: prefix },
  });
}

describeWithKafka('floodgate topics', () => {
  let brokers: string[];
  beforeAll(async () => {
    ({ brokers } = await sharedBroker());
  });

  async function applied(): Promise<string> {
    const prefix = uniqueName('topics');
    const { exitCode } = await topicsCommand(brokers, prefix, 'apply', '--replication', '1', '--partitions', '3');
    expect(exitCode).toBe(0);
    return prefix;
  }

  async function spoil(prefix: string, topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}.${topic}.v1`, configEntries };
    await withAdmin({ brokers }, (admin) => admin.alterConfigs({ validateOnly: false, resources: [resource] }));
  }

  it('plans without touching anything, applies, and has nothing left to do', async () => {
    const prefix = uniqueName('topics');
    const planned = await topicsCommand(brokers, prefix, 'plan', '--replication', '1');
    expect(planned).toMatchObject({ exitCode: 0, stderr: '6 changes; "floodgate topics apply" makes them\n' });
    expect(planned.stdout).toContain(`${prefix}.bank.v1 1 partition, 1 replica\n  + cleanup.policy=compact `);
    const missing = await topicsCommand(brokers, prefix, 'verify');
    expect(missing.exitCode).toBe(1);
    expect(
      missing.stdout.match(/^unfit .*: it is not there, or .*\n {2}to do: floodgate topics apply$/gm),
    ).toHaveLength(6);

    const first = await topicsCommand(brokers, prefix, 'apply', '--replication', '1', '--partitions', '3');
    expect(first).toMatchObject({ exitCode: 0, stderr: '6 changes made\n' });
    const second = await topicsCommand(brokers, prefix, 'apply', '--replication', '1');
    expect(second).toMatchObject({ exitCode: 0, stderr: 'nothing to change\n' });
    const verified = await topicsCommand(brokers, prefix, 'verify', '--replication', '1', '--json');
    expect(verified).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(verified.stdout)).toEqual({ faults: [], acls: [] });
    expect(await assertTopicsFit({ brokers }, optionsFor(prefix))).toEqual([]);
  });

  it('finds what was spoiled, mends it, and leaves alone what others have set', async () => {
    const prefix = await applied();
    await spoil(prefix, 'bank', { 'cleanup.policy': 'delete', 'segment.ms': '3600000' });
    const unfit = await topicsCommand(brokers, prefix, 'verify', '--replication', '1');
    expect(unfit.exitCode).toBe(1);
    expect(unfit.stdout).toContain(`unfit ${prefix}.bank.v1: cleanup.policy=delete, not compact: known content stays`);
    expect(await codeOf(assertTopicsFit({ brokers }, optionsFor(prefix)))).toBe('topics_unfit');
    const mended = await topicsCommand(brokers, prefix, 'apply', '--replication', '1');
    expect(mended.stdout).toContain('~ cleanup.policy: delete → compact');
    expect(await verifyTopics({ brokers }, optionsFor(prefix))).toEqual([]);
    const plan = JSON.parse((await topicsCommand(brokers, prefix, 'plan', '--replication', '1', '--json')).stdout);
    const bank = plan.topics.find(({ topic }: { topic: string }) => topic === 'bank');
    expect(bank.found.settings).toMatchObject({ 'segment.ms': '3600000', 'cleanup.policy': 'compact' });
  });

  it('brings uploads and decisions together again, and refuses a bank of more than one partition', async () => {
    const prefix = await applied();
    const grow = (topic: string, count: number) =>
      withAdmin({ brokers }, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
    await grow(`${prefix}.decisions.v1`, 5);
    expect(await verifyTopics({ brokers }, optionsFor(prefix))).toMatchObject(
      ['uploads', 'stream-decisions', 'fingerprints'].map((topic) => ({
        topic,
        isVital: true,
        problem: expect.stringContaining('it has 3 partitions, not 5'),
      })),
    );
    expect((await topicsCommand(brokers, prefix, 'apply', '--replication', '1')).stderr).toBe('3 changes made\n');
    expect(await verifyTopics({ brokers }, optionsFor(prefix))).toEqual([]);

    await grow(`${prefix}.bank.v1`, 2);
    const refused = await topicsCommand(brokers, prefix, 'apply', '--replication', '1');
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain('! it has 2 partitions, and the order of all bank changes is that of one; to do:');
    expect(await codeOf(assertTopicsFit({ brokers }, optionsFor(prefix)))).toBe('topics_unfit');
  });

  it('says plainly that there is no broker, or none was named', async () => {
    const away = await topicsCommand(['127.0.0.1:1'], 'topics', 'verify');
    expect(away.exitCode).toBe(6);
    expect(away.stderr).toContain('no broker could be asked at 127.0.0.1:1');
    const unnamed = await runCommand(['topics', 'plan']);
    expect(unnamed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('set FLOODGATE_KAFKA_BROKERS') });
  });
});

describeWithOwnKafka(
  'the rights that are printed',
  () => {
    const rig = new Rig();
    let broker: SecuredBroker;
    /** Anonymous, over the plaintext listener, and may do everything. */
    let administrator: KafkaConnection;
    /** Of the user "floodgate", who may do nothing that was not granted. */
    let restricted: KafkaConnection;

    beforeAll(async () => {
      broker = await startSecuredBroker({
        properties: {
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:ANONYMOUS',
        },
      });
      const { user: username, password } = broker.credentials;
      administrator = { brokers: [broker.listeners.plaintext] };
      restricted = {
        brokers: [broker.listeners.saslPlaintext],
        sasl: { mechanism: 'scram-sha-256', username, password },
      };
    }, 120_000);
    afterAll(async () => {
      await rig.close();
      await broker?.stop();
    });

    /** Runs what the plan prints through Kafka's own command. */
    async function grant(prefix: string, ...principals: string[]): Promise<void> {
      const planned = await topicsCommand(administrator.brokers, prefix, 'plan', '--json', ...principals);
      const { acls } = JSON.parse(planned.stdout) as { acls: string[] };
      for (const command of acls) await runKafkaAcls(command.split(' ').slice(1));
    }

    /** What each of the service's doings ends with, as the restricted user. */
    async function attempts(prefix: string, group: string): Promise<Record<string, string>> {
      const [uploads = '', decisions = ''] = topicNamesOf(prefix);
      return {
        looking: await outcomeOf(assertTopicsFit(restricted, optionsFor(prefix))),
        publishing: await outcomeOf(
          withClient(restricted, async (kafka) => {
            const producer = kafka.producer({ transactionalId: `${group}.${uploads}.0`, idempotent: true });
            await producer.connect();
            try {
              const transaction = await producer.transaction();
              await transaction.send({ topic: decisions, messages: [{ key: 'a', value: 'b' }] });
              const offsets = [{ topic: uploads, partitions: [{ partition: 0, offset: '0' }] }];
              await transaction.sendOffsets({ consumerGroupId: group, topics: offsets });
              await transaction.commit();
            } finally {
              await producer.disconnect();
            }
          }),
        ),
        elsewhere: await outcomeOf(
          withClient(restricted, async (kafka) => {
            const producer = kafka.producer({ transactionalId: `${group}-other.${uploads}.0`, idempotent: true });
            await producer.connect();
            await (await producer.transaction()).abort().finally(() => producer.disconnect());
          }),
        ),
        creating: await outcomeOf(
          withAdmin(restricted, (admin) => admin.createTopics({ topics: [{ topic: uniqueName('new') }] })),
        ),
      };
    }

    it('are enough for the service to start and to publish, and for nothing else', async () => {
      const prefix = uniqueName('rights');
      const group = 'floodgate-pipeline';
      await topicsCommand(administrator.brokers, prefix, 'apply', '--replication', '1', '--partitions', '1');
      const before = await attempts(prefix, group);
      expect(Object.values(before)).not.toContain('resolved');
      await grant(prefix, '--principal', `User:${broker.credentials.user}`);
      expect(await attempts(prefix, group)).toEqual({
        looking: 'resolved',
        publishing: 'resolved',
        elsewhere: expect.stringContaining('KafkaJSGroupCoordinatorNotFound'),
        creating: 'TOPIC_AUTHORIZATION_FAILED',
      });
    }, 120_000);

    it('are enough for all that the service does: known content, uploads, decisions, dead letters', async () => {
      const prefix = uniqueName('rights');
      await topicsCommand(administrator.brokers, prefix, 'apply', '--replication', '1', '--partitions', '1');
      const { user, password } = broker.credentials;
      const environment = {
        FLOODGATE_KAFKA_BROKERS: restricted.brokers.join(','),
        FLOODGATE_KAFKA_TOPIC_PREFIX: prefix,
        FLOODGATE_KAFKA_SASL: 'scram-sha-256',
        FLOODGATE_KAFKA_SASL_USERNAME: user,
        FLOODGATE_KAFKA_SASL_PASSWORD: password,
      };
      await expect(rig.serve(await rig.folder(), environment)).rejects.toThrow();
      await grant(prefix, '--principal', `User:${user}`);
      const { url } = await rig.serve(await rig.folder(), environment);
      const post = (path: string, body: object) =>
        fetch(url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const frames = [{ timeMs: 0, hash: '0f'.repeat(32), quality: 90 }];
      expect((await post('/v1/bank', { contentId: 'known', frames })).status).toBe(201);
      const decided = await post('/v1/uploads?wait=30', { uploadId: 'copy', content: { frames } });
      expect(await decided.json()).toMatchObject({ uploadId: 'copy', matches: [{ contentId: 'known' }] });
      const broken = [{ key: 'broken', value: '{', headers: { ce_id: 'e' } }];
      await withClient(administrator, async (kafka) => {
        const producer = kafka.producer();
        await producer.connect();
        await producer.send({ topic: `${prefix}.uploads.v1`, messages: broken });
        await producer.disconnect();
      });
      const letters = async () => ((await (await fetch(`${url}/v1/dead-letters`)).json()) as DeadLetterList).items;
      await vi.waitFor(async () => expect(await letters()).toMatchObject([{ key: 'broken' }]), {
        timeout: 20_000,
        interval: 300,
      });
    }, 180_000);
  },
  'openssl',
);
