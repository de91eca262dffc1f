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

describe('showSettings', () => {
  it('says where each value came from, and masks secrets', () => {
    const shown = showSettings({ FLOODGATE_TOKENS: token, FLOODGATE_PORT: '9000' });
    expect(shown.find((each) => each.key === 'FLOODGATE_PORT')).toMatchObject({ value: '9000', source: 'environment' });
    expect(shown.find((each) => each.key === 'FLOODGATE_HOST')).toMatchObject({ source: 'default' });
    expect(JSON.stringify(shown)).not.toContain(token);
  });
});
