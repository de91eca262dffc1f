/** What the benches on Kafka share: a broker, topics, a filled bank, and processors as an operator runs them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaLog, openKafkaLog } from '../../../src/log/kafka-log.ts';
import type { NewRecord } from '../../../src/log/log.ts';
import { type Broker, startBroker } from '../../support/kafka/broker.ts';
import { createTopics, type TestTopics } from '../../support/kafka/topics.ts';
import { type ServedProcess, serveProcess } from '../../support/served-process.ts';

/**
 * Pictures are blocked within 31 bits, the usual radius of PDQ, and held no wider: the index answers that. Looked up are
 * the picture and its mirror image.
 */
const policy = { name: 'bench', review: { radiusBits: 31 }, views: 'mirror' };
const recordsPerAppend = 2_000;

export interface Rig {
  readonly broker: Broker;
  readonly topics: TestTopics;
  readonly log: KafkaLog;
  readonly folder: string;
  serve(name: string, environment?: Record<string, string>): Promise<ServedProcess>;
  /** Appends in batches; `onAppended` hears how many so far. */
  append(records: Iterable<readonly NewRecord[]>, onAppended?: (count: number) => void): Promise<void>;
  close(): Promise<void>;
}

export async function openRig(partitions: number): Promise<Rig> {
  const broker = await startBroker();
  const topics = await createTopics(broker.brokers, partitions);
  const log = await openBenchLog(broker.brokers, topics.prefix);
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-bench-kafka-'));
  const policyFile = join(folder, 'policy.json');
  await writeFile(policyFile, JSON.stringify(policy));
  const served: ServedProcess[] = [];
  return {
    broker,
    topics,
    log,
    folder,
    async serve(name, environment = {}) {
      const started = await serveProcess({
        dataFolder: join(folder, name),
        startTimeoutMs: 300_000,
        environment: {
          FLOODGATE_KAFKA_BROKERS: broker.brokers.join(','),
          FLOODGATE_KAFKA_TOPIC_PREFIX: topics.prefix,
          FLOODGATE_POLICY: policyFile,
          FLOODGATE_INFLIGHT_MAX: '64',
          FLOODGATE_LOG_LEVEL: 'warn',
          FLOODGATE_CHILDREN: '1',
          ...environment,
        },
      });
      served.push(started);
      return started;
    },
    append: (records, onAppended) => appendAll(log, records, onAppended),
    async close() {
      await Promise.all(served.map((each) => each.stop('SIGKILL')));
      await log.close();
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function openBenchLog(brokers: readonly string[], prefix: string): Promise<KafkaLog> {
  return openKafkaLog({
    connection: { brokers },
    prefix,
    delivery: 'exactly-once',
    events: {
      partitionsAssigned: () => undefined,
      partitionLost: () => undefined,
      requestTimedOut: () => undefined,
      fenced: () => undefined,
      transactionEnded: () => undefined,
      partitionsPaused: () => undefined,
      warned: () => undefined,
    },
  });
}

async function appendAll(
  log: KafkaLog,
  records: Iterable<readonly NewRecord[]>,
  onAppended: (count: number) => void = () => undefined,
): Promise<void> {
  let gathered: NewRecord[] = [];
  let count = 0;
  const flush = async () => {
    await log.append(gathered);
    count += gathered.length;
    onAppended(count);
    gathered = [];
  };
  for (const each of records) {
    gathered.push(...each);
    if (gathered.length >= recordsPerAppend) await flush();
  }
  if (gathered.length > 0) await flush();
}

/** Resolves once the progress has reached the target, asked every half second. Rejects when it stands still for a minute. */
export async function waitUntil(progress: () => Promise<number>, target: number, what: string): Promise<void> {
  let last = -1;
  for (let unchangedMs = 0; ; unchangedMs += 500) {
    const now = await progress();
    if (now >= target) return;
    if (now !== last) unchangedMs = 0;
    last = now;
    if (unchangedMs > 60_000) throw new Error(`${what}: ${now} of ${target}, and nothing for a minute`);
    await sleep(500);
  }
}
