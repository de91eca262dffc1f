/** Goal: without a token nobody but this machine gets in, and no web page of another site through its browser. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpServer } from '../../../src/http/server.ts';
import { fakeParts, startFakeServer } from '../../support/http-fakes.ts';
import { formOf } from '../../support/multipart-form.ts';

const tokens = ['first-token-0123456789', 'second-token-0123456789'];
let guarded: HttpServer['app'];
let open: HttpServer['app'];

beforeAll(async () => {
  guarded = (await startFakeServer(fakeParts(), { tokens, host: '0.0.0.0' })).app;
  open = (await startFakeServer()).app;
});
afterAll(async () => {
  await guarded.close();
  await open.close();
});

/** Listens on every address, which is allowed with tokens. */
describe('with tokens', () => {
  it.each([
    ['none', undefined],
    ['a wrong one', 'Bearer wrong-token-0123456789'],
    ['another scheme', 'Basic Zmlyc3Q6dG9rZW4='],
    ['part of one', 'Bearer first-token'],
  ])('refuses /v1 with %s', async (_name, authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    for (const url of ['/v1/decisions', '/v1/bank', '/v1/status', '/v1/policy', '/v1/decisions/stream']) {
      const answer = await guarded.inject({ url, headers });
      expect(answer.statusCode, url).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(answer.json()).toMatchObject({ code: 'unauthorized', type: '/docs/problems/unauthorized' });
    }
  });

  it('takes each of them, whatever the case of the scheme', async () => {
    for (const authorization of [`Bearer ${tokens[0]}`, `bearer ${tokens[1]}`]) {
      expect((await guarded.inject({ url: '/v1/status', headers: { authorization } })).statusCode).toBe(200);
    }
  });

  it('asks for none where there is no data', async () => {
    for (const url of ['/livez', '/readyz', '/metrics', '/', '/live/main.js', '/docs', '/openapi.json']) {
      expect((await guarded.inject(url)).statusCode, url).toBe(200);
    }
  });
});

describe('without tokens', () => {
  it.each(['0.0.0.0', '::', '192.168.1.4', 'floodgate.example'])('refuses to listen on %s', async (host) => {
    await expect(startFakeServer(fakeParts(), { host })).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a page of another port', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:3000' }],
    ['another origin, from an old browser', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a name that resolves to this machine', { host: 'evil.example' }],
  ])('refuses %s', async (_name, headers: Record<string, string>) => {
    const form = formOf({}, { bytes: 'b' });
    const answer = await open.inject({
      method: 'POST',
      url: '/v1/bank',
      payload: form.payload,
      headers: { ...form.headers, ...headers },
    });
    expect(answer.json()).toMatchObject({ status: 403, code: 'forbidden_origin' });
  });

  it.each([
    { host: 'localhost:8080' },
    { host: '127.0.0.1:8080' },
    { host: '[::1]:8080' },
    { host: '127.0.0.1:8080', origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' },
  ])('serves this machine: %o', async (headers: Record<string, string>) => {
    expect((await open.inject({ url: '/v1/status', headers })).statusCode).toBe(200);
  });
});
