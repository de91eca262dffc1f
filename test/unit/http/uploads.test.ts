import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import type { HttpParts } from '../../../src/http/parts.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { decisionOf } from '../../support/decisions.ts';
import { type FakeParts, fakeParts, forgetSeen, startFakeServer } from '../../support/http-fakes.ts';
import { formOf } from '../../support/multipart-form.ts';

const shared = fakeParts();
const servers: HttpServer[] = [];
beforeAll(async () => {
  servers.push(await startFakeServer(shared));
});
afterAll(async () => {
  for (const server of servers) await server.close();
});

/** The shared server, with nothing seen yet; or one of its own for a test that needs other parts, or closes it. */
async function start(overrides?: Omit<Partial<HttpParts>, 'decisions'>) {
  forgetSeen(shared);
  const parts: FakeParts = overrides === undefined ? shared : fakeParts(overrides);
  if (overrides !== undefined) servers.push(await startFakeServer(parts));
  const { app } = (overrides === undefined ? servers[0] : servers.at(-1)) as HttpServer;
  const post = (payload: unknown, headers: Record<string, string> = {}, query = '') =>
    app.inject({ method: 'POST', url: `/v1/uploads${query}`, headers, payload: payload as object });
  return { parts, app, post };
}

const content = { uri: 'https://uploads.example/8c1f.mp4' };

