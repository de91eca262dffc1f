/** Uploads flow, everything breaks, and then the topics are read: what was lost, doubled, contradicted, out of order. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordsOfRevision, tombstones } from '../../src/bank/bank-records.ts';
import type { KafkaLog } from '../../src/log/kafka-log.ts';
import { knownHash } from '../bench/kafka/uploads.ts';
import { startBroker } from '../support/kafka/broker.ts';
import { openTestLog } from '../support/kafka/opened-log.ts';
import { createTopics } from '../support/kafka/topics.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { deadLetteredEvents, decisionsOf, readCommitted, uncommitted } from './checker.ts';
import { type FaultCounts, inflictFaults } from './faults.ts';
import { Processors } from './processors.ts';
import { hotHashes, planEvents, produce } from './traffic.ts';
import { judge, type Verdict } from './verdict.ts';

export interface ChaosOptions {
  readonly mode: 'exactly-once' | 'at-least-once';
  readonly uploads: number;
  readonly kills: number;
  readonly processors: number;
  readonly partitions: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}

export interface ChaosResult extends Verdict {
  readonly uploads: number;
  /** Records of the uploads that the group had not committed when it was waited for no longer; NaN: not to be had. */
  readonly uncommitted: number;
  readonly faults: number;
  readonly faultsByKind: FaultCounts;
  /** Processors that ended although nobody had killed them. */
  readonly endedByThemselves: number;
  readonly seconds: number;
}

const group = 'floodgate-pipeline';
const sessionTimeoutMs = 3_000;
const secondsPerKill = 7;
const drainMsMax = 180_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const startedMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-chaos-'));
  let proxy: TcpProxy | undefined;
  const broker = await startBroker({
    advertised: async (address) => {
      proxy = await startProxy({ target: address });
      return proxy.address;
    },
  });
  if (proxy === undefined) throw new Error('the broker was not told to advertise the proxy');
  const topics = await createTopics(broker.brokers, options.partitions);
  const processors = new Processors({
    count: options.processors,
    folder,
    environment: await environmentOf(options, broker.brokers, topics.prefix, folder),
  });
  const log = await openTestLog(broker.brokers, topics.prefix);
  try {
    await processors.startAll();
    const events = planEvents(options.uploads, options.seed);
    const seconds = Math.max(10, options.kills * secondsPerKill);
    const changing = changeBank(log, options.seed, seconds);
    const [faultsByKind] = await Promise.all([
      inflictFaults({
        ...options,
        broker,
        proxy,
        processors,
        count: options.processors,
        seconds,
        sessionTimeoutMs,
        onFault: options.say,
      }),
      produce(events, {
        brokers: broker.brokers,
        topic: topics.nameOf('uploads'),
        perSecond: options.uploads / seconds,
        onSent: () => undefined,
      }),
      changing,
    ]);
    options.say('faults are over; waiting until all is settled');
    const left = await waitUntilSettled(() => uncommitted(broker.brokers, topics.nameOf('uploads'), group));
    await processors.stopAll();
    const decisions = await readCommitted(broker.brokers, topics.nameOf('decisions'));
    const letters = await readCommitted(broker.brokers, topics.nameOf('dead-letters'));
    return {
      uploads: events.length,
      uncommitted: left,
      ...judge(events, decisionsOf(decisions), deadLetteredEvents(letters)),
      faults: Object.values(faultsByKind).reduce((sum, count) => sum + count, 0),
      faultsByKind,
      endedByThemselves: processors.endedByThemselves,
      seconds: Math.round((performance.now() - startedMs) / 1000),
    };
  } finally {
    await processors.stopAll();
    await log.abandon();
    await broker.stop();
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function environmentOf(
  { mode }: ChaosOptions,
  brokers: readonly string[],
  prefix: string,
  folder: string,
): Promise<Record<string, string>> {
  const policyFile = join(folder, 'policy.json');
  await writeFile(policyFile, JSON.stringify({ name: 'chaos', review: { radiusBits: 31 }, views: 'mirror' }));
  return {
    FLOODGATE_KAFKA_BROKERS: brokers.join(','),
    FLOODGATE_KAFKA_TOPIC_PREFIX: prefix,
    FLOODGATE_KAFKA_SESSION_TIMEOUT_MS: String(sessionTimeoutMs),
    FLOODGATE_DELIVERY: mode,
    FLOODGATE_POLICY: policyFile,
    FLOODGATE_CHILDREN: '1',
    FLOODGATE_INFLIGHT_MAX: '64',
    FLOODGATE_LOG_LEVEL: 'error',
  };
}

/** Known content comes and goes, so that the same hash is decided differently at different times. */
async function changeBank(log: KafkaLog, seed: number, seconds: number): Promise<void> {
  const endsMs = performance.now() + seconds * 1000;
  for (let change = 0; performance.now() < endsMs; change += 1) {
    const hot = change % hotHashes;
    const contentId = `hot/${hot}`;
    const at = new Date().toISOString();
    const frames = [{ timeMs: 0, quality: 100, hash: knownHash(seed, hot) }];
    const facts = { contentId, bank: 'hot', labels: [], kind: 'image' as const, durationMs: 0, framesPerSecond: 0 };
    const isAdded = Math.floor(change / hotHashes) % 2 === 0;
    const records = isAdded
      ? recordsOfRevision({ ...facts, sha256: undefined, frames }, change + 1, 0, at)
      : tombstones(contentId, 0, 1, at);
    // The broker may be away; the next change will do.
    await log.append(records).catch(() => undefined);
    await sleep(100);
  }
}

/** Gives how many are left. */
async function waitUntilSettled(remaining: () => Promise<number>): Promise<number> {
  let left = Number.NaN;
  for (let giveUpMs = performance.now() + drainMsMax; performance.now() < giveUpMs; ) {
    left = await remaining().catch(() => Number.NaN);
    if (left === 0) break;
    await sleep(1_000);
  }
  return left;
}
