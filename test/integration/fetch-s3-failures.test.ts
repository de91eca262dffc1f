/** s3:// content against a store of our own: found, missing, denied, busy, too large, not on the list. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FloodgateError } from '../../src/errors.ts';
import { type FakeS3, startFakeS3 } from '../support/fake-s3.ts';
import { codeOf, type FetchRig, openFetchRig, sha256Of } from '../support/fetch-rig.ts';

let store: FakeS3;
let rig: FetchRig;

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test-key-id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test-secret');
  store = await startFakeS3();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await store.close();
});

beforeEach(async () => {
  store.objects.clear();
  rig = await openFetchRig({ settings: { s3Endpoint: store.url, s3Buckets: ['uploads'] } });
});

afterEach(() => rig.close());

async function failureOf(uri: string): Promise<FloodgateError> {
  const failure = await rig.fetcher.fetch({ uri }).catch((thrown: FloodgateError) => thrown);
  expect(await rig.spooled()).toEqual([]);
  return failure as FloodgateError;
}

describe('an object', () => {
  it('streams into the spool; its key is taken as it stands', async () => {
    const bytes = Buffer.from(Array.from({ length: 90_000 }, (_, i) => i % 241));
    store.objects.set('uploads/a folder/clip %41?x#y.mp4', bytes);
    const content = await rig.fetcher.fetch({ uri: 's3://uploads/a folder/clip %41?x#y.mp4' });
    expect(content).toMatchObject({ bytes: bytes.length, sha256: sha256Of(bytes) });
    expect(await readFile(content.path)).toEqual(bytes);
    await content.release();
    expect(await rig.spooled()).toEqual([]);
  });

  it('is too large over the limit', async () => {
    store.objects.set('uploads/large', Buffer.alloc(100_001));
    expect(await failureOf('s3://uploads/large')).toMatchObject({ code: 'too_large' });
  });
});

describe('a failing store', () => {
  it('makes a missing key unreachable at once', async () => {
    const before = store.requests.length;
    expect(await failureOf('s3://uploads/none')).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('NoSuchKey'),
    });
    expect(store.requests.length - before).toBe(1);
  });

  it('makes a denied key unreachable: the store says so of missing keys too', async () => {
    store.objects.set('uploads/denied', { status: 403, code: 'AccessDenied' });
    expect(await failureOf('s3://uploads/denied')).toMatchObject({ code: 'unreachable' });
  });

  it('is tried again when it asks to slow down', async () => {
    store.objects.set('uploads/busy', { status: 503, code: 'SlowDown' });
    setTimeout(() => store.objects.set('uploads/busy', Buffer.from('at last')), 50);
    const content = await rig.fetcher.fetch({ uri: 's3://uploads/busy' });
    expect(content.bytes).toBe(7);
    expect(rig.retries).toEqual(['fetch']);
  });

  it('says nothing of keys and credentials', async () => {
    const { message } = await failureOf('s3://uploads/private-name');
    expect(message).not.toMatch(/private-name|test-key-id|test-secret/);
  });

  it('is unreachable when nobody listens', async () => {
    const gone = await openFetchRig({ settings: { s3Endpoint: 'http://127.0.0.1:1', s3Buckets: ['uploads'] } });
    expect(await codeOf(gone.fetcher.fetch({ uri: 's3://uploads/x' }))).toBe('unreachable');
    expect(gone.retries).toHaveLength(2);
    await gone.close();
  });
});

describe('what is refused without asking the store', () => {
  it.each([
    ['s3://others/key', 'forbidden_source'],
    ['s3://uploads', 'invalid_event'],
    ['s3://uploads/', 'invalid_event'],
    ['s3://UPLOADS/key', 'invalid_event'],
    ['s3://user@uploads/key', 'invalid_event'],
    ['s3:///key', 'invalid_event'],
    [`s3://uploads/${'k'.repeat(1_025)}`, 'invalid_event'],
  ])('%s is %s', async (uri, code) => {
    const before = store.connections();
    expect(await failureOf(uri)).toMatchObject({ code });
    expect(store.connections()).toBe(before);
  });
});
