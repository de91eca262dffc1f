/** What a failing connection, socket or answer means: gone for good, or worth another try. */
import { FloodgateError } from '../errors.ts';
import { TemporaryFailure } from './retry.ts';

const passing = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'CONNECT_TIMEOUT',
]);

const silent = new Set(['HEADERS_TIMEOUT', 'BODY_TIMEOUT']);

/** `source` is what may be shown of the source: never its path or query, which often hold signatures. */
export function explainNetworkFailure(thrown: unknown, source: string): FloodgateError | TemporaryFailure {
  if (thrown instanceof FloodgateError || thrown instanceof TemporaryFailure) return thrown;
  const code = codeOf(thrown);
  if (silent.has(code)) {
    return new TemporaryFailure(new FloodgateError('timed_out', `${source} stopped answering`, { cause: thrown }));
  }
  const error = new FloodgateError('unreachable', `${source} could not be read: ${code}`, { cause: thrown });
  return passing.has(code) ? new TemporaryFailure(error) : error;
}

/** For any status but success. `retryAfter` is the header of that name. */
export function explainStatus(status: number, source: string, retryAfter?: string): FloodgateError | TemporaryFailure {
  const error = new FloodgateError('unreachable', `${source} answered ${status}`);
  const temporary = status === 408 || status === 425 || status === 429 || status >= 500;
  return temporary ? new TemporaryFailure(error, retryAfterMs(retryAfter)) : error;
}

/** Seconds or an HTTP date; anything else counts as nothing asked. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0;
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown';
  const code = (thrown as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : thrown.name;
}
