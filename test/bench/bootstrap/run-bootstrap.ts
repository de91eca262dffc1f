/**
 * The bench "bootstrap": how long a process takes until it knows the whole bank.
 *
 * Question: how soon is a fresh replica ready when the bank's topic has the size of the shared industry database, how soon
 * is it ready again after a restart, and how much memory does it take?
 *
 * Method: the service as a process of its own, from its start until it says its address, which it does when everything in
 * the topic is searchable. Cold: with an empty data folder. Warm: the same folder again, after it was stopped. Each round
 * is one cold and one warm start. The broker runs on the same machine and has its share of the cores.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { limits } from '../../../src/config/limits.ts';
import { serveProcess } from '../../support/served-process.ts';
import { median, readConditions } from '../conditions.ts';
import { openTerminal } from '../terminal.ts';
import { type BankSize, recordsOfBank } from './bank-contents.ts';
import { type BankLog, type LogKind, logKinds, prepareLog } from './bank-log.ts';

interface Options extends BankSize {
  readonly json: boolean;
  readonly seed: number;
  readonly log: LogKind;
  readonly rounds: number;
}

interface Start {
  readonly seconds: number;
  /** Of all its threads until it was ready: what the start costs, however busy the machine is with others. */
  readonly cpuSeconds: number;
  /** Most resident memory that the process has had, its snapshot written, without its children. */
  readonly rssMb: number;
}

interface Round {
  readonly cold: Start;
  readonly warm: Start;
}

const contentsPerAppend = 500;
const startTimeoutMs = 900_000;
const snapshotTimeoutMs = 120_000;
/** Fewer are not worth a snapshot. */
const contentsMin = limits.bankSnapshotChangesMin;
/** Goals of the issue that asked for the bench. */
const goals = { coldSeconds: 60, warmSeconds: 5, rssMb: 1000 };

export async function runBootstrap(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const conditions = readConditions(options.seed);
  const terminal = openTerminal();
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-bench-'));
  const bankLog = await prepareLog(options.log, folder);
  try {
    await fill(bankLog, options, terminal);
    const rounds: Round[] = [];
    const progress = terminal.startProgress('rounds', options.rounds);
    for (let round = 0; round < options.rounds; round++) {
      const measured = await measureRound(bankLog, options);
      rounds.push(measured);
      progress.advance(`cold ${seconds(measured.cold)}, warm ${seconds(measured.warm)}`);
    }
    progress.end();
    const summary = { ...summarise(rounds, options), conditions };
    for (const line of toLines(summary)) terminal.print(line);
    terminal.print(options.json ? JSON.stringify(summary) : JSON.stringify(summary, null, 2));
  } finally {
    await bankLog.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      contents: { type: 'string', default: '370000' },
      hashes: { type: 'string', default: '2100000' },
      rounds: { type: 'string', default: '3' },
      log: { type: 'string', default: 'kafka' },
    },
  });
  const log = logKinds.find((kind) => kind === values.log);
  if (log === undefined) throw new Error(`--log is ${logKinds.join(' or ')}`);
  const [seed, contents, hashes, rounds] = [values.seed, values.contents, values.hashes, values.rounds].map(Number);
  if (!(seed !== undefined && contents && hashes && rounds && contents >= contentsMin && hashes >= contents)) {
    throw new Error(`--contents is at least ${contentsMin}, --hashes no less than that, --rounds at least 1`);
  }
  return { json: values.json, seed, contents, hashes, rounds, log };
}

async function fill(bankLog: BankLog, options: Options, terminal: Terminal): Promise<void> {
  const log = await bankLog.open();
  const progress = terminal.startProgress('filling the topic', Math.ceil(options.contents / contentsPerAppend));
  try {
    for (const records of recordsOfBank(options, options.seed, contentsPerAppend)) {
      await log.append(records);
      progress.advance();
    }
  } finally {
    progress.end();
    await log.close();
  }
}

async function measureRound(bankLog: BankLog, options: Options): Promise<Round> {
  const dataFolder = await bankLog.freshDataFolder();
  const cold = await measureStart(bankLog, dataFolder, options);
  const warm = await measureStart(bankLog, dataFolder, options);
  return { cold, warm };
}

