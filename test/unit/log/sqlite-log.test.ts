/** What the embedded log does beyond the port: ownership of groups, versions, retention by itself. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteLog, type SqliteLog, type SqliteLogOptions } from '../../../src/log/sqlite-log.ts';
import { codeOf, consumeGroup, never, readAll, recordOf } from '../../support/log-records.ts';

let folder: string;
let log: SqliteLog | null;

const pathOfLog = () => join(folder, 'data', 'log.sqlite');

async function open(options: Partial<SqliteLogOptions> = {}): Promise<SqliteLog> {
  log = await openSqliteLog({ path: pathOfLog(), logFreeBytesMin: 0, ...options });
  return log;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-sqlite-log-'));
  log = null;
});

afterEach(async () => {
  await log?.close();
  await rm(folder, { recursive: true, force: true });
});

it('lets one consumer have a group at a time', async () => {
  const opened = await open();
  const first = await consumeGroup(opened, 'g');
  expect(await codeOf(consumeGroup(opened, 'g'))).toBe('conflict');
  await first.close();
  expect(await codeOf(consumeGroup(opened, 'g'))).toBe('resolved');
});

it('lets the group go when it cannot be made ready for its records', async () => {
  const opened = await open();
  const onAssigned = async () => {
    throw new Error('the view is behind');
  };
  await expect(opened.consume({ topic: 'uploads', group: 'g', onAssigned })).rejects.toThrow('the view is behind');
  expect(await codeOf(consumeGroup(opened, 'g'))).toBe('resolved');
});

it('hands concurrent polls different records', async () => {
  const opened = await open();
  const consumer = await consumeGroup(opened, 'g');
  const polls = [consumer.poll(2, never), consumer.poll(2, never)];
  await opened.append(['a', 'b'].map((key) => recordOf('uploads', key)));
  await opened.append(['c', 'd'].map((key) => recordOf('uploads', key)));
  const keys = (await Promise.all(polls)).flat().map((record) => record.key);
  expect(keys).toEqual(['a', 'b', 'c', 'd']);
});

it('refuses what waits and all that comes after it was abandoned', async () => {
  const opened = await open();
  const waiting = codeOf(opened.append([recordOf('uploads', 'a')]));
  await opened.abandon();
  expect(['log_failed', 'resolved']).toContain(await waiting);
  expect(await codeOf(opened.append([recordOf('uploads', 'b')]))).toBe('log_failed');
  expect(await codeOf(opened.read('uploads', { partition: 0, offset: 0 }, 1))).toBe('log_failed');
  expect(opened.unwritable()).toBe('the log was abandoned');
});

it('runs retention by itself', async () => {
  const retention = { decisions: { bytesMax: 0 } };
  const opened = await open({ retention, retentionIntervalMs: 10, roomCheckMs: 10 });
  await opened.append([recordOf('decisions', 'a')]);
  await expect.poll(() => readAll(opened, 'decisions'), { timeout: 5_000 }).toEqual([]);
  expect(await opened.ends('decisions')).toEqual([{ partition: 0, startOffset: 1, endOffset: 1 }]);
});

it('gives the topics of live streams to a log that an earlier release wrote, and keeps what is in it', async () => {
  await (await open()).append([recordOf('uploads', 'kept')]);
  await log?.close();
  const db = new Database(pathOfLog());
  db.exec(`DROP TABLE fingerprints; DROP TABLE stream_decisions;
    DELETE FROM topics WHERE topic IN ('fingerprints', 'stream-decisions');
    UPDATE meta SET value = '1' WHERE name = 'schema_version'`);
  db.close();
  const upgraded = await open();
  await upgraded.append([recordOf('fingerprints', 'new'), recordOf('stream-decisions', 'new')]);
  for (const [topic, key] of [
    ['uploads', 'kept'],
    ['fingerprints', 'new'],
    ['stream-decisions', 'new'],
  ] as const) {
    expect((await readAll(upgraded, topic)).map((record) => record.key)).toEqual([key]);
  }
});

it('refuses a log that a later release wrote', async () => {
  await (await open()).close();
  const db = new Database(pathOfLog());
  db.exec("UPDATE meta SET value = '99' WHERE name = 'schema_version'");
  db.close();
  log = null;
  await expect(open()).rejects.toThrow('schema version 99');
});

it('says so when the file cannot be made', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(openSqliteLog({ path: join(folder, 'file', 'log.sqlite') })).rejects.toThrow();
  expect(await codeOf(openSqliteLog({ path: folder }))).toBe('log_failed');
});
