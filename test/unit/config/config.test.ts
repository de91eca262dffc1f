import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, showSettings } from '../../../src/config/config.ts';

const token = 'a-token-of-enough-length';

describe('readConfig', () => {
  it('needs nothing, and then listens on loopback only', () => {
    const { config, secrets } = readConfig({});
    expect(config.host).toBe('127.0.0.1');
    expect(secrets.tokens).toEqual([]);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it.each([
    ['a number that is none', { FLOODGATE_PORT: 'eighty' }, 'FLOODGATE_PORT'],
    ['a number out of range', { FLOODGATE_PORT: '70000' }, 'FLOODGATE_PORT'],
    ['a choice that is none', { FLOODGATE_LOG_LEVEL: 'loud' }, 'FLOODGATE_LOG_LEVEL'],
    ['a misspelt key', { FLOODGATE_PROT: '1' }, 'FLOODGATE_PROT'],
    ['a public address without a token', { FLOODGATE_HOST: '0.0.0.0' }, 'FLOODGATE_TOKENS'],
    ['a short token', { FLOODGATE_TOKENS: 'short' }, 'token'],
    ['a token file that is not there', { FLOODGATE_TOKENS_FILE: '/nowhere/at/all' }, 'FLOODGATE_TOKENS_FILE'],
  ])('refuses %s and names it', (_what, environment, named) => {
    expect(() => readConfig(environment)).toThrow(named);
  });

  it('takes tokens from the environment or a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'floodgate-')), 'tokens');
    writeFileSync(file, `${token}\n\nanother-token-of-length\n`);
    expect(readConfig({ FLOODGATE_TOKENS: token }).secrets.tokens).toEqual([token]);
    expect(readConfig({ FLOODGATE_TOKENS_FILE: file }).secrets.tokens).toEqual([token, 'another-token-of-length']);
    expect(readConfig({ FLOODGATE_TOKENS: token, FLOODGATE_HOST: '0.0.0.0' }).config.host).toBe('0.0.0.0');
  });

  it('treats an empty value as absent', () => {
    expect(readConfig({ FLOODGATE_PORT: '' }).config.port).toBe(8080);
  });
});

describe('readConfig for Kafka', () => {
  const sasl = { FLOODGATE_KAFKA_SASL: 'plain', FLOODGATE_KAFKA_SASL_USERNAME: 'floodgate' };
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-'));
  const fileWith = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('uses the embedded log unless brokers are named, and commits exactly once', () => {
    const { config, secrets } = readConfig({});
    expect(config).toMatchObject({ kafkaBrokers: [], kafkaTopicPrefix: 'floodgate', kafkaSasl: 'none' });
    expect(config.delivery).toBe('exactly-once');
    expect(secrets.kafkaSaslPassword).toBeUndefined();
    expect(secrets.kafkaTlsKey).toBeUndefined();
    expect(readConfig({ FLOODGATE_KAFKA_BROKERS: 'a:9092,b:9092' }).config.kafkaBrokers).toEqual(['a:9092', 'b:9092']);
  });

  it('takes the password from the environment, or from a file without its line end', () => {
    expect(readConfig({ ...sasl, FLOODGATE_KAFKA_SASL_PASSWORD: 'pass word' }).secrets.kafkaSaslPassword).toBe(
      'pass word',
    );
    const file = fileWith('password', 'from the file\n');
    expect(readConfig({ ...sasl, FLOODGATE_KAFKA_SASL_PASSWORD_FILE: file }).secrets.kafkaSaslPassword).toBe(
      'from the file',
    );
  });

  it('reads the key of the client certificate as it is', () => {
    const file = fileWith('key.pem', 'the key\n');
    expect(readConfig({ FLOODGATE_KAFKA_TLS_KEY_FILE: file }).secrets.kafkaTlsKey).toBe('the key\n');
  });

  it.each([
    ['no user name', { FLOODGATE_KAFKA_SASL: 'plain', FLOODGATE_KAFKA_SASL_PASSWORD: 'p' }, 'needs a user name'],
    ['no password', sasl, 'needs a password'],
    ['an empty password file', { ...sasl, FLOODGATE_KAFKA_SASL_PASSWORD_FILE: fileWith('empty', '\n') }, 'a password'],
    [
      'a password file that is not there',
      { ...sasl, FLOODGATE_KAFKA_SASL_PASSWORD_FILE: '/nowhere/at/all' },
      'FLOODGATE_KAFKA_SASL_PASSWORD_FILE',
    ],
    ['a key that is not there', { FLOODGATE_KAFKA_TLS_KEY_FILE: '/nowhere/at/all' }, 'FLOODGATE_KAFKA_TLS_KEY_FILE'],
    ['an unknown mechanism', { FLOODGATE_KAFKA_SASL: 'kerberos' }, 'FLOODGATE_KAFKA_SASL'],
    ['an unknown delivery', { FLOODGATE_DELIVERY: 'at-most-once' }, 'FLOODGATE_DELIVERY'],
  ])('refuses %s', (_what, environment, named) => {
    expect(() => readConfig(environment)).toThrow(
      expect.objectContaining({ code: 'invalid_config', message: expect.stringContaining(named) }),
    );
  });

  it('keeps secrets out of the configuration and of what is shown', () => {
    const environment = {
      ...sasl,
      FLOODGATE_KAFKA_SASL_PASSWORD: 'not to be seen',
      FLOODGATE_KAFKA_TLS_KEY_FILE: fileWith('secret.pem', 'not to be seen either'),
    };
    const shown = JSON.stringify([readConfig(environment).config, showSettings(environment)]);
    expect(shown).not.toContain('not to be seen');
    const password = showSettings(environment).find(({ key }) => key === 'FLOODGATE_KAFKA_SASL_PASSWORD');
    expect(password).toMatchObject({ value: '***', source: 'environment' });
    const file = showSettings({ FLOODGATE_KAFKA_SASL_PASSWORD_FILE: fileWith('shown', 'not to be seen') });
    expect(JSON.stringify(file)).not.toContain('not to be seen');
  });
});

describe('showSettings', () => {
  it('says where each value came from, and masks secrets', () => {
    const shown = showSettings({ FLOODGATE_TOKENS: token, FLOODGATE_PORT: '9000' });
    expect(shown.find((each) => each.key === 'FLOODGATE_PORT')).toMatchObject({ value: '9000', source: 'environment' });
    expect(shown.find((each) => each.key === 'FLOODGATE_HOST')).toMatchObject({ source: 'default' });
    expect(JSON.stringify(shown)).not.toContain(token);
  });
});
