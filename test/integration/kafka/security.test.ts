/** TLS, mutual TLS and SASL by the settings of the environment, against a broker that asks for them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig, showSettings } from '../../../src/config/config.ts';
import { kafkaConnectionOf } from '../../../src/log/kafka/connection.ts';
import { openKafkaLog } from '../../../src/log/kafka-log.ts';
import { type SecuredBroker, startSecuredBroker } from '../../support/kafka/broker.ts';
import { describeWithOwnKafka } from '../../support/kafka/describe-with-kafka.ts';
import { listenToLog, testSessionTimeoutMs } from '../../support/kafka/opened-log.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { pollCount, readAll, recordOf, settlementOf } from '../../support/log-records.ts';

let broker: SecuredBroker;
let topics: TestTopics;
let folder: string;

const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

async function openBy(environment: Record<string, string>, told = listenToLog()) {
  const { config, secrets } = readConfig(environment);
  const connection = kafkaConnectionOf(config, secrets);
  const rest = { delivery: config.delivery, sessionTimeoutMs: testSessionTimeoutMs, events: told.events };
  return openKafkaLog({ connection, prefix: topics.prefix, ...rest });
}

function environmentOf(way: string): Record<string, string> {
  const { listeners, credentials } = broker;
  const tls = { FLOODGATE_KAFKA_TLS: 'true', FLOODGATE_KAFKA_TLS_CA_FILE: file('ca.pem', credentials.caPem) };
  if (way === 'TLS') return { FLOODGATE_KAFKA_BROKERS: listeners.tls, ...tls };
  if (way === 'mutual TLS') {
    return {
      FLOODGATE_KAFKA_BROKERS: listeners.mutualTls,
      ...tls,
      FLOODGATE_KAFKA_TLS_CERT_FILE: file('client.pem', credentials.clientCertificatePem),
      FLOODGATE_KAFKA_TLS_KEY_FILE: file('client.key', credentials.clientKeyPem),
    };
  }
  return {
    FLOODGATE_KAFKA_BROKERS: listeners.saslTls,
    ...tls,
    FLOODGATE_KAFKA_SASL: way,
    FLOODGATE_KAFKA_SASL_USERNAME: credentials.user,
    FLOODGATE_KAFKA_SASL_PASSWORD_FILE: file('password', `${credentials.password}\n`),
  };
}

describeWithOwnKafka(
  'a broker that asks who is there',
  () => {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'floodgate-security-'));
      broker = await startSecuredBroker();
      topics = await createTopics([broker.listeners.plaintext]);
    }, 120_000);
    afterAll(async () => {
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(['TLS', 'mutual TLS', 'plain', 'scram-sha-256', 'scram-sha-512'])(
      'is written to, consumed from and settled with: %s',
      async (way) => {
        const log = await openBy(environmentOf(way));
        try {
          await log.append([recordOf('uploads', way)]);
          const consumer = await log.consume({ topic: 'uploads', group: `group-${way.replace(' ', '-')}` });
          const records = await pollCount(consumer, 1);
          await consumer.settle(records.map((record) => settlementOf(record, recordOf('decisions', way))));
          expect((await readAll(log, 'decisions')).map(({ key }) => key)).toContain(way);
        } finally {
          await log.close();
        }
      },
      60_000,
    );

    it('refuses a wrong password soon, and nobody prints it', async () => {
      const password = 'this-is-not-the-password';
      const { FLOODGATE_KAFKA_SASL_PASSWORD_FILE: _file, ...rest } = environmentOf('scram-sha-512');
      const environment = { ...rest, FLOODGATE_KAFKA_SASL_PASSWORD: password };
      const told = listenToLog();
      const failure: unknown = await openBy(environment, told).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'log_failed' });
      expect(String((failure as Error).stack)).not.toContain(password);
      expect(JSON.stringify(told.warnings)).not.toContain(password);
      expect(JSON.stringify(showSettings(environment))).not.toContain(password);
    }, 90_000);
  },
  'openssl',
);
