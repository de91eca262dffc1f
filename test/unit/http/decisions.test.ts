import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpServer } from '../../../src/http/server.ts';
import { decisionOf, matchOf } from '../../support/decisions.ts';
import { fakeParts, startFakeServer } from '../../support/http-fakes.ts';

const parts = fakeParts();
let server: HttpServer;

beforeAll(async () => {
  server = await startFakeServer(parts);
  for (let index = 0; index < 7; index += 1) {
    const outcome = index % 2 === 0 ? 'block' : 'allow';
    parts.decisions.add(decisionOf(outcome, { uploadId: `u${index}` }));
  }
  parts.decisions.add(
    decisionOf('review', { uploadId: 'a/b', matches: [matchOf({ contentId: 'x', bank: 'second' })] }),
  );
  parts.decisions.add(decisionOf('allow', { uploadId: 'a/b', revision: 2, decidedAt: '2026-11-23T00:00:00.000Z' }));
});
afterAll(() => server.close());

const get = async (url: string) => server.app.inject(url);
const idsOf = (body: { items: { decision: { uploadId: string } }[] }) =>
  body.items.map((item) => item.decision.uploadId);

describe('GET /v1/decisions/{uploadId}', () => {
  it('gives the highest revision, or the one asked for', async () => {
    expect((await get('/v1/decisions/a%2Fb')).json()).toMatchObject({ revision: 2, outcome: 'allow' });
    expect((await get('/v1/decisions/a%2Fb?revision=1')).json()).toMatchObject({ revision: 1, outcome: 'review' });
  });

  it('answers 404 until the upload is decided', async () => {
    const answer = await get('/v1/decisions/u99');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'not_found', instance: '/v1/decisions/u99' });
  });

  it('names a revision that is no number', async () => {
    const answer = await get('/v1/decisions/u1?revision=last');
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/query/revision' }] });
  });
});

describe('GET /v1/decisions', () => {
  it('walks all pages, newest first, each decision once', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = (await get(`/v1/decisions?limit=4${cursor}`)).json();
      seen.push(...idsOf(page));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(['a/b', 'a/b', 'u6', 'u5', 'u4', 'u3', 'u2', 'u1', 'u0']);
  });

  it.each([
    ['outcome=review', ['a/b']],
    ['reason=matched', ['u6', 'u4', 'u2', 'u0']],
    ['bank=second', ['a/b']],
    ['contentId=x', ['a/b']],
    ['since=2026-11-22T12:00:00Z', ['a/b']],
    ['outcome=block&limit=1', ['u6']],
  ])('filters by %s', async (query, expected) => {
    expect(idsOf((await get(`/v1/decisions?${query}`)).json())).toEqual(expected);
  });

  it.each([
    ['outcome=maybe', '/query/outcome'],
    ['limit=0', '/query/limit'],
    ['limit=501', '/query/limit'],
    ['cursor=abc', '/query/cursor'],
    ['since=monday', '/query/since'],
    ['colour=red', '/query/colour'],
  ])('refuses %s and names it', async (query, pointer) => {
    const answer = await get(`/v1/decisions?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });
});
