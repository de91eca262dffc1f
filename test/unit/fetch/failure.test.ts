import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import { explainNetworkFailure, explainStatus } from '../../../src/fetch/failure.ts';
import { TemporaryFailure } from '../../../src/fetch/retry.ts';

const failing = (code: string) => Object.assign(new Error('https://host/path?sig=s3cr3t'), { code });

describe('explainNetworkFailure', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN', 'CONNECT_TIMEOUT'])('%s may pass', (code) => {
    const failure = explainNetworkFailure(failing(code), 'https://host');
    expect(failure).toMatchObject({ error: { code: 'unreachable' } });
    expect(failure.message).toBe(`https://host could not be read: ${code}`);
  });

  it.each(['ENOTFOUND', 'CERT_HAS_EXPIRED', 'HPE_INVALID_CONSTANT', 'EPROTO'])('%s stays', (code) => {
    expect(explainNetworkFailure(failing(code), 'https://host')).toMatchObject({ code: 'unreachable' });
  });

  it.each(['HEADERS_TIMEOUT', 'BODY_TIMEOUT'])('%s may pass, and is timed_out otherwise', (code) => {
    expect(explainNetworkFailure(failing(code), 'https://host')).toMatchObject({ error: { code: 'timed_out' } });
  });

  it('leaves what is explained already as it is', () => {
    const error = new FloodgateError('too_large', 'x');
    const temporary = new TemporaryFailure(error);
    expect(explainNetworkFailure(error, 'https://host')).toBe(error);
    expect(explainNetworkFailure(temporary, 'https://host')).toBe(temporary);
  });

  it('gives anything thrown a code', () => {
    expect(explainNetworkFailure('text', 'https://host')).toMatchObject({ code: 'unreachable' });
    expect(explainNetworkFailure(new TypeError('x'), 'https://host').message).toContain('TypeError');
  });
});

describe('explainStatus', () => {
  it.each([408, 425, 429, 500, 503, 599])('%i may pass', (status) => {
    expect(explainStatus(status, 'https://host')).toMatchObject({ error: { code: 'unreachable' }, pauseMs: 0 });
  });

  it.each([204, 206, 304, 400, 401, 403, 404, 410, 451])('%i stays', (status) => {
    expect(explainStatus(status, 'https://host')).toMatchObject({ code: 'unreachable' });
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    ['-1', 0],
    ['soon', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('reads Retry-After "%s" as %i ms', (header, pauseMs) => {
    expect(explainStatus(503, 'https://host', header)).toMatchObject({ pauseMs });
  });

  it('reads Retry-After as a date', () => {
    const failure = explainStatus(503, 'https://host', new Date(Date.now() + 60_000).toUTCString());
    expect((failure as TemporaryFailure).pauseMs).toBeGreaterThan(50_000);
  });
});
