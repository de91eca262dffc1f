/** No room: appends are refused with nothing written, readiness says why, work in progress finishes, and room heals it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Consumer } from '../../src/log/log.ts';
import { openSqliteLog, type SqliteLog, type SqliteLogOptions } from '../../src/log/sqlite-log.ts';
import { codeOf, consumeGroup, lagOf, pollCount, readAll, recordOf, settlementOf } from '../support/log-records.ts';

const MiB = 1024 * 1024;
let folder: string;
let log: SqliteLog;
let consumer: Consumer;

async function open(options: Partial<SqliteLogOptions>): Promise<void> {
  log = await openSqliteLog({ path: join(folder, 'log.sqlite'), logFreeBytesMin: 0, roomCheckMs: 20, ...options });
  consumer = await consumeGroup(log, 'pipeline');
}

async function fill(): Promise<number> {
  for (let count = 0; ; count += 1) {
    const code = await codeOf(log.append([{ ...recordOf('uploads', `${count}`), value: new Uint8Array(100_000) }]));
    if (code === 'log_full') return count;
    expect(code).toBe('resolved');
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-full-'));
});

afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

it('refuses appends at its size, lets work finish, and takes more once retention has made room', async () => {
  await open({ logBytesMax: 4 * MiB, retention: { uploads: { bytesMax: MiB } } });
  const count = await fill();
  expect(count).toBeGreaterThan(20);
  expect(log.unwritable()).toContain('allowed');
  expect(await codeOf(log.append([recordOf('decisions', 'no'), recordOf('uploads', 'no')]))).toBe('log_full');
  expect(await readAll(log, 'decisions')).toEqual([]);
  const records = await pollCount(consumer, count);
  await consumer.settle(records.map((record) => settlementOf(record, recordOf('decisions', record.key))));
  expect(await readAll(log, 'decisions')).toHaveLength(count);
  await expect.poll(() => log.unwritable(), { timeout: 5_000 }).toBeNull();
  const [position] = await log.append([recordOf('uploads', 'yes')]);
  expect(position).toEqual({ partition: 0, offset: count });
});

it('is not ready on a file system without room, and refuses settling with nothing lost', async () => {
  await open({});
  await log.append([recordOf('uploads', 'a')]);
  await log.close();
  await open({ logFreeBytesMin: Number.MAX_SAFE_INTEGER });
  expect(log.unwritable()).toContain('bytes free');
  const records = await pollCount(consumer, 1);
  const batch = records.map((record) => settlementOf(record, recordOf('decisions', 'once')));
  expect(await codeOf(consumer.settle(batch))).toBe('log_full');
  expect(await codeOf(consumer.settle(batch))).toBe('log_full');
  expect(await readAll(log, 'decisions')).toEqual([]);
  await log.close();
  await open({});
  expect(log.unwritable()).toBeNull();
  const again = await pollCount(consumer, 1);
  expect(again.map((record) => record.key)).toEqual(['a']);
  await consumer.settle(again.map((record) => settlementOf(record, recordOf('decisions', 'once'))));
  expect(await readAll(log, 'decisions')).toHaveLength(1);
});

it('takes the same settlement later when the database itself had no page left', async () => {
  await open({ logBytesMax: 2 * MiB, retention: { uploads: { bytesMax: 0 } } });
  await log.append([recordOf('uploads', 'a'), recordOf('uploads', 'b')]);
  const [a, b] = await pollCount(consumer, 2);
  if (a === undefined || b === undefined) throw new Error('records are missing');
  const bulk = Array.from({ length: 6 }, () => ({ ...recordOf('decisions', 'large'), value: new Uint8Array(900_000) }));
  const codes = await Promise.all([
    codeOf(consumer.settle([settlementOf(a, ...bulk)])),
    codeOf(consumer.settle([settlementOf(b, recordOf('decisions', 'small'))])),
  ]);
  expect(codes).toEqual(['log_full', 'resolved']);
  await consumer.settle([settlementOf(a, recordOf('decisions', 'small'))]);
  expect(await readAll(log, 'decisions')).toHaveLength(2);
  expect((await lagOf(consumer)).records).toBe(0);
});

it('refuses a record over the limit before anything is written', async () => {
  await open({});
  const large = { ...recordOf('uploads', 'large'), value: new Uint8Array(1_000_001) };
  expect(await codeOf(log.append([recordOf('uploads', 'a'), large]))).toBe('payload_too_large');
  expect(await readAll(log, 'uploads')).toEqual([]);
});
