import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { contentOf, fakeParts, forgetSeen, startFakeServer } from '../../support/http-fakes.ts';
import { formOf } from '../../support/multipart-form.ts';

const shared = fakeParts();
let server: HttpServer;
beforeAll(async () => {
  server = await startFakeServer(shared);
});
afterAll(() => server.close());

function start() {
  forgetSeen(shared);
  return { parts: shared, app: server.app };
}

const frames = [{ timeMs: 0, hash: 'a'.repeat(64), quality: 90 }];

describe('POST /v1/bank', () => {
  it.each([
    ['a uri', { uri: 'https://known.example/1.mp4' }],
    ['frames', { frames }],
  ])('adds content by %s', async (_name, source) => {
    const { app, parts } = start();
    const payload = { contentId: 'incident-42/video-1', labels: ['x'], ...source };
    const answer = await app.inject({ method: 'POST', url: '/v1/bank', payload });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.location).toBe('/v1/bank/incident-42%2Fvideo-1');
    expect(answer.json()).toMatchObject({ contentId: 'incident-42/video-1', labels: ['x'] });
    expect(parts.seen.added[0]?.addition).toEqual(payload);
  });

  it('adds content by file, and takes the file away afterwards', async () => {
    const { app, parts } = start();
    const form = formOf(
      { contentId: 'c1', bank: 'second', labels: ['a, b', 'c'] },
      { bytes: 'film', type: 'video/mp4' },
    );
    const answer = await app.inject({ method: 'POST', url: '/v1/bank', ...form });
    expect(answer.statusCode).toBe(201);
    expect(parts.seen.added[0]).toMatchObject({
      addition: { contentId: 'c1', bank: 'second', labels: ['a', 'b', 'c'] },
      file: { bytes: 4 },
    });
    expect(parts.seen.files.size).toBe(0);
  });

  it('takes the file away when the content is refused', async () => {
    const fakes = fakeParts();
    const bank = { ...fakes.bank, add: () => Promise.reject(new FloodgateError('undecodable', 'not a film')) };
    const refusing = await startFakeServer({ ...fakes, bank });
    const answer = await refusing.app.inject({ method: 'POST', url: '/v1/bank', ...formOf({}, { bytes: 'b' }) });
    await refusing.close();
    expect(answer.json()).toMatchObject({ status: 422, code: 'undecodable', detail: 'not a film' });
    expect(fakes.seen.files.size).toBe(0);
  });

  it.each([
    ['no source', {}, '/uri'],
    ['two sources', { uri: 'https://a.example/1', frames }, '/uri'],
    ['a bank name in capitals', { uri: 'https://a.example/1', bank: 'BANK' }, '/bank'],
    ['a hash that is too short', { frames: [{ ...frames[0], hash: 'abc' }] }, '/frames/0/hash'],
  ])('refuses %s', async (_name, payload, pointer) => {
    const { app, parts } = start();
    const answer = await app.inject({ method: 'POST', url: '/v1/bank', payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0].pointer).toBe(pointer);
    expect(parts.seen.added).toEqual([]);
  });

  it('refuses a form with a uri besides the file', async () => {
    const { app, parts } = start();
    const form = formOf({ uri: 'https://a.example/1' }, { bytes: 'b' });
    const answer = await app.inject({ method: 'POST', url: '/v1/bank', ...form });
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ pointer: '/uri' }] });
    expect(parts.seen.files.size).toBe(0);
  });
});

describe('/v1/bank/{contentId}', () => {
  it.each(['/v1/bank/incident-42%2Fvideo-1', '/v1/bank/incident-42/video-1'])('gives and removes %s', async (url) => {
    const { app, parts } = start();
    parts.seen.contents.set('incident-42/video-1', contentOf());
    expect((await app.inject(url)).json()).toEqual(contentOf());
    const removed = await app.inject({ method: 'DELETE', url });
    expect([removed.statusCode, removed.body]).toEqual([204, '']);
    expect((await app.inject(url)).json()).toMatchObject({ status: 404, code: 'not_found' });
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(404);
  });
});

describe('GET /v1/bank', () => {
  it('pages by contentId and filters by bank', async () => {
    const { app, parts } = start();
    for (const id of ['a', 'b', 'c']) parts.seen.contents.set(id, contentOf({ contentId: id }));
    parts.seen.contents.set('d', contentOf({ contentId: 'd', bank: 'second' }));
    const first = (await app.inject('/v1/bank?limit=2')).json();
    const second = (await app.inject(`/v1/bank?limit=2&cursor=${first.nextCursor}`)).json();
    const ids = [first, second].map((page) => page.items.map((item: { contentId: string }) => item.contentId));
    expect(ids).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(second.nextCursor).toBeNull();
    expect((await app.inject('/v1/bank?bank=second')).json().items).toHaveLength(1);
  });
});
