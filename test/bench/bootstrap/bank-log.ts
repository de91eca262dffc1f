/** Where the bank of the bench lies: in a log that a fresh service opens by its settings. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../src/log/log.ts';
import { openSqliteLog } from '../../../src/log/sqlite-log.ts';
import { startBroker } from '../../support/kafka/broker.ts';
import { openTestLog } from '../../support/kafka/opened-log.ts';
import { createTopics } from '../../support/kafka/topics.ts';

export const logKinds = ['kafka', 'sqlite'] as const;
export type LogKind = (typeof logKinds)[number];

export interface BankLog {
  /** Opens it to be filled; it must be closed before a service is started. */
  open(): Promise<Log>;
  /** How a service finds it. */
  readonly environment: Record<string, string>;
  /** A data folder as a replica has that has never run. */
  freshDataFolder(): Promise<string>;
  close(): Promise<void>;
}

export function prepareLog(kind: LogKind, folder: string): Promise<BankLog> {
  return kind === 'kafka' ? onBroker(folder) : embedded(folder);
}

async function onBroker(folder: string): Promise<BankLog> {
  const broker = await startBroker({ folder: join(folder, 'broker') });
  const topics = await createTopics(broker.brokers);
  return {
    open: () => openTestLog(broker.brokers, topics.prefix),
    environment: {
      FLOODGATE_KAFKA_BROKERS: broker.brokers.join(','),
      FLOODGATE_KAFKA_TOPIC_PREFIX: topics.prefix,
    },
    freshDataFolder: () => mkdtemp(join(folder, 'data-')),
    close: () => broker.stop(),
  };
}

/** The embedded log lies in the data folder, so a fresh one is that folder with the log alone. */
async function embedded(folder: string): Promise<BankLog> {
  const dataFolder = join(folder, 'data');
  return {
    open: () => openSqliteLog({ path: join(dataFolder, 'log', 'floodgate.sqlite') }),
    environment: {},
    async freshDataFolder() {
      for (const name of ['bank', 'views', 'spool']) await rm(join(dataFolder, name), { recursive: true, force: true });
      return dataFolder;
    },
    close: async () => {},
  };
}
