/** TLS, certificates of clients and SASL, from the settings to a settled upload; and what is told when they are wrong. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Environment, readConfig, showSettings } from '../../../src/config/config.ts';
import { kafkaConnectionOf } from '../../../src/log/kafka/connection.ts';
import { type KafkaLog, openKafkaLog } from '../../../src/log/kafka-log.ts';
import { type SecuredBroker, startSecuredBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { listenToLog, testSessionTimeoutMs } from '../../support/kafka/opened-log.ts';
import { uniqueName } from '../../support/kafka/shared-broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { consumeGroup, pollCount, readAll, recordOf, settlementOf } from '../../support/log-records.ts';

describeWithOwnKafka(
  'a broker that wants to be spoken to securely',
  () => {
    let broker: SecuredBroker;
    let topics: TestTopics;
    let folder: string;
    beforeAll(async () => {
      broker = await startSecuredBroker();
      topics = await createTopics([broker.direct]);
      folder = mkdtempSync(join(tmpdir(), 'floodgate-keys-'));
      const { caPem, clientCertificatePem, clientKeyPem, password } = broker.credentials;
      const files = { 'ca.pem': caPem, 'client.pem': clientCertificatePem, 'key.pem': clientKeyPem };
      for (const [name, text] of Object.entries({ ...files, password: `${password}\n` })) {
        writeFileSync(join(folder, name), text, { mode: 0o600 });
      }
    });
    afterAll(async () => {
      await broker.stop();
      rmSync(folder, { recursive: true });
    });

    const told = listenToLog();
    /** As the service does it. */
    const open = (environment: Environment): Promise<KafkaLog> => {
      const { config, secrets } = readConfig({ FLOODGATE_KAFKA_TOPIC_PREFIX: topics.prefix, ...environment });
      return openKafkaLog({
        connection: kafkaConnectionOf(config, secrets),
        prefix: config.kafkaTopicPrefix,
        delivery: config.delivery,
        sessionTimeoutMs: testSessionTimeoutMs,
        events: told.events,
      });
    };

    const tls = () => ({ FLOODGATE_KAFKA_TLS: 'true', FLOODGATE_KAFKA_TLS_CA_FILE: join(folder, 'ca.pem') });
    const sasl = (mechanism: string) => ({
      FLOODGATE_KAFKA_SASL: mechanism,
      FLOODGATE_KAFKA_SASL_USERNAME: broker.credentials.user,
      FLOODGATE_KAFKA_SASL_PASSWORD_FILE: join(folder, 'password'),
    });
    const clientCertificate = () => ({
      FLOODGATE_KAFKA_TLS_CERT_FILE: join(folder, 'client.pem'),
      FLOODGATE_KAFKA_TLS_KEY_FILE: join(folder, 'key.pem'),
    });

    const ways: [string, () => Environment][] = [
      ['TLS', () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.tls, ...tls() })],
      [
        'TLS with a certificate of the client',
        () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.mutualTls, ...tls(), ...clientCertificate() }),
      ],
      ['SASL PLAIN', () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.saslPlaintext, ...sasl('plain') })],
      ['SCRAM-SHA-256', () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.saslPlaintext, ...sasl('scram-sha-256') })],
      [
        'SCRAM-SHA-512 over TLS',
        () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.saslTls, ...tls(), ...sasl('scram-sha-512') }),
      ],
    ];

    it.each(ways)('is written to, consumed from and settled at by %s', async (name, environment) => {
      const log = await open(environment());
      const group = uniqueName('g');
      const key = uniqueName('u');
      await log.append([recordOf('uploads', key)]);
      const consumer = await consumeGroup(log, group);
      const records = await pollCount(consumer, 1);
      await consumer.settle(records.map((record) => settlementOf(record, recordOf('decisions', `${key} ${name}`))));
      const decided = await readAll(log, 'decisions');
      expect(decided.at(-1)?.key).toBe(`${key} ${name}`);
      // Whoever comes later reads what was there before as well.
      await consumer.settle((await pollCount(consumer, 10, 300)).map((record) => settlementOf(record)));
      await log.close();
    });

    const refusals: [string, () => Environment, RegExp][] = [
      [
        'a wrong password (PLAIN)',
        () => ({
          FLOODGATE_KAFKA_BROKERS: broker.listeners.saslPlaintext,
          ...sasl('plain'),
          FLOODGATE_KAFKA_SASL_PASSWORD_FILE: undefined,
          FLOODGATE_KAFKA_SASL_PASSWORD: 'hunter2-of-the-tests',
        }),
        /SASL|authenticat/i,
      ],
      [
        'a wrong password (SCRAM)',
        () => ({
          FLOODGATE_KAFKA_BROKERS: broker.listeners.saslTls,
          ...tls(),
          ...sasl('scram-sha-256'),
          FLOODGATE_KAFKA_SASL_PASSWORD_FILE: undefined,
          FLOODGATE_KAFKA_SASL_PASSWORD: 'hunter2-of-the-tests',
        }),
        /SASL|authenticat/i,
      ],
      [
        'an authority that is not trusted',
        () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.tls, FLOODGATE_KAFKA_TLS: 'true' }),
        /certificate/i,
      ],
      [
        'a client without a certificate where one is asked for',
        () => ({ FLOODGATE_KAFKA_BROKERS: broker.listeners.mutualTls, ...tls() }),
        /certificate|alert/i,
      ],
    ];

    it.each(refusals)('refuses %s within seconds, and says so without the secret', async (_, environment, said) => {
      told.warnings.length = 0;
      const startedMs = performance.now();
      const error = await open(environment()).catch((thrown) => thrown);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
      expect(error).toMatchObject({ code: 'log_failed', message: expect.stringMatching(said) });
      const all = inspect([error, told.warnings, showSettings(environment())], { depth: 20 });
      expect(all).not.toContain('hunter2-of-the-tests');
      expect(all).not.toContain(broker.credentials.password);
    });

    it('has its secrets in files, which are shown by name alone', () => {
      const environment = { FLOODGATE_KAFKA_BROKERS: broker.listeners.saslTls, ...tls(), ...sasl('plain') };
      const { config } = readConfig(environment);
      const shown = JSON.stringify([config, showSettings(environment)]);
      expect(shown).not.toContain(broker.credentials.password);
      expect(shown).not.toContain('PRIVATE KEY');
    });
  },
  'openssl',
);
