import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLetterRecord } from '../../../src/admit/dead-letters.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { deskOn, fakeParts, startFakeServer } from '../../support/http-fakes.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const log = new MemoryLog();
let server: HttpServer;
beforeAll(async () => {
  server = await startFakeServer(fakeParts({ deadLetters: deskOn(log) }));
  const headers = { ce_id: 'e1' };
  for (const key of ['a', 'b', 'c']) {
    const record = {
      topic: 'uploads',
      key,
      value: Buffer.from('{'),
      headers,
      partition: 0,
      offset: 1,
      timestampMs: 0,
    } as const;
    const burial = { code: 'invalid_json', detail: 'no', at: '2026-11-22T10:00:00Z', appVersion: '1' } as const;
    await log.append([deadLetterRecord({ ...record, offset: key.charCodeAt(0) }, burial)]);
  }
});
afterAll(() => server.close());

const get = async (url: string) => (await server.app.inject({ url })).json();
const post = (url: string, payload?: object) =>
  server.app.inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }) });

describe('/v1/dead-letters', () => {
  it('lists page by page, and shows one', async () => {
    const first = await get('/v1/dead-letters?limit=2');
    expect(first).toMatchObject({ items: [{ key: 'c' }, { key: 'b', id: '0-1' }], nextCursor: '0-1' });
    const rest = await get(`/v1/dead-letters?code=invalid_json&cursor=${first.nextCursor}`);
    expect(rest).toMatchObject({ items: [{ key: 'a' }], nextCursor: null });
    expect(await get('/v1/dead-letters/0-0')).toMatchObject({ key: 'a', value: '{', facts: { attempt: 1 } });
  });

  it.each([
    ['/v1/dead-letters?code=else', 'invalid_request'],
    ['/v1/dead-letters?cursor=x', 'invalid_request'],
    ['/v1/dead-letters/else', 'invalid_request'],
    ['/v1/dead-letters/0-99', 'not_found'],
  ])('%s is answered with %s', async (url, code) => {
    expect(await get(url)).toMatchObject({ code });
  });

  it('replays one, with a value of its own or a corrected one', async () => {
    const replayed = await post('/v1/dead-letters/0-0/replay');
    expect(replayed.statusCode).toBe(202);
    expect(replayed.json()).toEqual({ id: '0-0', attempt: 2, position: { partition: 0, offset: 0 } });
    await post('/v1/dead-letters/0-0/replay', { value: 'é' });
    await post('/v1/dead-letters/0-0/replay', { value: '//4=', valueEncoding: 'base64' });
    const values = (await log.read('uploads', { partition: 0, offset: 0 }, 9)).map(({ value }) => value);
    expect(values.map((value) => Buffer.from(value ?? []))).toEqual([
      Buffer.from('{'),
      Buffer.from('é'),
      Buffer.from([255, 254]),
    ]);
    expect((await post('/v1/dead-letters/0-0/replay', { values: 'x' })).json()).toMatchObject({
      code: 'invalid_request',
    });
  });

  it('replays all of one code when their number is right', async () => {
    const wrong = await post('/v1/dead-letters/replay', { code: 'invalid_json', count: 2 });
    expect(wrong.json()).toMatchObject({ code: 'conflict', detail: expect.stringContaining('3 events') });
    const right = await post('/v1/dead-letters/replay', { code: 'invalid_json', count: 3 });
    expect({ status: right.statusCode, body: right.json() }).toEqual({ status: 202, body: { replayed: 3 } });
    expect((await post('/v1/dead-letters/replay')).json()).toMatchObject({ code: 'invalid_request' });
  });
});
