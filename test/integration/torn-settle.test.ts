/** `kill -9` in the middle of settling: after each restart every output is there with its progress, or neither is. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';
import { openSqliteLog } from '../../src/log/sqlite-log.ts';
import { codeOf, consumeGroup, lagOf, readAll } from '../support/log-records.ts';

const uploads = 1_500;
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-torn-'));
  path = join(folder, 'log.sqlite');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the child and kills it after `killAfterMs` of settling. Resolves with whether it was done before. */
function work(killAfterMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const entry = builtFile('test/support/settling-child.js');
    const child = spawn(process.execPath, [entry, path, `${uploads}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('settling')) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(output.includes('done'));
      else reject(new Error(`the child ended with ${code ?? signal}`));
    });
  });
}

it('publishes every output exactly once over many kills', async () => {
  let kills = 0;
  for (; !(await work(kills < 6 ? 30 + 37 * kills : 60_000)); kills += 1) {
    const log = await openSqliteLog({ path, logFreeBytesMin: 0 });
    const [decisions, others] = [await readAll(log, 'decisions'), await readAll(log, 'dead-letters')];
    expect(others.map((record) => record.key)).toEqual(decisions.map((record) => record.key));
    // The next start must also cope with a log that nobody closed.
    await log.abandon();
  }
  expect(kills).toBeGreaterThanOrEqual(1);
  const log = await openSqliteLog({ path, logFreeBytesMin: 0 });
  const keys = (await readAll(log, 'decisions')).map((record) => record.key);
  expect(keys).toHaveLength(uploads);
  expect(new Set(keys).size).toBe(uploads);
  const consumer = await consumeGroup(log, 'pipeline');
  expect(await lagOf(consumer)).toEqual({ records: 0, seconds: 0 });
  await log.close();
});

it('lets one process have the log, and the next one as soon as the first is killed', async () => {
  const log = await openSqliteLog({ path, logFreeBytesMin: 0 });
  await expect(work(10)).rejects.toThrow('the child ended with 1');
  await expect(openSqliteLog({ path })).rejects.toThrow('in use by another process');
  await log.abandon();
  await work(10);
  const next = await openSqliteLog({ path, logFreeBytesMin: 0 });
  await next.close();
});

it('refuses a damaged file instead of starting empty', async () => {
  await writeFile(path, `SQLite format 3\u0000${'damage'.repeat(2_000)}`);
  expect(await codeOf(openSqliteLog({ path }))).toBe('log_failed');
  await expect(openSqliteLog({ path })).rejects.toThrow('damaged');
});