describe('POST /v1/uploads with JSON', () => {
  it('answers 202 with the ids and where the decision will be', async () => {
    const { parts, post } = await start();
    const answer = await post({ uploadId: 'a/b', content, uploadedAt: '2026-11-22T10:00:00.000Z' });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({
      uploadId: 'a/b',
      eventId: 'made-0',
      position: { partition: 0, offset: 0 },
      decision: '/v1/decisions/a%2Fb',
    });
    expect(answer.headers.location).toBe('/v1/decisions/a%2Fb');
    expect(parts.seen.submitted[0]?.event).toEqual({
      uploadId: 'a/b',
      content,
      uploadedAt: '2026-11-22T10:00:00.000Z',
    });
  });

  it('makes up uploadId and uploadedAt when they are left out', async () => {
    const { parts, post } = await start();
    const first = (await post({ content })).json();
    const second = (await post({ content })).json();
    expect(first.uploadId).toMatch(/^upload-[0-9a-f-]{36}$/);
    expect(second.uploadId).not.toBe(first.uploadId);
    expect(Date.parse(parts.seen.submitted[0]?.event.uploadedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('takes the event id from Idempotency-Key, and derives the same uploadId from it each time', async () => {
    const { parts, post } = await start();
    const first = await post({ content }, { 'idempotency-key': '"key-1"' });
    const again = await post({ content }, { 'idempotency-key': 'key-1' });
    expect(parts.seen.submitted.map((each) => each.eventId)).toEqual(['key-1', 'key-1']);
    expect(again.json().uploadId).toBe(first.json().uploadId);
  });

  it('takes a CloudEvent in binary mode', async () => {
    const { parts, post } = await start();
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'event-9',
      'ce-source': '/uploads/web',
      'ce-type': 'io.floodgate.upload.v1',
      'ce-subject': 'upload-9',
      'ce-time': '2026-11-22T10:00:00Z',
    };
    expect((await post({ content }, headers)).statusCode).toBe(202);
    expect(parts.seen.submitted).toEqual([
      { event: { uploadId: 'upload-9', uploadedAt: '2026-11-22T10:00:00Z', content }, eventId: 'event-9' },
    ]);
  });

  it('takes a CloudEvent in structured mode', async () => {
    const { parts, post } = await start();
    const event = { specversion: '1.0', id: 'event-3', source: '/web', type: 'io.floodgate.upload.v1' };
    const type = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    expect((await post(JSON.stringify({ ...event, data: { uploadId: 'u3', content } }), type)).statusCode).toBe(202);
    expect(parts.seen.submitted[0]).toMatchObject({ eventId: 'event-3', event: { uploadId: 'u3' } });
    const foreign = await post(JSON.stringify({ ...event, type: 'com.example.other', data: { content } }), type);
    expect(foreign.json()).toMatchObject({ code: 'invalid_event', errors: [{ pointer: '/type' }] });
  });

  it.each([
    ['two ids that differ', { 'ce-id': 'a', 'idempotency-key': 'b' }, '/headers/idempotency-key'],
    ['another version of CloudEvents', { 'ce-id': 'a', 'ce-specversion': '0.3' }, '/headers/ce-specversion'],
    ['an id with spaces', { 'ce-id': 'a b' }, '/headers/ce-id'],
    ['an id that is too long', { 'ce-id': 'x'.repeat(257) }, '/headers/ce-id'],
  ])('refuses %s', async (_name, headers: Record<string, string>, pointer) => {
    const { post } = await start();
    const answer = await post({ content }, headers);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  it('holds the subject of the envelope to the schema of uploadId', async () => {
    const { post } = await start();
    const answer = await post({ content }, { 'ce-id': 'a', 'ce-subject': 'x'.repeat(300) });
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ pointer: '/uploadId' }] });
  });

  it.each([
    ['no content', {}, '/content'],
    ['a URI of another kind', { content: { uri: 'gopher://x/y' } }, '/content/uri'],
    ['a property nobody knows', { content, colour: 'red' }, '/colour'],
    ['a time that is none', { content, uploadedAt: 'yesterday' }, '/uploadedAt'],
    ['a digest in capitals', { content, sha256: 'A'.repeat(64) }, '/sha256'],
  ])('refuses %s and names the field', async (_name, body, pointer) => {
    const { post, parts } = await start();
    const answer = await post(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.json()).toMatchObject({ code: 'invalid_event', type: '/docs/problems/invalid_event' });
    expect(answer.json().errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(parts.seen.submitted).toEqual([]);
  });

  it.each(['overloaded', 'log_full'] as const)('answers 503 with Retry-After when the intake says %s', async (code) => {
    const intake = { ...fakeParts().intake, submit: () => Promise.reject(new FloodgateError(code, 'no room')) };
    const { post } = await start({ intake });
    const answer = await post({ content });
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.json()).toMatchObject({ code, detail: 'no room' });
  });
});

describe('POST /v1/uploads?wait=', () => {
  it('answers 200 with the decision when it comes in time', async () => {
    const { post, parts } = await start();
    const pending = post({ uploadId: 'u1', content }, {}, '?wait=10s');
    setTimeout(() => parts.decisions.add(decisionOf('block', { uploadId: 'u1' })), 30);
    const answer = await pending;
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(decisionOf('block', { uploadId: 'u1' }));
  });

  it('answers 202 when it does not', async () => {
    const { post } = await start();
    expect((await post({ content }, {}, '?wait=0.05')).statusCode).toBe(202);
  });

  it.each(['61', '1e9', '-1', 'soon', '10m'])('refuses wait=%s', async (wait) => {
    const { post, parts } = await start();
    const answer = await post({ content }, {}, `?wait=${wait}`);
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/query/wait' }] });
    expect(parts.seen.submitted).toEqual([]);
  });

  it('lets a waiting request go when the server closes', async () => {
    const { post, app } = await start({});
    const pending = post({ content }, {}, '?wait=30');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedMs = performance.now();
    await app.close();
    expect((await pending).statusCode).toBe(202);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

describe('POST /v1/uploads with a file', () => {
  it('spools the file and submits its uri', async () => {
    const { post, parts } = await start();
    const { payload, headers } = formOf(
      { uploadId: 'u7', context: '{"a":1}' },
      { bytes: 'the film', type: 'video/mp4' },
    );
    const answer = await post(payload, headers);
    expect(answer.statusCode).toBe(202);
    const [submitted] = parts.seen.submitted;
    expect(submitted?.event).toMatchObject({ uploadId: 'u7', context: { a: 1 }, mediaType: 'video/mp4' });
    const [[uri, bytes] = []] = [...parts.seen.files];
    expect(submitted?.event.content).toEqual({ uri });
    expect(bytes?.toString()).toBe('the film');
  });

  it('takes all fields from one event part', async () => {
    const { post, parts } = await start();
    const { payload, headers } = formOf({ event: JSON.stringify({ uploadId: 'u8', uploaderId: 'x' }) }, { bytes: 'b' });
    expect((await post(payload, headers)).statusCode).toBe(202);
    expect(parts.seen.submitted[0]?.event).toMatchObject({ uploadId: 'u8', uploaderId: 'x' });
  });

  it.each([
    ['a field nobody knows', formOf({ colour: 'red' }, { bytes: 'b' }), 400, '/colour'],
    ['context that is no JSON', formOf({ context: '{' }, { bytes: 'b' }), 400, '/context'],
    ['an event that is no object', formOf({ event: '[1]' }, { bytes: 'b' }), 400, '/event'],
    ['content besides the file', formOf({ event: JSON.stringify({ content }) }, { bytes: 'b' }), 400, '/content'],
    ['no file', formOf({ uploadId: 'u' }), 400, '/file'],
    ['a file part of another name', formOf({}, { bytes: 'b', name: 'movie' }), 400, '/movie'],
  ])('refuses %s, and keeps no file', async (_name, form, status, pointer) => {
    const { post, parts } = await start();
    const answer = await post(form.payload, form.headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().errors[0].pointer).toBe(pointer);
    expect(parts.seen.files.size).toBe(0);
    expect(parts.seen.submitted).toEqual([]);
  });

  it('refuses a file over the limit, and keeps no file', async () => {
    const { post, parts } = await start();
    const { payload, headers } = formOf({}, { bytes: 'x'.repeat(10_001) });
    const answer = await post(payload, headers);
    expect(answer.json()).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect(parts.seen.files.size).toBe(0);
  });

  it('takes the file away again when the event is not accepted', async () => {
    const full = new FloodgateError('overloaded', 'the backlog is full');
    const { post, parts } = await start({ intake: { ...fakeParts().intake, submit: () => Promise.reject(full) } });
    const { payload, headers } = formOf({}, { bytes: 'b' });
    expect((await post(payload, headers)).statusCode).toBe(503);
    expect(parts.seen.files.size).toBe(0);
  });

  it('refuses a form that breaks off', async () => {
    const { post, parts } = await start();
    const { payload, headers } = formOf({}, { bytes: 'x'.repeat(500) });
    const answer = await post(payload.subarray(0, payload.length - 200), headers);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toBe('invalid_request');
    expect(parts.seen.files.size).toBe(0);
  });
});
