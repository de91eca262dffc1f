/** Brokers that take away what they allowed: the process must fail, and not sit there with nothing to do. */
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type KafkaLog, openKafkaLog } from '../../../src/log/kafka-log.ts';
import { type SecuredBroker, startSecuredBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { until } from '../../support/kafka/group-worker.ts';
import { listenToLog, testSessionTimeoutMs } from '../../support/kafka/opened-log.ts';
import { uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { codeOf, consumeGroup, never, pollCount, recordOf, settlementOf } from '../../support/log-records.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

describeWithOwnKafka(
  'what brokers refuse',
  () => {
    let broker: SecuredBroker;
    let admin: kafkajs.Admin;
    let topics: TestTopics;
    let log: KafkaLog;
    beforeAll(async () => {
      broker = await startSecuredBroker({
        properties: {
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'allow.everyone.if.no.acl.found': 'true',
          'super.users': 'User:ANONYMOUS',
        },
      });
      admin = new kafkajs.Kafka({ brokers: [broker.direct], logLevel: kafkajs.logLevel.NOTHING }).admin();
      await admin.connect();
    });
    afterAll(async () => {
      await admin.disconnect();
      await broker.stop();
    });
    beforeEach(async () => {
      topics = await createTopics([broker.direct]);
      const { user: username, password } = broker.credentials;
      log = await openKafkaLog({
        connection: {
          brokers: [broker.listeners.saslPlaintext],
          sasl: { mechanism: 'scram-sha-256', username, password },
        },
        prefix: topics.prefix,
        delivery: 'exactly-once',
        sessionTimeoutMs: testSessionTimeoutMs,
        events: listenToLog().events,
      });
    });
    afterEach(() => log.close());

    const deny = (resourceType: kafkajs.AclResourceTypes, resourceName: string) =>
      admin.createAcls({
        acl: [
          {
            resourceType,
            resourceName,
            resourcePatternType: ResourcePatternTypes.LITERAL,
            principal: `User:${broker.credentials.user}`,
            host: '*',
            operation: AclOperationTypes.ALL,
            permissionType: AclPermissionTypes.DENY,
          },
        ],
      });

    // Goal (K9): kafkajs tells of a crash that it does not recover from by an event alone, and the process sits idle.
    it('of the group fails the log: polls end, and readiness says why', async () => {
      const group = uniqueName('g');
      const consumer = await consumeGroup(log, group);
      const polled = consumer.poll(1, never);
      await deny(AclResourceTypes.GROUP, group);
      await until(() => log.unwritable() !== null, 'the log has failed');
      expect(log.unwritable()).toMatch(/group/i);
      expect(await polled).toEqual([]);
      expect(await codeOf(log.append([recordOf('uploads', 'a')]))).toBe('log_failed');
    });

    it('of the group fails a start of it', async () => {
      const group = uniqueName('g');
      await deny(AclResourceTypes.GROUP, group);
      expect(await codeOf(consumeGroup(log, group))).toBe('log_failed');
    });

    it('of the topic fails the log while it is read', async () => {
      const consumer = await consumeGroup(log, uniqueName('g'));
      const polled = consumer.poll(1, never);
      await deny(AclResourceTypes.TOPIC, topics.nameOf('uploads'));
      await until(() => log.unwritable() !== null, 'the log has failed');
      expect(log.unwritable()).toMatch(/TOPIC_AUTHORIZATION_FAILED/);
      expect(await polled).toEqual([]);
    });

    it('of a transaction fails the settlement with what the broker said, and nothing is published', async () => {
      const consumer = await consumeGroup(log, uniqueName('g'));
      await log.append([recordOf('uploads', 'a')]);
      const [a] = await pollCount(consumer, 1);
      if (a === undefined) throw new Error('a record is missing');
      await deny(AclResourceTypes.TOPIC, topics.nameOf('dead-letters'));
      const settled = consumer.settle([settlementOf(a, recordOf('decisions', 'a'), recordOf('dead-letters', 'a'))]);
      await expect(settled).rejects.toMatchObject({
        code: 'log_failed',
        // Of the partitions that were announced together, any one may be named.
        message: expect.stringMatching(/TOPIC_AUTHORIZATION_FAILED|OPERATION_NOT_ATTEMPTED/),
      });
      const [end] = await log.ends('decisions');
      expect(await log.read('decisions', { partition: 0, offset: 0 }, end?.endOffset ?? 0)).toEqual([]);
    });

    it('of taking a partition over fails the log', async () => {
      const group = uniqueName('g');
      await deny(AclResourceTypes.TRANSACTIONAL_ID, `${group}.${topics.nameOf('uploads')}.0`);
      const consumer = await consumeGroup(log, group).catch(() => null);
      await until(() => log.unwritable() !== null, 'the log has failed');
      expect(log.unwritable()).toMatch(/TRANSACTIONAL_ID_AUTHORIZATION_FAILED/);
      expect((await consumer?.poll(1, never)) ?? []).toEqual([]);
    });
  },
  'openssl',
);
