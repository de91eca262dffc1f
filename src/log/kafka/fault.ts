/** What went wrong at the brokers: whether trying again can help, and the error that Floodgate makes of it. */
import { limits } from '../../config/limits.ts';
import { FloodgateError } from '../../errors.ts';

/** Beyond those that the protocol itself marks as retriable. */
const retriableTypes = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REQUEST_TIMED_OUT',
  'KAFKA_STORAGE_ERROR',
]);

const retriableNames = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSNoBrokerAvailableError',
]);

/** The client's errors around another one. */
const wrappers = new Set(['KafkaJSNonRetriableError', 'KafkaJSNumberOfRetriesExceeded']);

interface KafkaFault {
  readonly name?: string;
  readonly type?: string;
  readonly retriable?: boolean;
  readonly message?: string;
  readonly cause?: unknown;
}

/** What the broker answered, also where the client has wrapped it in an error about its own attempts. */
export function typeOf(thrown: unknown): string | undefined {
  const { type, name = '', cause } = (thrown ?? {}) as KafkaFault;
  return type ?? (wrappers.has(name) ? (cause as KafkaFault | undefined)?.type : undefined);
}

export function isRetriable(thrown: unknown): boolean {
  if (thrown instanceof FloodgateError) return false;
  const { name = '', retriable, cause } = (thrown ?? {}) as KafkaFault;
  const type = typeOf(thrown) ?? '';
  if (type === 'SASL_AUTHENTICATION_FAILED' || name === 'KafkaJSSASLAuthenticationError') return false;
  if (retriable === true || retriableTypes.has(type) || retriableNames.has(name)) return true;
  // Around a broker that is away the client's error says that it is not to be tried again; by the client, that is.
  return wrappers.has(name) && cause !== undefined && isRetriable(cause);
}

/**
 * The other side's certificate is not trusted, or it does not trust ours. Brokers come and go; this is a setting, so that
 * a start need not be patient with it.
 */
export function isCertificateRefused(thrown: unknown): boolean {
  const { code, cause } = (thrown ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const refused = /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_)/;
  return refused.test(String(code ?? cause?.code));
}

/** As log_failed, with what the broker said. */
export function toLogFailure(thrown: unknown, what: string): FloodgateError {
  if (thrown instanceof FloodgateError) return thrown;
  const { message = String(thrown) } = (thrown ?? {}) as KafkaFault;
  const type = typeOf(thrown);
  const detail = type === undefined ? message : `${type}: ${message}`;
  return new FloodgateError('log_failed', `${what}: ${detail}`, { cause: thrown });
}

/** Grows from attempt to attempt, with jitter, so that many processes do not return at once. */
export function retryPauseMs(attempt: number): number {
  const most = Math.min(limits.kafkaRetryMsFirst * 2 ** Math.min(attempt, 16), limits.kafkaRetryMsMax);
  return most * (0.5 + Math.random() / 2);
}
