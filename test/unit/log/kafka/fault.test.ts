import { describe, expect, it } from 'vitest';
import { limits } from '../../../../src/config/limits.ts';
import { FloodgateError } from '../../../../src/errors.ts';
import {
  isCertificateRefused,
  isRetriable,
  retryPauseMs,
  toLogFailure,
  typeOf,
} from '../../../../src/log/kafka/fault.ts';

const protocol = (type: string, retriable = false) =>
  Object.assign(new Error(`text of ${type}`), { name: 'KafkaJSProtocolError', type, retriable });
const wrapped = (name: string, cause: unknown) =>
  Object.assign(new Error('wrapped'), { name, cause, retriable: false });

describe('what went wrong at the brokers', () => {
  it.each([
    ['a leader that moved', protocol('NOT_LEADER_FOR_PARTITION')],
    ['a coordinator that moved', protocol('NOT_COORDINATOR_FOR_GROUP')],
    ['a coordinator that is busy', protocol('CONCURRENT_TRANSACTIONS')],
    ['what the protocol marks', protocol('SOMETHING_NEW', true)],
    ['a closed connection', Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' })],
    ['no answer', Object.assign(new Error('late'), { name: 'KafkaJSRequestTimeoutError' })],
    ['attempts of the client that ran out', wrapped('KafkaJSNumberOfRetriesExceeded', protocol('ANY'))],
    [
      'an outage in the client’s own wrapping',
      wrapped('KafkaJSNonRetriableError', protocol('NOT_LEADER_FOR_PARTITION')),
    ],
    [
      'a broker that is away, in the client’s own wrapping',
      wrapped('KafkaJSNonRetriableError', Object.assign(new Error('away'), { name: 'KafkaJSConnectionError' })),
    ],
  ])('can be tried again: %s', (_, thrown) => {
    expect(isRetriable(thrown)).toBe(true);
  });

  it.each([
    ['a refusal', protocol('TOPIC_AUTHORIZATION_FAILED')],
    ['a record that is too large', protocol('MESSAGE_TOO_LARGE')],
    ['a wrong password', protocol('SASL_AUTHENTICATION_FAILED', true)],
    [
      'a wrong password by name',
      Object.assign(new Error('no'), { name: 'KafkaJSSASLAuthenticationError', retriable: true }),
    ],
    ['a fault of ours', new FloodgateError('internal', 'no')],
    ['a bug', new TypeError('no')],
    ['nothing', null],
    ['a refusal in the client’s own wrapping', wrapped('KafkaJSNonRetriableError', protocol('MESSAGE_TOO_LARGE'))],
  ])('cannot be tried again: %s', (_, thrown) => {
    expect(isRetriable(thrown)).toBe(false);
  });

  // Goal: a rebalance during a commit came as an error of the client's own around the broker's answer.
  it('is found behind the errors of the client around it, and behind no others', () => {
    const illegal = protocol('ILLEGAL_GENERATION');
    expect(typeOf(illegal)).toBe('ILLEGAL_GENERATION');
    expect(typeOf(wrapped('KafkaJSNonRetriableError', illegal))).toBe('ILLEGAL_GENERATION');
    expect(typeOf(wrapped('KafkaJSNumberOfRetriesExceeded', illegal))).toBe('ILLEGAL_GENERATION');
    expect(typeOf(wrapped('Error', illegal))).toBeUndefined();
    expect(typeOf(undefined)).toBeUndefined();
  });

  it('becomes log_failed with what the broker said, and what was being done', () => {
    const failure = toLogFailure(protocol('MESSAGE_TOO_LARGE'), 'writing to uploads');
    expect([failure.code, failure.message]).toEqual([
      'log_failed',
      'writing to uploads: MESSAGE_TOO_LARGE: text of MESSAGE_TOO_LARGE',
    ]);
    const lost = new FloodgateError('partition_lost', 'gone');
    expect(toLogFailure(lost, 'settling')).toBe(lost);
    expect(toLogFailure('odd', 'settling').message).toBe('settling: odd');
  });

  it('is a certificate by its code, also behind attempts of the client', () => {
    const refused = Object.assign(new Error('no'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
    expect(isCertificateRefused(refused)).toBe(true);
    expect(isCertificateRefused(wrapped('KafkaJSNumberOfRetriesExceeded', refused))).toBe(true);
    expect(isCertificateRefused(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }))).toBe(false);
    expect(isCertificateRefused(undefined)).toBe(false);
  });

  it('is waited out longer and longer, within bounds', () => {
    for (const attempt of [0, 1, 5, 60, 2_000]) {
      const most = Math.min(limits.kafkaRetryMsFirst * 2 ** attempt, limits.kafkaRetryMsMax);
      const pauses = Array.from({ length: 50 }, () => retryPauseMs(attempt));
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most / 2);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
    }
  });
});
