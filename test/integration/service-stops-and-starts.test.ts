/** Goal: whatever ends the service, and however it is started, no upload is lost and nobody is left guessing. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/contracts/decision.ts';
import { startOrigin } from '../support/loopback-origin.ts';
import { runCommand } from '../support/run-command.ts';
import {
  call,
  decide,
  picture,
  postFile,
  postJson,
  Rig,
  spooledFiles,
  startHeldOrigin,
} from '../support/service-calls.ts';

const rig = new Rig();
afterEach(() => rig.close());

const fetchesFromHere = { FLOODGATE_FETCH_ALLOW: '127.0.0.1' };

/** A service with one upload on its way, which ends when `origin` is released. */
async function serveBusy(environment: Record<string, string> = {}) {
  const origin = await startHeldOrigin(await picture(1));
  rig.onClose(() => origin.close());
  const dataFolder = await rig.folder();
  const served = await rig.serve(dataFolder, { ...fetchesFromHere, ...environment });
  const upload = { uploadId: 'on-its-way', content: { uri: `${origin.url}/a.jpg` } };
  const answer = postJson<Decision>(`${served.url}/v1/uploads?wait=30`, upload).catch((error: unknown) => error);
  await origin.asked;
  return { origin, dataFolder, served, answer };
}

describe('a service that is told to stop', () => {
  it('is no longer ready, finishes what is on its way, answers who waits, and ends with 0', async () => {
    const { origin, served, answer } = await serveBusy();
    expect((await call(`${served.url}/readyz`)).status).toBe(200);
    const ended = served.stop('SIGTERM');
    await expect.poll(async () => (await call(`${served.url}/readyz`)).status).toBe(503);
    expect((await call(`${served.url}/readyz`)).body).toBe('pipeline: the service is stopping');
    expect((await call(`${served.url}/livez`)).status).toBe(200);
    // What still comes in is taken, and decided after the next start.
    const late = await postFile(`${served.url}/v1/uploads`, await picture(2), { uploadId: 'late' });
    expect(late.status).toBe(202);
    origin.release();
    expect(await answer).toMatchObject({ status: 200, body: { uploadId: 'on-its-way', reason: 'no_match' } });
    expect(await ended).toBe(0);
    expect(served.stderr()).not.toContain('"level":"error"');
  });

  it('gives up additions to the bank, and tells who waits to try again', async () => {
    const { origin, served, answer } = await serveBusy();
    const addition = { contentId: 'waits', uri: `${origin.url}/b.jpg` };
    const adding = postJson(`${served.url}/v1/bank`, addition);
    await expect.poll(() => origin.requests.length).toBe(2);
    const leaving = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', body: JSON.stringify({ ...addition, contentId: 'left' }), headers };
    const left = fetch(`${served.url}/v1/bank`, { ...init, signal: leaving.signal }).catch(() => 'left');
    await expect.poll(() => origin.requests.length).toBe(3);
    leaving.abort();
    expect(await left).toBe('left');
    const ended = served.stop('SIGTERM');
    await expect.poll(async () => (await call(`${served.url}/readyz`)).status).toBe(503);
    // The upload ends, the additions do not: they are given up once uploads are done.
    origin.answerOnly('/a.jpg');
    expect(await answer).toMatchObject({ status: 200 });
    expect(await adding).toMatchObject({ status: 503, body: { code: 'not_ready' } });
    expect(await ended).toBe(0);
    expect(served.stderr()).not.toContain('"level":"error"');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once at a second %s', async (signal, code) => {
    const { served, answer } = await serveBusy();
    const first = served.stop(signal);
    await expect.poll(async () => (await call(`${served.url}/readyz`)).status).toBe(503);
    served.process.kill(signal);
    expect(await first).toBe(code);
    await answer;
  });
});

describe('a service that is killed', () => {
  it('decides the files that were posted before, after it has started again, and clears the spool', async () => {
    const { origin, dataFolder, served, answer } = await serveBusy({ FLOODGATE_INFLIGHT_MAX: '1' });
    const bytes = await picture(3);
    const accepted = await postFile(`${served.url}/v1/uploads`, bytes, { uploadId: 'posted' });
    expect(accepted.status).toBe(202);
    expect(await spooledFiles(dataFolder)).toHaveLength(1);
    expect(await served.stop('SIGKILL')).toBe('SIGKILL');
    await answer;
    await writeFile(join(dataFolder, 'spool', 'f'.repeat(32)), 'left by a crash');
    origin.release();

    const again = await rig.serve(dataFolder, fetchesFromHere);
    await expect
      .poll(async () => (await call<Decision>(`${again.url}/v1/decisions/posted`)).body, { timeout: 15_000 })
      .toMatchObject({ reason: 'no_match', revision: 1, media: { kind: 'image', bytes: bytes.length } });
    await expect.poll(() => spooledFiles(dataFolder)).toEqual([]);
    expect((await call(`${again.url}/v1/decisions/on-its-way`)).status).toBe(200);
  });
});

describe('the spool', () => {
  it('holds nothing once uploads are decided, refused ones included', async () => {
    const dataFolder = await rig.folder();
    const { url } = await rig.serve(dataFolder);
    const bytes = await picture(4);
    await decide(url, bytes);
    const wrong = await postFile(`${url}/v1/uploads`, bytes, { uploadedAt: 'yesterday' });
    expect(wrong.status).toBe(400);
    const key = { 'idempotency-key': 'posted-twice' };
    for (let time = 0; time < 2; time++) await postFile(`${url}/v1/uploads?wait=10`, bytes, {}, key);
    await expect.poll(() => spooledFiles(dataFolder)).toEqual([]);
  });
});

describe('a start', () => {
  const serve = (environment: Record<string, string>) =>
    runCommand(['serve'], { environment: { FLOODGATE_PORT: '0', FLOODGATE_LOG_LEVEL: 'warn', ...environment } });

  it('on a data folder in use is refused', async () => {
    const dataFolder = await rig.folder();
    const served = await rig.serve(dataFolder);
    const { exitCode, stderr } = await serve({ FLOODGATE_DATA: dataFolder });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('is in use by another process');
    expect((await call(`${served.url}/readyz`)).status).toBe(200);
  });

  it('on a port in use is refused, and leaves the data folder free', async () => {
    const origin = await startOrigin(() => {});
    rig.onClose(() => origin.close());
    const port = String(origin.port);
    const dataFolder = await rig.folder();
    const { exitCode, stderr } = await serve({ FLOODGATE_DATA: dataFolder, FLOODGATE_PORT: port });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`FLOODGATE_PORT=${port} is in use`);
    await rig.serve(dataFolder);
  });

  it.each([
    [{ FLOODGATE_PORT: 'eighty' }, 'FLOODGATE_PORT="eighty"'],
    [{ FLOODGATE_CHILDS: '2' }, 'FLOODGATE_CHILDS'],
    [{ FLOODGATE_HOST: '0.0.0.0' }, 'FLOODGATE_HOST=0.0.0.0 is reachable from elsewhere'],
    [{ FLOODGATE_TOKENS: 'short' }, 'shorter than 16 characters'],
    [{ FLOODGATE_POLICY: '/nowhere/policy.json' }, '/nowhere/policy.json'],
  ])('with %j is refused in plain words', async (environment, text) => {
    const { exitCode, stderr } = await serve({ FLOODGATE_DATA: await rig.folder(), ...environment } as Record<
      string,
      string
    >);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
  });
});
