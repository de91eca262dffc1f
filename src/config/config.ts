/** Environment -> configuration, frozen, with the secrets apart so that the configuration may be shown and logged. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { FloodgateError } from '../errors.ts';
import { type SettingName, settings } from './settings.ts';

type SettingValue<N extends SettingName> = ReturnType<(typeof settings)[N]['parse']> | (typeof settings)[N]['fallback'];

type SecretName = 'tokens' | 'tokensFile' | 'kafkaSaslPassword' | 'kafkaSaslPasswordFile' | 'kafkaTlsKeyFile';

export type Config = { readonly [N in Exclude<SettingName, SecretName>]: SettingValue<N> };

export interface Secrets {
  /** Bearer tokens; empty means that no token is asked for. */
  readonly tokens: readonly string[];
  readonly kafkaSaslPassword?: string | undefined;
  /** Private key of the client certificate, PEM. */
  readonly kafkaTlsKey?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const tokenCharsMin = 16;
const secretNames: readonly SecretName[] = [
  'tokens',
  'tokensFile',
  'kafkaSaslPassword',
  'kafkaSaslPasswordFile',
  'kafkaTlsKeyFile',
];

/** Throws invalid_config, naming the key, when a value does not parse or values contradict each other. */
export function readConfig(environment: Environment): { config: Config; secrets: Secrets } {
  refuseUnknownKeys(environment);
  const entries = Object.entries(settings).map(([name, setting]) => [name, effectiveValue(setting, environment)]);
  const all = Object.fromEntries(entries);
  for (const name of secretNames) delete all[name];
  const config = Object.freeze({ ...all, dataFolder: resolve(all.dataFolder) }) as Config;
  const secrets = Object.freeze({ tokens: readTokens(environment), ...readKafkaSecrets(environment) });
  if (config.kafkaSasl !== 'none' && (config.kafkaSaslUsername ?? '') === '') {
    throw new FloodgateError('invalid_config', `FLOODGATE_KAFKA_SASL=${config.kafkaSasl} needs a user name`);
  }
  if (config.kafkaSasl !== 'none' && (secrets.kafkaSaslPassword ?? '') === '') {
    throw new FloodgateError('invalid_config', `FLOODGATE_KAFKA_SASL=${config.kafkaSasl} needs a password`);
  }
  if (!isLoopback(config.host) && secrets.tokens.length === 0) {
    throw new FloodgateError(
      'invalid_config',
      `FLOODGATE_HOST=${config.host} is reachable from elsewhere: set FLOODGATE_TOKENS, or listen on 127.0.0.1`,
    );
  }
  return { config, secrets };
}

export interface ShownSetting {
  readonly key: string;
  readonly value: string;
  readonly source: 'environment' | 'default';
  readonly about: string;
}

/** Every setting with its effective value and where it came from; secrets are masked. */
export function showSettings(environment: Environment): ShownSetting[] {
  return Object.values(settings).map((setting) => {
    const given = isGiven(setting.key, environment);
    const value = effectiveValue(setting, environment);
    const shown = Array.isArray(value) ? value.join(',') : String(value ?? '');
    return {
      key: setting.key,
      value: 'secret' in setting && given ? '***' : shown,
      source: given ? 'environment' : 'default',
      about: setting.about,
    };
  });
}

function isGiven(key: string, environment: Environment): boolean {
  const value = environment[key];
  return value !== undefined && value !== '';
}

function effectiveValue(
  setting: { key: string; fallback: unknown; parse(text: string): unknown },
  environment: Environment,
) {
  return isGiven(setting.key, environment) ? setting.parse(environment[setting.key] ?? '') : setting.fallback;
}

/** A misspelt key would silently leave its default in force. FLOODGATE_MEDIA and the like belong to the tests. */
function refuseUnknownKeys(environment: Environment): void {
  const known = new Set<string>(Object.values(settings).map((setting) => setting.key));
  const outside = new Set(['FLOODGATE_MEDIA', 'FLOODGATE_CHROMIUM', 'FLOODGATE_URL', 'FLOODGATE_TOKEN']);
  const unknown = Object.keys(environment).filter(
    (key) => key.startsWith('FLOODGATE_') && !known.has(key) && !outside.has(key) && !key.startsWith('FLOODGATE_TEST_'),
  );
  if (unknown.length > 0) {
    throw new FloodgateError('invalid_config', `unknown settings: ${unknown.join(', ')}; see "floodgate config print"`);
  }
}

function readTokens(environment: Environment): readonly string[] {
  const file = effectiveValue(settings.tokensFile, environment) as string | undefined;
  const tokens = file === undefined ? (effectiveValue(settings.tokens, environment) as string[]) : readTokenFile(file);
  if (tokens.some((token) => token.length < tokenCharsMin)) {
    throw new FloodgateError('invalid_config', `a bearer token is shorter than ${tokenCharsMin} characters`);
  }
  return tokens;
}

function readTokenFile(path: string): string[] {
  return readSettingFile('FLOODGATE_TOKENS_FILE', path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function readKafkaSecrets(environment: Environment): Omit<Secrets, 'tokens'> {
  const value = (name: SecretName) => effectiveValue(settings[name], environment) as string | undefined;
  const [passwordFile, keyFile] = [value('kafkaSaslPasswordFile'), value('kafkaTlsKeyFile')];
  return {
    kafkaSaslPassword:
      passwordFile === undefined
        ? value('kafkaSaslPassword')
        : readSettingFile(settings.kafkaSaslPasswordFile.key, passwordFile).trim(),
    kafkaTlsKey: keyFile === undefined ? undefined : readSettingFile(settings.kafkaTlsKeyFile.key, keyFile),
  };
}

/** The text of a file that a setting names. Throws invalid_config. */
export function readSettingFile(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FloodgateError('invalid_config', `${key}=${path} cannot be read`, { cause });
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
