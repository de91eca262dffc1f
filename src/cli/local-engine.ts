/** The engine without a service: children that decode, and for `check` a bank in a log that is thrown away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBank, type LiveBank } from '../bank/live-bank.ts';
import { readConfig } from '../config/config.ts';
import type { Policy } from '../contracts/policy.ts';
import { createFingerprinter, type PooledFingerprinter } from '../fingerprint/child-pool.ts';
import { Closers } from '../flow/closers.ts';
import { createHammingIndex } from '../kernel/segmented-index.ts';
import { openSqliteLog } from '../log/sqlite-log.ts';
import type { CommandContext } from './context.ts';
import { assertFile } from './local-files.ts';

/** Runs `work` with children that decode, and ends them afterwards. */
export async function withLocalFingerprinter<T>(
  context: CommandContext,
  work: (fingerprinter: PooledFingerprinter) => Promise<T>,
): Promise<T> {
  const { config } = readConfig(context.environment);
  const fingerprinter = createFingerprinter({
    processes: config.children,
    telemetry: {
      warned: (what) => context.terminal.note(`floodgate: ${what}`),
      childPool: () => {},
      childRestarted: () => {},
    },
  });
  try {
    return await work(fingerprinter);
  } finally {
    await fingerprinter.close();
  }
}

/**
 * Runs `work` with a bank: that of `dataFolder`, whose service must not be running, or without one an empty bank that is
 * gone afterwards.
 */
export async function withLocalBank<T>(
  policy: Policy,
  dataFolder: string | undefined,
  work: (bank: LiveBank) => Promise<T>,
): Promise<T> {
  const closers = new Closers();
  try {
    const folder = dataFolder ?? (await mkdtemp(join(tmpdir(), 'floodgate-')));
    if (dataFolder === undefined) closers.add('folder', () => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'log', 'floodgate.sqlite');
    // A misspelt folder would otherwise become an empty bank, in which nothing matches.
    if (dataFolder !== undefined) assertFile(path);
    const log = await openSqliteLog({ path });
    closers.add('log', () => log.close());
    const index = createHammingIndex({ merging: 'never' });
    closers.add('index', () => index.close());
    const deepIndex = createHammingIndex();
    closers.add('deep index', () => deepIndex.close());
    const bank = createBank({
      log,
      index,
      deepIndex,
      frameQualityMin: () => policy.faintFrameQualityMin,
      telemetry: { bankApplied: () => {}, bankRejected: () => {}, bankSized: () => {} },
    });
    closers.add('bank', () => bank.close());
    await bank.start();
    return await work(bank);
  } finally {
    await closers.closeAll();
  }
}
