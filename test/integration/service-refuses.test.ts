/** Goal: what the service cannot or must not take is refused with a code and a remedy, and nothing accepted is lost. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionList } from '../../src/contracts/api.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { startOrigin } from '../support/loopback-origin.ts';
import type { ServedProcess } from '../support/served-process.ts';
import {
  addKnown,
  call,
  decide,
  picture,
  postFile,
  postJson,
  Rig,
  spooledFiles,
  startHeldOrigin,
} from '../support/service-calls.ts';

describe('a log without room', () => {
  const rig = new Rig();
  afterEach(() => rig.close());

  it('takes no upload, keeps what it has, and goes on once there is room', async () => {
    const dataFolder = await rig.folder();
    const before = await rig.serve(dataFolder);
    await addKnown(before.url, await picture(1), { contentId: 'kept' });
    const decided = await decide(before.url, await picture(1), 'before');
    await before.stop('SIGTERM');

    const full = await rig.serve(dataFolder, { FLOODGATE_LOG_FREE_BYTES_MIN: String(2 ** 52) });
    const refused = await postFile(`${full.url}/v1/uploads`, await picture(2), { uploadId: 'refused' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'log_full', type: '/docs/problems/log_full' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const added = await postFile(`${full.url}/v1/bank`, await picture(3), { contentId: 'refused' });
    expect(added).toMatchObject({ status: 503, body: { code: 'log_full' } });
    const readiness = await call(`${full.url}/readyz?verbose`);
    expect(readiness).toMatchObject({ status: 503, body: { ready: false, components: { log: { ready: false } } } });
    expect((await call(`${full.url}/livez`)).status).toBe(200);
    expect((await call(`${full.url}/v1/decisions/before`)).body).toEqual(decided);
    expect(await spooledFiles(dataFolder)).toEqual([]);
    await full.stop('SIGTERM');

    const after = await rig.serve(dataFolder);
    expect(await decide(after.url, await picture(1), 'after')).toMatchObject({
      outcome: 'block',
      reason: 'exact_copy',
    });
    expect((await call(`${after.url}/v1/decisions/refused`)).status).toBe(404);
  });

  it('stops at its greatest size, and every upload that it took is decided', async () => {
    const { url } = await rig.serve(await rig.folder(), { FLOODGATE_LOG_BYTES_MAX: String(1024 * 1024) });
    const context = { padding: 'x'.repeat(8_000) };
    const hash = { timeMs: 0, hash: '5a'.repeat(32), quality: 100 };
    const taken: string[] = [];
    let status = 202;
    for (let number = 0; status === 202 && number < 2_000; number += 1) {
      const upload = { uploadId: `upload-${number}`, content: { frames: [hash] }, context };
      const answer = await postJson(`${url}/v1/uploads`, upload);
      status = answer.status;
      if (status === 202) taken.push(upload.uploadId);
      else expect(answer.body.code).toBe('log_full');
    }
    expect(status).toBe(503);
    expect((await call(`${url}/readyz`)).status).toBe(503);
    expect(taken.length).toBeGreaterThan(10);
    for (const uploadId of [taken[0], taken.at(-1)]) {
      await expect
        .poll(async () => (await call(`${url}/v1/decisions/${uploadId}`)).status, { timeout: 15_000 })
        .toBe(200);
    }
  });
});

describe('a full backlog', () => {
  const rig = new Rig();
  afterAll(() => rig.close());

  it('refuses uploads for a while, without keeping their bytes', async () => {
    const origin = await startHeldOrigin(await picture(1));
    rig.onClose(() => origin.close());
    const dataFolder = await rig.folder();
    const { url } = await rig.serve(dataFolder, { FLOODGATE_BACKLOG_MAX: '1', FLOODGATE_FETCH_ALLOW: '127.0.0.1' });
    await postJson(`${url}/v1/uploads`, { uploadId: 'slow', content: { uri: `${origin.url}/a.jpg` } });
    await origin.asked;
    const post = async () => postFile(`${url}/v1/uploads`, await picture(2), { uploadId: 'more' });
    await expect.poll(async () => (await post()).status).toBe(503);
    const refused = await post();
    expect(refused.body).toMatchObject({ code: 'overloaded', status: 503 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    origin.release();
    await expect.poll(async () => (await post()).status, { timeout: 5_000 }).toBe(202);
    await expect.poll(() => spooledFiles(dataFolder), { timeout: 5_000 }).toEqual([]);
  });
});

describe('an upload', () => {
  const rig = new Rig();
  let served: ServedProcess;
  let roots = '';
  beforeAll(async () => {
    roots = await rig.folder();
    served = await rig.serve(await rig.folder(), { FLOODGATE_FILE_ROOTS: roots });
  });
  afterAll(() => rig.close());

  it.each([
    [{ uploadId: 'a b', content: { uri: 'https://a.example/x' } }, '/uploadId'],
    [{ uploadId: 'a', content: {} }, '/content'],
    [{ uploadId: 'a', content: { uri: 'ftp://a.example/x' } }, '/content'],
    [{ uploadId: 'a', content: { uri: 'https://a.example/x' }, sha256: 'abc' }, '/sha256'],
    [{ uploadId: 'a', content: { uri: 'https://a.example/x' }, colour: 'red' }, ''],
  ])('that is not valid is refused by name of its field: %j', async (event, pointer) => {
    const { status, headers, body } = await postJson<{ code: string; errors: { pointer: string }[] }>(
      `${served.url}/v1/uploads`,
      event,
    );
    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body.code).toBe('invalid_event');
    expect(body.errors.map((error) => error.pointer.startsWith(pointer))).toContain(true);
  });

  const decideAt = (uri: string, url = served.url) =>
    postJson<Decision>(`${url}/v1/uploads?wait=20`, { content: { uri } }).then(({ body }) => body);

  it('from a folder that is not a root is not read', async () => {
    await writeFile(join(roots, 'inside.jpg'), await picture(1));
    const outside = join(await rig.folder(), 'outside.jpg');
    await writeFile(outside, await picture(1));
    expect(await decideAt(pathToFileURL(join(roots, 'inside.jpg')).href)).toMatchObject({ reason: 'no_match' });
    for (const path of [outside, '/etc/passwd', join(roots, 'absent.jpg')]) {
      const decision = await decideAt(pathToFileURL(path).href);
      const reason = path.startsWith(roots) ? 'unreachable' : 'forbidden_source';
      expect({ path, ...decision }).toMatchObject({ path, outcome: 'review', reason });
    }
  });

  it('from an address of this network is not fetched, unless it is allowed', async () => {
    const bytes = await picture(1);
    const origin = await startOrigin((_request, response) => response.end(bytes));
    rig.onClose(() => origin.close());
    expect(await decideAt(`${origin.url}/a.jpg`)).toMatchObject({ outcome: 'review', reason: 'forbidden_source' });
    expect(origin.connections()).toBe(0);
    const allowing = await rig.serve(await rig.folder(), { FLOODGATE_FETCH_ALLOW: '127.0.0.0/8' });
    expect(await decideAt(`${origin.url}/a.jpg`, allowing.url)).toMatchObject({ reason: 'no_match' });
    expect(origin.connections()).toBe(1);
  });

  it('that breaks off leaves no trace', async () => {
    const before = (await call<DecisionList>(`${served.url}/v1/decisions`)).body.items.length;
    const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nsome bytes';
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(head));
        setTimeout(() => controller.error(new Error('the client has gone')), 100);
      },
    });
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit;
    await expect(fetch(`${served.url}/v1/uploads`, init)).rejects.toThrow();
    await expect.poll(async () => (await call(`${served.url}/metrics`)).status).toBe(200);
    expect((await call<DecisionList>(`${served.url}/v1/decisions`)).body.items).toHaveLength(before);
    expect(served.stderr()).not.toContain('"level":"error"');
  });
});
