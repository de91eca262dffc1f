import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Environment, readConfig } from '../../../../src/config/config.ts';
import { type KafkaConnection, kafkaConnectionOf } from '../../../../src/log/kafka/connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'floodgate-kafka-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function connectionOf(environment: Environment): KafkaConnection {
  const { config, secrets } = readConfig({ FLOODGATE_KAFKA_BROKERS: 'one:9092,two:9093', ...environment });
  return kafkaConnectionOf(config, secrets);
}

describe('kafkaConnectionOf', () => {
  it('speaks plain text, and gives no name, unless told otherwise', () => {
    expect(connectionOf({})).toEqual({ brokers: ['one:9092', 'two:9093'] });
  });

  it("trusts the system's certificates when none are named", () => {
    expect(connectionOf({ FLOODGATE_KAFKA_TLS: 'true' }).tls).toEqual({});
  });

  it('reads the certificates and the key that are named', () => {
    const environment = {
      FLOODGATE_KAFKA_TLS: 'true',
      FLOODGATE_KAFKA_TLS_CA_FILE: fileWith('ca.pem', 'the authority'),
      FLOODGATE_KAFKA_TLS_CERT_FILE: fileWith('cert.pem', 'the certificate'),
      FLOODGATE_KAFKA_TLS_KEY_FILE: fileWith('key.pem', 'the key'),
    };
    expect(connectionOf(environment).tls).toEqual({ ca: 'the authority', cert: 'the certificate', key: 'the key' });
    expect(connectionOf({ ...environment, FLOODGATE_KAFKA_TLS: 'false' }).tls).toBeUndefined();
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('gives name and password by %s', (mechanism) => {
    const sasl = connectionOf({
      FLOODGATE_KAFKA_SASL: mechanism,
      FLOODGATE_KAFKA_SASL_USERNAME: 'floodgate',
      FLOODGATE_KAFKA_SASL_PASSWORD: 'the password',
    }).sasl;
    expect(sasl).toEqual({ mechanism, username: 'floodgate', password: 'the password' });
  });

  it.each(['FLOODGATE_KAFKA_TLS_CA_FILE', 'FLOODGATE_KAFKA_TLS_CERT_FILE'])(
    'names the setting when the file of %s cannot be read',
    (key) => {
      expect(() => connectionOf({ FLOODGATE_KAFKA_TLS: 'true', [key]: join(folder, 'absent.pem') })).toThrow(
        expect.objectContaining({ code: 'invalid_config', message: expect.stringContaining(key) }),
      );
    },
  );
});
