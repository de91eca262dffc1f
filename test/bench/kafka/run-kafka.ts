/**
 * `npm run bench -- kafka`: uploads with one ready hash through a real broker and one processor, against a bank of a
 * million hashes, all on this machine.
 *
 * Throughput: all uploads are appended at once, which takes a second or two; the rate is that of the decisions'
 * timestamps, from the first to the last. Latency: another run at a
 * steady rate, from the time in the event to the moment at which a read_committed reader has the decision.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { LogRecord } from '../../../src/log/log.ts';
import type { ServedProcess } from '../../support/served-process.ts';
import { median, quantile, readConditions } from '../conditions.ts';
import { openTerminal } from '../terminal.ts';
import { measureLatency } from './measure-latency.ts';
import { openRig, type Rig, waitUntil } from './rig.ts';
import { bankRecords, type KnownSet, uploadRecord } from './uploads.ts';

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly hashes: number;
  readonly uploads: number;
  readonly partitions: number;
  readonly rate: number;
  readonly seconds: number;
}

type Delivery = 'exactly-once' | 'at-least-once';

const copyShare = 0.1;
const hashesPerContent = 100;

export async function runKafka(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const terminal = openTerminal();
  const known: KnownSet = { seed: options.seed, hashes: options.hashes, hashesPerContent };
  const throughput = new Map<Delivery, Throughput>();
  for (const delivery of ['exactly-once', 'at-least-once'] as const) {
    terminal.print(`${delivery}: filling the topics`);
    const rig = await openRig(options.partitions);
    try {
      await rig.append(bankRecords(known));
      throughput.set(delivery, await measureThroughput(rig, known, delivery, options));
      terminal.print(`${delivery}: ${JSON.stringify(throughput.get(delivery))}`);
    } finally {
      await rig.close();
    }
  }
  const rig = await openRig(options.partitions);
  try {
    await rig.append(bankRecords(known));
    const served = await rig.serve('latency');
    const latency = await measureLatency(rig, known, { ...options, copyShare });
    await served.stop('SIGTERM');
    const [exactly, atLeast] = [throughput.get('exactly-once'), throughput.get('at-least-once')];
    const result = {
      exactlyOncePerSecond: exactly?.perSecond ?? 0,
      atLeastOncePerSecond: atLeast?.perSecond ?? 0,
      p50Ms: quantile(latency.ms, 0.5),
      p99Ms: quantile(latency.ms, 0.99),
      maxMs: quantile(latency.ms, 1),
      ratePerSecond: options.rate,
      samples: latency.ms.length,
      blocked: { exactlyOnce: exactly?.blocked, atLeastOnce: atLeast?.blocked, latency: latency.blocked },
      cpuMsPerUpload: { exactlyOnce: exactly?.cpuMsPerUpload, atLeastOnce: atLeast?.cpuMsPerUpload },
      spread: { exactlyOnce: exactly?.spread, atLeastOnce: atLeast?.spread },
      uploads: options.uploads,
      bankHashes: options.hashes,
      partitions: options.partitions,
      viewsSearched: 2,
      conditions: readConditions(options.seed),
    };
    terminal.print(options.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
  } finally {
    await rig.close();
  }
}

interface Throughput {
  readonly perSecond: number;
  /** Of the rates in single seconds. */
  readonly spread: { readonly median: number; readonly least: number; readonly most: number };
  readonly blocked: number;
  /** Of the processor alone. */
  readonly cpuMsPerUpload: number;
}

/** The index is still building a segment when the processor becomes ready. */
const settleDownMs = 3_000;
/** Of Linux, on all architectures that Node runs on. */
const clockTicksPerSecond = 100;

async function decidedBy(served: ServedProcess): Promise<number> {
  const status = (await (await fetch(new URL('/v1/status', served.url))).json()) as { uploadsDecided: number };
  return status.uploadsDecided;
}

function cpuMsOf({ process: { pid } }: ServedProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicksPerSecond;
}

async function measureThroughput(
  rig: Rig,
  known: KnownSet,
  delivery: Delivery,
  { uploads }: Options,
): Promise<Throughput> {
  const served = await rig.serve(delivery, { FLOODGATE_DELIVERY: delivery });
  await sleep(settleDownMs);
  const cpuMsBefore = cpuMsOf(served);
  await rig.append(uploadBatches(known, uploads));
  await waitUntil(() => decidedBy(served), uploads, 'decisions');
  const cpuMsPerUpload = (cpuMsOf(served) - cpuMsBefore) / uploads;
  await served.stop('SIGTERM');
  const decisions: LogRecord[] = [];
  const tail = await rig.log.tail({ topic: 'decisions', from: [], onRecord: (record) => decisions.push(record) });
  await tail.caughtUp();
  await tail.close();
  if (decisions.length !== uploads) throw new Error(`${uploads} uploads, ${decisions.length} decisions`);
  return { ...throughputOf(decisions), cpuMsPerUpload: Number(cpuMsPerUpload.toFixed(3)) };
}

function* uploadBatches(known: KnownSet, uploads: number) {
  for (let index = 0; index < uploads; index += 1) yield [uploadRecord(known, index, copyShare, 'upload')];
}

function throughputOf(decisions: readonly LogRecord[]): Omit<Throughput, 'cpuMsPerUpload'> {
  const times = decisions.map(({ timestampMs }) => timestampMs).sort((a, b) => a - b);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const perSecond = new Map<number, number>();
  for (const time of times) {
    const second = Math.floor((time - first) / 1000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  // The last second is not a whole one.
  const whole = [...perSecond].filter(([second]) => (second + 1) * 1000 <= last - first).map(([, count]) => count);
  const outcomes = decisions.map((record) => JSON.parse(Buffer.from(record.value ?? []).toString()).outcome);
  return {
    perSecond: Math.round((decisions.length / Math.max(1, last - first)) * 1000),
    spread: { median: median(whole), least: quantile(whole, 0), most: quantile(whole, 1) },
    blocked: outcomes.filter((outcome) => outcome === 'block').length,
  };
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      hashes: { type: 'string', default: '1000000' },
      uploads: { type: 'string', default: '60000' },
      partitions: { type: 'string', default: '4' },
      rate: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '30' },
    },
  });
  return {
    json: values.json,
    seed: Number(values.seed),
    hashes: Number(values.hashes),
    uploads: Number(values.uploads),
    partitions: Number(values.partitions),
    rate: Number(values.rate),
    seconds: Number(values.seconds),
  };
}
