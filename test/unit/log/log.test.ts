/** The conformance suite over the two logs that need no broker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLog } from '../../../src/log/sqlite-log.ts';
import { describeLogConformance } from '../../support/log-conformance.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';

async function openMemory() {
  const disk = new MemoryDisk();
  let log = new MemoryLog(disk);
  return {
    log,
    async reopen() {
      await log.close();
      log = new MemoryLog(disk);
      return log;
    },
    compact: async () => disk.compact(),
    dispose: () => log.close(),
  };
}

async function openSqlite() {
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-log-'));
  const open = () => openSqliteLog({ path: join(folder, 'log.sqlite'), logFreeBytesMin: 0 });
  let log = await open();
  return {
    log,
    async reopen(how: 'close' | 'crash') {
      if (how === 'close') await log.close();
      else await log.abandon();
      log = await open();
      return log;
    },
    compact: () => log.retain(Date.now()),
    async dispose() {
      await log.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describeLogConformance('the log in memory', openMemory, { compaction: true, interleavingsMax: 100, quietMs: 5 });
describeLogConformance('the embedded log', openSqlite, { compaction: true, interleavingsMax: 4, quietMs: 20 });
