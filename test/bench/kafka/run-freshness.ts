/**
 * `npm run bench -- freshness`: how long it takes from publishing a new hash until every replica blocks by it.
 *
 * As on the worst day: re-uploads of one content flow steadily, to all partitions in turn, and nobody knows it yet. Then
 * its hash is published to the bank. The time counts from there until a read_committed reader has seen a block from the
 * last replica; the gap between two uploads of one replica is part of it. Then the next content takes over.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import kafkajs from 'kafkajs';
import { recordsOfRevision } from '../../../src/bank/bank-records.ts';
import { partitionOfKey } from '../../../src/log/kafka/partitioner.ts';
import { median, quantile, readConditions } from '../conditions.ts';
import { openTerminal } from '../terminal.ts';
import { openRig, type Rig } from './rig.ts';
import { bankRecords, knownHash, uploadOf } from './uploads.ts';

const group = 'floodgate-pipeline';

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly samples: number;
  readonly rate: number;
  readonly replicas: number;
  readonly partitions: number;
  readonly hashes: number;
}

/** First block of a content, by replica, milliseconds on the clock of this process. */
type Blocks = Map<number, Map<string, number>>;

export async function runFreshness(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const terminal = openTerminal();
  const rig = await openRig(options.partitions);
  try {
    await rig.append(bankRecords({ seed: options.seed, hashes: options.hashes, hashesPerContent: 100 }));
    for (let replica = 0; replica < options.replicas; replica += 1) await rig.serve(`replica-${replica}`);
    const replicaOf = await replicasByPartition(rig, options.replicas);
    const progress = terminal.startProgress('hashes', options.samples);
    const blocks: Blocks = new Map();
    const reader = await followBlocks(rig, replicaOf, blocks);
    const flow = new Flow(rig, options);
    const ms: number[] = [];
    for (let sample = 0; sample < options.samples; sample += 1) {
      ms.push(await measureOne(rig, flow, blocks, sample, options));
      progress.advance(`${ms.at(-1)} ms`);
    }
    progress.end();
    await flow.stop();
    await reader.disconnect();
    const result = {
      p50Ms: median(ms),
      p99Ms: quantile(ms, 0.99),
      maxMs: quantile(ms, 1),
      replicas: options.replicas,
      samples: ms.length,
      uploadsPerSecond: options.rate,
      uploadsSent: flow.sent,
      partitions: options.partitions,
      bankHashes: options.hashes,
      conditions: readConditions(options.seed),
    };
    terminal.print(options.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
  } finally {
    await rig.close();
  }
}

async function measureOne(rig: Rig, flow: Flow, blocks: Blocks, sample: number, options: Options): Promise<number> {
  // Of another seed than what is in the bank.
  const hash = knownHash(options.seed + 2, sample);
  flow.carry(sample, hash);
  await sleep(500);
  const contentId = `fresh/${sample}`;
  const entry = {
    contentId,
    bank: 'bench',
    labels: [],
    kind: 'image' as const,
    sha256: undefined,
    durationMs: 0,
    framesPerSecond: 0,
    frames: [{ timeMs: 0, quality: 100, hash }],
  };
  const publishedMs = Date.now();
  await rig.log.append(recordsOfRevision(entry, 1, 0, new Date(publishedMs).toISOString()));
  for (let waitedMs = 0; (blocks.get(sample)?.size ?? 0) < options.replicas; waitedMs += 5) {
    if (waitedMs > 30_000)
      throw new Error(`hash ${sample}: only ${blocks.get(sample)?.size ?? 0} replicas block by it`);
    await sleep(5);
  }
  return Math.max(...(blocks.get(sample)?.values() ?? [])) - publishedMs;
}

/** Uploads at a steady rate, to the partitions in turn, each with the hash that is carried at the moment. */
class Flow {
  sent = 0;
  readonly #rig: Rig;
  readonly #options: Options;
  readonly #timer: NodeJS.Timeout;
  readonly #sending = new Set<Promise<unknown>>();
  #carried: { sample: number; hash: Uint8Array } | null = null;

  constructor(rig: Rig, options: Options) {
    this.#rig = rig;
    this.#options = options;
    this.#timer = setInterval(() => this.#send(), 1000 / options.rate);
  }

  carry(sample: number, hash: Uint8Array): void {
    this.#carried = { sample, hash };
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.#sending);
  }

  #send(): void {
    if (this.#carried === null) return;
    const { sample, hash } = this.#carried;
    const uploadId = this.#idFor(this.sent % this.#options.partitions, sample);
    this.sent += 1;
    const sending = this.#rig.log.append([uploadOf(uploadId, hash)]);
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }

  #idFor(partition: number, sample: number): string {
    for (let attempt = 0; ; attempt += 1) {
      const id = `fresh-${sample}-${this.sent}-${attempt}`;
      if (partitionOfKey(id, this.#options.partitions) === partition) return id;
    }
  }
}

async function followBlocks(rig: Rig, replicaOf: ReadonlyMap<number, string>, blocks: Blocks) {
  const client = new kafkajs.Kafka({ brokers: [...rig.broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topics: [rig.topics.nameOf('decisions')], fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    partitionsConsumedConcurrently: 8,
    eachMessage: async ({ partition, message }) => {
      const { uploadId, outcome } = JSON.parse(message.value?.toString() ?? '{}');
      if (outcome !== 'block') return;
      const sample = Number(uploadId.split('-')[1]);
      const seen = blocks.get(sample) ?? new Map<string, number>();
      blocks.set(sample, seen);
      const replica = replicaOf.get(partition) ?? 'nobody';
      if (!seen.has(replica)) seen.set(replica, Date.now());
    },
  });
  await joined;
  return consumer;
}

/** Who has which partition of the uploads, once all replicas have joined the group. */
async function replicasByPartition(rig: Rig, replicas: number): Promise<Map<number, string>> {
  const client = new kafkajs.Kafka({ brokers: [...rig.broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  try {
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 200) {
      const { groups } = await admin.describeGroups([group]);
      const members = groups[0]?.members ?? [];
      if (groups[0]?.state === 'Stable' && members.length === replicas) {
        return new Map(members.flatMap(partitionsOfMember));
      }
      await sleep(200);
    }
    throw new Error(`${replicas} replicas have not joined the group after a minute`);
  } finally {
    await admin.disconnect();
  }
}

function partitionsOfMember({ memberId, memberAssignment }: kafkajs.MemberDescription): [number, string][] {
  const decoded = kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment);
  return Object.values(decoded?.assignment ?? {})
    .flat()
    .map((partition) => [partition, memberId]);
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      samples: { type: 'string', default: '100' },
      rate: { type: 'string', default: '50' },
      replicas: { type: 'string', default: '2' },
      partitions: { type: 'string', default: '4' },
      hashes: { type: 'string', default: '100000' },
    },
  });
  return {
    json: values.json,
    seed: Number(values.seed),
    samples: Number(values.samples),
    rate: Number(values.rate),
    replicas: Number(values.replicas),
    partitions: Number(values.partitions),
    hashes: Number(values.hashes),
  };
}
