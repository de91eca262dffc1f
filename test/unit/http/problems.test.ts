/** Goal: whatever goes wrong, and wherever, the answer is problem details with a documented code and no secrets. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { errorKinds, FloodgateError } from '../../../src/errors.ts';
import { problemOf } from '../../../src/http/problems.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { fakeParts, startFakeServer } from '../../support/http-fakes.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';

const failures: unknown[] = [];
let server: HttpServer;

beforeAll(async () => {
  const telemetry = silentTelemetry({ failed: (_what, error) => failures.push(error) });
  const policy = () => {
    throw new Error('password=hunter2');
  };
  server = await startFakeServer(fakeParts({ telemetry, policy }));
});
afterAll(() => server.close());

async function post(payload: string, type = 'application/json') {
  return server.app.inject({ method: 'POST', url: '/v1/uploads', payload, headers: { 'content-type': type } });
}

describe('problem details', () => {
  it.each([
    ['broken JSON', () => post('{"a":'), 'invalid_request'],
    ['an empty body', () => post(''), 'invalid_request'],
    ['a prototype in disguise', () => post('{"__proto__":{"a":1}}'), 'invalid_request'],
    ['another content type', () => post('<a/>', 'application/xml'), 'unsupported'],
    ['a body over the limit', () => post(`"${'x'.repeat(limits.requestBytesMax)}"`), 'payload_too_large'],
    ['an unknown route', () => server.app.inject('/v1/nothing?token=secret'), 'not_found'],
    ['another method', () => server.app.inject({ method: 'PUT', url: '/v1/uploads' }), 'not_found'],
    ['a broken path', () => server.app.inject('/v1/decisions/%E0%A4%A'), 'invalid_request'],
    ['a path that is too long', () => server.app.inject(`/v1/decisions/${'x'.repeat(2_000)}`), 'invalid_request'],
    ['a file outside the live page', () => server.app.inject('/live/..%2Fserver.ts'), 'not_found'],
    ['a form without a boundary', () => post('x', 'multipart/form-data'), 'invalid_request'],
  ] as const)('tell of %s', async (_name, ask, code) => {
    const answer = await ask();
    const problem = answer.json();
    expect(problem).toMatchObject({ code, status: errorKinds[code].status, title: errorKinds[code].title });
    expect(answer.statusCode).toBe(problem.status);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(problem.requestId).toBe(answer.headers['x-request-id'] ?? problem.requestId);
    expect(problem.instance).not.toContain('secret');
  });

  it('hide what an unexpected fault says, and log it', async () => {
    const answer = await server.app.inject('/v1/policy');
    expect(answer.json()).toMatchObject({ status: 500, code: 'internal' });
    expect(answer.body).not.toContain('hunter2');
    expect(failures).toHaveLength(1);
  });

  it('lead to a page for every code', async () => {
    for (const code of Object.keys(errorKinds)) {
      const { type } = problemOf(new FloodgateError(code as keyof typeof errorKinds, ''), '/', 'id');
      const page = await server.app.inject(type);
      expect(page.statusCode, code).toBe(200);
      expect(page.body).toContain('What to do');
    }
    expect((await server.app.inject('/docs/problems/constructor')).statusCode).toBe(404);
  });

  it('answer what is not HTTP', async () => {
    const { address } = await server.listen();
    const { hostname, port } = new URL(address);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('NONSENSE\r\n\r\n'));
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk;
      });
      socket.on('end', () => resolve(received));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text).toContain('application/problem+json');
  });
});
