/** JSON log lines by pino, with what must not be kept taken out. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Where lines go; standard error by default, so that a command's output stays its own. */
  readonly destination?: DestinationStream;
}

const secretKeys = [
  'token',
  'tokens',
  'authorization',
  'cookie',
  'password',
  'secret',
  'accessKeyId',
  'secretAccessKey',
];
const redactedPaths = secretKeys.flatMap((key) => [key, `*.${key}`]);

export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: redactedPaths, censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }), log: scrubFacts },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** Keeps the scheme and host of a URL only: paths and queries hold user names and signatures. */
export function scrubText(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]{0,20}):\/\/(?:[^\s/?#"'<>@]*@)?([^\s/?#"'<>]*)[^\s"'<>]*/gi, '$1://$2/…')
    .replace(/\bBearer\s+[^\s"',]+/gi, 'Bearer […]');
}

function scrubFacts(facts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, scrubValue(value, 0)]));
}

const depthMax = 4;

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (depth >= depthMax || typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return errorFacts(value, depth);
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrubValue(item, depth + 1)]));
}

function errorFacts(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: scrubText(error.message),
    ...(error.stack === undefined ? {} : { stack: scrubText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: scrubValue(error.cause, depth + 1) }),
  };
}
