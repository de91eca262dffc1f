import { afterEach, describe, expect, it } from 'vitest';
import type { HttpParts } from '../../../src/http/parts.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { fakeParts, startFakeServer } from '../../support/http-fakes.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(overrides: Omit<Partial<HttpParts>, 'decisions'> = {}) {
  const server = await startFakeServer(fakeParts(overrides));
  servers.push(server);
  return server.app;
}

const unready = {
  ready: false,
  components: { log: { ready: false, why: 'the disk is full' }, bank: { ready: true, why: null } },
};

describe('health', () => {
  it('says ok', async () => {
    const app = await start();
    for (const url of ['/livez', '/readyz']) {
      const answer = await app.inject(url);
      expect([answer.statusCode, answer.body]).toEqual([200, 'ok']);
    }
  });

  it('says why not', async () => {
    const app = await start({ health: { unlive: () => 'the consumer stands still', readiness: () => unready } });
    expect(await app.inject('/livez')).toMatchObject({ statusCode: 503, body: 'the consumer stands still' });
    expect(await app.inject('/readyz')).toMatchObject({ statusCode: 503, body: 'log: the disk is full' });
    const verbose = await app.inject('/readyz?verbose');
    expect([verbose.statusCode, verbose.json()]).toEqual([503, unready]);
  });
});

describe('GET /metrics, /v1/status and /v1/policy', () => {
  it('give what the service gives', async () => {
    const parts = fakeParts();
    const app = await start();
    const metrics = await app.inject('/metrics');
    expect(metrics.headers['content-type']).toBe(parts.metrics.contentType);
    expect(metrics.body).toBe(await parts.metrics.text());
    expect((await app.inject('/v1/status')).json()).toEqual(parts.status());
    expect((await app.inject('/v1/policy')).json()).toEqual(parts.policy());
  });
});

describe('pages', () => {
  it('forbid inline scripts and framing', async () => {
    const app = await start();
    const page = await app.inject('/');
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(page.headers['content-security-policy']).not.toContain('unsafe-inline');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
  });

  it('show the API without asking another machine', async () => {
    const app = await start();
    const page = await app.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/(src|href)="https?:/);
  });
});

describe('request metrics', () => {
  it('count by the pattern of the route, and come back to none in flight', async () => {
    const counted: [string, string, number][] = [];
    let inFlight = -1;
    const telemetry = silentTelemetry({
      requestFinished: (method, route, status) => counted.push([method, route, status]),
      requestsInFlight: (count) => {
        inFlight = count;
      },
    });
    const app = await start({ telemetry });
    await app.inject('/v1/decisions/some-upload');
    await app.inject('/v1/bank/a/b');
    await app.inject('/not/there');
    await app.inject({ method: 'POST', url: '/v1/uploads', payload: {} });
    expect(counted).toEqual([
      ['GET', '/v1/decisions/:uploadId', 404],
      ['GET', '/v1/bank/*', 404],
      ['GET', 'unmatched', 404],
      ['POST', '/v1/uploads', 400],
    ]);
    expect(inFlight).toBe(0);
  });
});
