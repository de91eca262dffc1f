/**
 * Every environment key that Floodgate reads: its meaning, how its text becomes a value, and its default.
 * docs/operations/configuration.md holds the same table; a test compares them. `config print` shows value and source.
 */
import { availableParallelism } from 'node:os';
import { FloodgateError } from '../errors.ts';
import { limits } from './limits.ts';

export interface Setting<T> {
  readonly key: string;
  readonly about: string;
  readonly fallback: T;
  readonly secret?: boolean;
  parse(text: string): T;
}

function text(key: string, fallback: string, about: string): Setting<string> {
  return { key, about, fallback, parse: (value) => value };
}

function optionalText(key: string, about: string): Setting<string | undefined> {
  return { key, about, fallback: undefined, parse: (value) => value };
}

function list(key: string, about: string, separator = ','): Setting<readonly string[]> {
  return {
    key,
    about,
    fallback: [],
    parse: (value) =>
      value
        .split(separator)
        .map((item) => item.trim())
        .filter((item) => item !== ''),
  };
}

function integer(key: string, fallback: number, range: { min: number; max: number }, about: string): Setting<number> {
  return {
    key,
    about: `${about} (${range.min} to ${range.max})`,
    fallback,
    parse(value) {
      const number = Number(value);
      if (Number.isInteger(number) && number >= range.min && number <= range.max) return number;
      throw new FloodgateError(
        'invalid_config',
        `${key}="${value}" is not a whole number from ${range.min} to ${range.max}`,
      );
    },
  };
}

function oneOf<const T extends string>(key: string, fallback: T, choices: readonly T[], about: string): Setting<T> {
  return {
    key,
    about: `${about} (${choices.join(', ')})`,
    fallback,
    parse(value) {
      const choice = choices.find((each) => each === value);
      if (choice !== undefined) return choice;
      throw new FloodgateError('invalid_config', `${key}="${value}" is not one of ${choices.join(', ')}`);
    },
  };
}

const bytes = { min: 1, max: Number.MAX_SAFE_INTEGER };