async function measureStart(bankLog: BankLog, dataFolder: string, size: BankSize): Promise<Start> {
  const startedMs = performance.now();
  const environment = { ...bankLog.environment, FLOODGATE_CHILDREN: '1' };
  const served = await serveProcess({ dataFolder, environment, startTimeoutMs });
  const startSeconds = (performance.now() - startedMs) / 1000;
  const cpuSeconds = await cpuSecondsOf(served.process.pid);
  await requireWhole(served.url, size);
  await waitForSnapshot(join(dataFolder, 'bank'));
  const start = { seconds: startSeconds, cpuSeconds, rssMb: await peakRssMb(served.process.pid) };
  const end = await served.stop('SIGTERM');
  if (end !== 0) throw new Error(`the service ended with ${end}: ${served.stderr()}`);
  return start;
}

/** It is begun when the service is ready, and takes memory for copies. */
async function waitForSnapshot(folder: string): Promise<void> {
  for (const giveUpMs = performance.now() + snapshotTimeoutMs; performance.now() < giveUpMs; await sleep(20)) {
    const names = await readdir(folder).catch(() => []);
    if (names.length === 1 && /^snapshot-\d+$/.test(names[0] ?? '')) return;
  }
  throw new Error(`the service wrote no snapshot within ${snapshotTimeoutMs} ms`);
}

/** Linux counts in hundredths of a second. The name of the command stands in brackets and may hold anything. */
async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function peakRssMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return Math.round((Number(kilobytes) * 1024) / 1e6);
}

/** A figure of a bank that lacks something would be none. */
async function requireWhole(url: string, { contents, hashes }: BankSize): Promise<void> {
  const response = await fetch(`${url}/v1/status`);
  const status = (await response.json()) as { bank: { contents: number; hashes: number } };
  if (status.bank.contents === contents && status.bank.hashes === hashes) return;
  throw new Error(`the service knows ${JSON.stringify(status.bank)}, not ${contents} contents of ${hashes} hashes`);
}

function summarise(rounds: readonly Round[], { contents, hashes, log, seed }: Options) {
  const [cold, warm] = [rounds.map((round) => round.cold), rounds.map((round) => round.warm)];
  const coldSeconds = median(cold.map((start) => start.seconds));
  return {
    coldSeconds,
    warmSeconds: median(warm.map((start) => start.seconds)),
    rssMb: Math.max(...[...cold, ...warm].map((start) => start.rssMb)),
    coldCpuSeconds: median(cold.map((start) => start.cpuSeconds)),
    warmCpuSeconds: median(warm.map((start) => start.cpuSeconds)),
    coldRecordsPerSecond: Math.round(contents / coldSeconds),
    coldRange: rangeOf(cold),
    warmRange: rangeOf(warm),
    warmRssMb: Math.max(...warm.map((start) => start.rssMb)),
    samples: rounds.length,
    contents,
    hashes,
    log,
    seed,
  };
}

function rangeOf(starts: readonly Start[]): readonly [number, number] {
  const all = starts.map((start) => start.seconds);
  return [Math.min(...all), Math.max(...all)];
}

function toLines(summary: ReturnType<typeof summarise>): string[] {
  const { coldSeconds, warmSeconds, rssMb, coldRange, warmRange, samples, contents, hashes, log } = summary;
  const { coldCpuSeconds, warmCpuSeconds } = summary;
  const range = ([least, most]: readonly [number, number]) => `${least.toFixed(2)} to ${most.toFixed(2)}`;
  return [
    `${contents} contents of ${hashes} hashes on ${log}; medians of ${samples} starts each, least to most`,
    `cold start   ${coldSeconds.toFixed(2)} s (${range(coldRange)}), goal under ${goals.coldSeconds} s`,
    `warm start   ${warmSeconds.toFixed(2)} s (${range(warmRange)}), goal under ${goals.warmSeconds} s`,
    `processor    ${coldCpuSeconds.toFixed(1)} s of a core for a cold start, ${warmCpuSeconds.toFixed(1)} s for a warm one`,
    `peak memory  ${rssMb} MB, goal under ${goals.rssMb} MB`,
  ];
}

function seconds(start: Start): string {
  return `${start.seconds.toFixed(1)} s`;
}
