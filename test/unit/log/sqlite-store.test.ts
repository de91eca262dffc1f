/** The store's transactions, called directly: room, refusals, and what a failed commit leaves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommitRequest } from '../../../src/log/commit.ts';
import { SqliteStore, type StoreOptions } from '../../../src/log/sqlite-store.ts';
import { recordOf } from '../../support/log-records.ts';

const MiB = 1024 * 1024;
let folder: string;
let freeBytes: number;
let store: SqliteStore;

function openStore(overrides: Partial<StoreOptions> = {}): SqliteStore {
  const path = join(folder, 'log.sqlite');
  const options = {
    path,
    logBytesMax: 64 * MiB,
    logFreeBytesMin: 1_000,
    freeBytes: () => freeBytes,
    nowMs: () => 5_000,
  };
  store = new SqliteStore({ ...options, ...overrides });
  return store;
}

const appendOf = (...keys: readonly string[]): CommitRequest => ({
  kind: 'append',
  records: keys.map((key) => recordOf('uploads', key)),
});

const settleOf = (...offsets: readonly number[]): CommitRequest => ({
  kind: 'settle',
  topic: 'uploads',
  group: 'g',
  offsets,
  outputs: offsets.map((offset) => recordOf('decisions', `of ${offset}`)),
});

const bulkOf = (bytes: number): CommitRequest => ({
  kind: 'append',
  records: [{ ...recordOf('uploads', 'bulk'), value: new Uint8Array(bytes) }],
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodgate-store-'));
  freeBytes = Number.MAX_SAFE_INTEGER;
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('committing', () => {
  it('gives consecutive offsets to a group of requests', () => {
    openStore();
    expect(store.commit([appendOf('a', 'b'), appendOf('c')])).toEqual([{ offsets: [0, 1] }, { offsets: [2] }]);
    expect(store.end('uploads')).toEqual({ partition: 0, startOffset: 0, endOffset: 3 });
  });

  it('writes nothing of a refused request and all of its neighbours', () => {
    openStore().openGroup('uploads', 'g');
    store.commit([appendOf('a', 'b', 'c')]);
    const results = store.commit([settleOf(0), settleOf(1, 0), settleOf(2)]);
    expect(results).toEqual([
      { offsets: [0] },
      { refusal: { code: 'internal', message: 'cannot settle: offset 0 was settled before' } },
      { offsets: [1] },
    ]);
    expect(store.read('decisions', 0, 10).records.map((record) => record.key)).toEqual(['of 0', 'of 2']);
    expect(store.lag('uploads', 'g')).toEqual({ partition: 0, records: 2, seconds: 0 });
  });

  it('tries each request alone when the database refuses the group', () => {
    openStore({ logBytesMax: 2 * MiB }).openGroup('uploads', 'g');
    store.commit([appendOf('a')]);
    // The middle one does not fit the pages the file may have, and makes SQLite roll everything back.
    const results = store.commit([appendOf('b'), bulkOf(8 * MiB), settleOf(0), appendOf('c')]);
    expect(results.map((result) => ('refusal' in result ? result.refusal.code : result.offsets))).toEqual([
      [1],
      'log_full',
      [0],
      [2],
    ]);
    expect(store.read('uploads', 0, 10).records.map((record) => record.key)).toEqual(['a', 'b', 'c']);
    expect(store.lag('uploads', 'g').records).toBe(2);
  });

  it('stops a page of records at its bytes, and reads on from there', () => {
    openStore();
    for (let turn = 0; turn < 12; turn += 1) store.commit([bulkOf(MiB)]);
    const page = store.read('uploads', 0, 100);
    expect(page.records).toHaveLength(8);
    expect(page.nextOffset).toBe(8);
    expect(store.read('uploads', 8, 100).records).toHaveLength(4);
  });

  it('refuses everything after it was closed', () => {
    openStore().close();
    expect(store.commit([appendOf('late')])).toMatchObject([{ refusal: { code: 'log_failed' } }]);
    expect(store.unwritable()).toBe('the log is closed');
  });
});

describe('room', () => {
  it('refuses appends first, settles into the reserve, and recovers', () => {
    openStore().openGroup('uploads', 'g');
    store.commit([appendOf('a', 'b')]);
    freeBytes = 999;
    expect(store.commit([appendOf('no')])).toMatchObject([{ refusal: { code: 'log_full' } }]);
    expect(store.unwritable()).toContain('999 bytes free');
    expect(store.commit([settleOf(0)])).toEqual([{ offsets: [0] }]);
    freeBytes = 499;
    expect(store.commit([settleOf(1)])).toMatchObject([{ refusal: { code: 'log_full' } }]);
    expect(store.end('decisions').endOffset).toBe(1);
    freeBytes = 1_000;
    expect(store.unwritable()).toBeNull();
    expect(store.commit([settleOf(1), appendOf('yes')])).toEqual([{ offsets: [1] }, { offsets: [2] }]);
  });

  it('refuses appends above the size of the log, and settles an eighth beyond', () => {
    openStore({ logBytesMax: 4 * MiB }).openGroup('uploads', 'g');
    store.commit([appendOf('a')]);
    while (store.unwritable() === null) store.commit([bulkOf(200_000)]);
    expect(store.unwritable()).toMatch(/the log has \d+ bytes/);
    expect(store.commit([appendOf('no'), settleOf(0)])).toMatchObject([
      { refusal: { code: 'log_full' } },
      { offsets: [0] },
    ]);
  });
});