export const settings = {
  dataFolder: text('FLOODGATE_DATA', './data', "Folder of the log, the views, the bank's snapshot and the spool"),
  host: text('FLOODGATE_HOST', '127.0.0.1', 'Address to listen on; anything but loopback demands a token'),
  port: integer('FLOODGATE_PORT', 8080, { min: 0, max: 65_535 }, 'Port to listen on, 0 for any free one'),
  tokens: {
    ...list('FLOODGATE_TOKENS', 'Bearer tokens that are accepted, comma-separated; each at least 16 characters'),
    secret: true,
  },
  tokensFile: optionalText('FLOODGATE_TOKENS_FILE', 'File with one bearer token a line, instead of FLOODGATE_TOKENS'),
  policyFile: optionalText('FLOODGATE_POLICY', 'Policy file (JSON); without it the built-in policy applies'),
  logLevel: oneOf(
    'FLOODGATE_LOG_LEVEL',
    'info',
    ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    'Least level that is logged',
  ),
  fileRoots: list('FLOODGATE_FILE_ROOTS', 'Folders below which file:// content may be read, colon-separated', ':'),
  fetchAllow: list(
    'FLOODGATE_FETCH_ALLOW',
    'Host names, addresses and CIDR ranges that may be fetched from though they are private, comma-separated',
  ),
  fetchTimeoutMs: integer(
    'FLOODGATE_FETCH_TIMEOUT_MS',
    limits.fetchTimeoutMs,
    { min: 100, max: 3_600_000 },
    'Longest fetch of one content, retries included',
  ),
  contentBytesMax: integer('FLOODGATE_CONTENT_BYTES_MAX', limits.contentBytesMax, bytes, 'Largest content in bytes'),
  spoolBytesMax: integer('FLOODGATE_SPOOL_BYTES_MAX', limits.spoolBytesMax, bytes, 'Largest spool in bytes'),
  s3Endpoint: optionalText('FLOODGATE_S3_ENDPOINT', 'Endpoint of an S3-compatible store; without it AWS itself'),
  s3Region: text('FLOODGATE_S3_REGION', 'us-east-1', 'Region of the S3 store'),
  s3Buckets: list('FLOODGATE_S3_BUCKETS', 'Buckets that s3:// content may name, comma-separated; none by default'),
  s3PathStyle: oneOf('FLOODGATE_S3_PATH_STYLE', 'false', ['true', 'false'], 'Address buckets by path'),
  children: integer(
    'FLOODGATE_CHILDREN',
    Math.min(availableParallelism(), limits.childrenMax),
    { min: 1, max: limits.childrenMax },
    'Child processes that decode; default: one a core',
  ),
  jobTimeoutMs: integer(
    'FLOODGATE_JOB_TIMEOUT_MS',
    limits.jobTimeoutMs,
    { min: 100, max: 3_600_000 },
    'Longest decoding of one upload',
  ),
  inflightUploadsMax: integer(
    'FLOODGATE_INFLIGHT_MAX',
    16,
    { min: 1, max: limits.inflightUploadsMax },
    'Uploads worked on at once',
  ),
  backlogUploadsMax: integer(
    'FLOODGATE_BACKLOG_MAX',
    limits.backlogUploadsMax,
    { min: 1, max: 10_000_000 },
    'Undecided uploads above which the HTTP API answers 503',
  ),
  logBytesMax: integer('FLOODGATE_LOG_BYTES_MAX', limits.logBytesMax, bytes, 'Largest embedded log in bytes'),
  logFreeBytesMin: integer(
    'FLOODGATE_LOG_FREE_BYTES_MIN',
    limits.logFreeBytesMin,
    { min: 0, max: bytes.max },
    'Free bytes on the file system below which the log takes nothing more',
  ),
  uploadsRetentionHours: integer(
    'FLOODGATE_UPLOADS_RETENTION_HOURS',
    72,
    { min: 1, max: 87_600 },
    'How long decided uploads stay in the log',
  ),
  decisionsRetentionHours: integer(
    'FLOODGATE_DECISIONS_RETENTION_HOURS',
    720,
    { min: 1, max: 87_600 },
    'How long decisions and dead letters stay in the log',
  ),
  kafkaBrokers: list(
    'FLOODGATE_KAFKA_BROKERS',
    'Kafka brokers as host:port, comma-separated; without them the embedded log is used',
  ),
  kafkaTopicPrefix: text('FLOODGATE_KAFKA_TOPIC_PREFIX', 'floodgate', 'Topics are named <prefix>.<topic>.v1'),
  kafkaGroup: text('FLOODGATE_KAFKA_GROUP', 'floodgate-pipeline', 'Consumer group, and prefix of transactional ids'),
  delivery: oneOf(
    'FLOODGATE_DELIVERY',
    'exactly-once',
    ['exactly-once', 'at-least-once'],
    'How decisions and progress are published to Kafka',
  ),
  kafkaSessionTimeoutMs: integer(
    'FLOODGATE_KAFKA_SESSION_TIMEOUT_MS',
    limits.kafkaSessionTimeoutMs,
    { min: 500, max: 300_000 },
    'After so long without a heartbeat the partitions of a process go to the others',
  ),
  kafkaTls: oneOf('FLOODGATE_KAFKA_TLS', 'false', ['true', 'false'], 'Speak TLS with the brokers'),
  kafkaTlsCaFile: optionalText('FLOODGATE_KAFKA_TLS_CA_FILE', 'Certificates (PEM) that brokers are trusted by'),
  kafkaTlsCertFile: optionalText('FLOODGATE_KAFKA_TLS_CERT_FILE', 'Client certificate (PEM), for mutual TLS'),
  kafkaTlsKeyFile: optionalText('FLOODGATE_KAFKA_TLS_KEY_FILE', 'Key of the client certificate (PEM)'),
  kafkaSasl: oneOf(
    'FLOODGATE_KAFKA_SASL',
    'none',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    'How to authenticate to the brokers',
  ),
  kafkaSaslUsername: optionalText('FLOODGATE_KAFKA_SASL_USERNAME', 'User name for SASL'),
  kafkaSaslPassword: {
    ...optionalText('FLOODGATE_KAFKA_SASL_PASSWORD', 'Password for SASL'),
    secret: true,
  },
  kafkaSaslPasswordFile: optionalText(
    'FLOODGATE_KAFKA_SASL_PASSWORD_FILE',
    'File with the password for SASL, instead of FLOODGATE_KAFKA_SASL_PASSWORD',
  ),
  bankSnapshotMinutes: integer(
    'FLOODGATE_BANK_SNAPSHOT_MINUTES',
    limits.bankSnapshotMs / 60_000,
    { min: 0, max: 1_440 },
    'How often a snapshot of the bank is written when enough has changed, so that a restart is quick; 0: never',
  ),
  bankHashesMax: integer(
    'FLOODGATE_BANK_HASHES_MAX',
    limits.bankHashesMax,
    { min: 1, max: limits.bankHashesMax },
    'Largest number of distinct hashes in all banks',
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof settings;
