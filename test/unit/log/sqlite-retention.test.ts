/** What retention removes and what it must leave, on the store directly and with times that are given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Topic } from '../../../src/log/log.ts';
import { type RetentionRules, retain } from '../../../src/log/sqlite-retention.ts';
import { SqliteStore } from '../../../src/log/sqlite-store.ts';
import { recordOf } from '../../support/log-records.ts';

const MiB = 1024 * 1024;
const endless = { ageMsMax: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER };
const keepAll: RetentionRules = {
  uploads: endless,
  decisions: endless,
  'stream-decisions': endless,
  fingerprints: endless,
  'dead-letters': endless,
  bankTombstoneMs: Number.MAX_SAFE_INTEGER,
};

let folder: string;
let nowMs: number;
let store: SqliteStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodgate-retention-'));
  nowMs = 1_000;
  const path = join(folder, 'log.sqlite');
  const bounds = { logBytesMax: 256 * MiB, logFreeBytesMin: 0, freeBytes: () => 1 };
  store = new SqliteStore({ path, ...bounds, nowMs: () => nowMs });
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function append(topic: Topic, ...keys: readonly string[]): void {
  store.commit([{ kind: 'append', records: keys.map((key) => recordOf(topic, key)) }]);
}

function settle(...offsets: readonly number[]): void {
  store.commit([{ kind: 'settle', topic: 'uploads', group: 'g', offsets, outputs: [] }]);
}

const offsetsOf = (topic: Topic) => store.read(topic, 0, 1_000).records.map((record) => record.offset);

/** Runs to the end and says how many transactions it took. */
function run(rules: Partial<RetentionRules>): number {
  return [...retain(store, { ...keepAll, ...rules }, nowMs)].length;
}

describe('by age', () => {
  it('removes what is older, from the start on, and keeps offsets and ends', () => {
    append('decisions', 'old', 'old');
    nowMs = 10_000;
    append('decisions', 'new');
    run({ decisions: { ...endless, ageMsMax: 5_000 } });
    expect(offsetsOf('decisions')).toEqual([2]);
    expect(store.end('decisions')).toEqual({ partition: 0, startOffset: 2, endOffset: 3 });
    nowMs = 100_000;
    run({ decisions: { ...endless, ageMsMax: 5_000 } });
    expect(store.end('decisions')).toEqual({ partition: 0, startOffset: 3, endOffset: 3 });
    append('decisions', 'next');
    expect(offsetsOf('decisions')).toEqual([3]);
  });

  it('keeps uploads that some group has not settled, and all of them while nobody consumes', () => {
    append('uploads', 'a', 'b', 'c', 'd');
    nowMs = 100_000;
    run({ uploads: { ...endless, ageMsMax: 1 } });
    expect(offsetsOf('uploads')).toEqual([0, 1, 2, 3]);
    store.openGroup('uploads', 'g');
    store.openGroup('uploads', 'slow');
    settle(0, 1, 3);
    run({ uploads: { ...endless, ageMsMax: 1 } });
    expect(offsetsOf('uploads')).toEqual([0, 1, 2, 3]);
    store.commit([{ kind: 'settle', topic: 'uploads', group: 'slow', offsets: [0, 1, 2, 3], outputs: [] }]);
    run({ uploads: { ...endless, ageMsMax: 1 } });
    expect(offsetsOf('uploads')).toEqual([2, 3]);
    settle(2);
    run({ uploads: { ...endless, ageMsMax: 1 } });
    expect(offsetsOf('uploads')).toEqual([]);
    expect(store.lag('uploads', 'g')).toEqual({ partition: 0, records: 0, seconds: 0 });
  });
});

describe('by size', () => {
  it('removes the oldest until the topic fits, in small steps', () => {
    const key = (place: number) => `${place}`.padStart(6, '0');
    append('dead-letters', ...Array.from({ length: 2_000 }, (_, place) => key(place)));
    const before = store.table('dead-letters').bytes;
    const steps = run({ 'dead-letters': { ...endless, bytesMax: before / 4 } });
    expect(offsetsOf('dead-letters')[0]).toBe(1_500);
    expect(steps).toBeGreaterThanOrEqual(2);
    expect(store.table('dead-letters').bytes).toBe(before / 4);
  });

  it('counts bytes the same when writing and when removing', () => {
    append('decisions', 'é😀', 'plain');
    append('bank', 'x', 'x', 'y');
    store.commit([{ kind: 'append', records: [recordOf('bank', 'y', null)] }]);
    nowMs = 100_000;
    run({ decisions: { ...endless, ageMsMax: 1 }, bankTombstoneMs: 1 });
    expect(store.table('decisions').bytes).toBe(0);
    expect(offsetsOf('bank')).toEqual([1]);
    const single = store.table('bank').bytes;
    append('bank', 'x');
    run({});
    expect(store.table('bank').bytes).toBe(single);
  });

  it('gives pages back to the file system when much has gone', () => {
    const value = new Uint8Array(500_000);
    for (let turn = 0; turn < 60; turn += 1) {
      store.commit([{ kind: 'append', records: [{ ...recordOf('decisions', 'bulk'), value }] }]);
    }
    const pagesBefore = store.db.prepare('PRAGMA page_count').raw().get() as number[];
    run({ decisions: { ...endless, bytesMax: 0 } });
    const pagesAfter = store.db.prepare('PRAGMA page_count').raw().get() as number[];
    expect(pagesAfter[0]).toBeLessThan((pagesBefore[0] ?? 0) * 0.7);
    expect(store.room().usedBytes).toBeLessThan(MiB);
  });
});

describe('compaction of the bank', () => {
  it('keeps the newest of each key, also when it runs again and again', () => {
    append('bank', 'a', 'b', 'a');
    run({});
    append('bank', 'b', 'c');
    run({});
    expect(offsetsOf('bank')).toEqual([2, 3, 4]);
    expect(run({})).toBe(0);
  });

  it('keeps tombstones for a while, and removes them only when nothing older of the key is left', () => {
    append('bank', 'a', 'b');
    store.commit([{ kind: 'append', records: [recordOf('bank', 'a', null)] }]);
    nowMs = 5_000;
    run({ bankTombstoneMs: 60_000 });
    expect(offsetsOf('bank')).toEqual([1, 2]);
    nowMs = 100_000;
    run({ bankTombstoneMs: 60_000 });
    expect(offsetsOf('bank')).toEqual([1]);
    expect(store.end('bank').endOffset).toBe(3);
  });

  it('leaves what a group has not settled', () => {
    append('bank', 'a', 'a');
    store.openGroup('bank', 'g');
    run({});
    expect(offsetsOf('bank')).toEqual([0, 1]);
    store.commit([{ kind: 'settle', topic: 'bank', group: 'g', offsets: [0, 1], outputs: [] }]);
    run({});
    expect(offsetsOf('bank')).toEqual([1]);
  });
});
