/**
 * The bench "kernel": hashing and search side by side with every native peer that can be had.
 *
 * Question: how much faster than the C++ PDQ reference, a plain C loop, FAISS and ThreatExchange's index is the kernel,
 * is it exact, and what does it cost to add, merge, save and restore beside the searches?
 *
 * Fair because: one thread each; the same decoded frames, codes and queries; every row has a turn in every round, in a
 * process that lives through all of them and takes the time around its own calls; medians with quartiles; a row that is
 * not exact shows its recall; peers run in their best style of call, and where they win the table says so.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { readKernelVersion } from '../../../src/kernel/load-kernel.ts';
import { readConditions } from '../conditions.ts';
import { openTerminal } from '../terminal.ts';
import { hashBytes, type Truth } from './codes.ts';
import { type Figures, type KernelConditions, summarise } from './figures.ts';
import { loadFrames } from './frames.ts';
import { measurePdq } from './measure-pdq.ts';
import {
  buildSecondsOf,
  concludeSearch,
  type FilledIndex,
  fillIndex,
  measureScan,
  measureSeating,
  type ScanFigures,
  type SearchFigures,
  type Seating,
} from './measure-search.ts';
import { measureShapes } from './measure-shapes.ts';
import { measureSkew } from './measure-skew.ts';
import { measureDuplicates, measureSnapshot, measureUpdates, type SnapshotFigures } from './measure-updates.ts';
import { startPeer } from './peer-process.ts';
import { faissDriver, type PeerChoice, type PeerCommands, peerVersions, setUpPeers } from './peer-setup.ts';
import { toDocument, toLines } from './report.ts';
import { drawSearchData, openSearchRig, type SearchData, seatingsOf } from './search-rig.ts';

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly sizes: readonly number[];
  readonly frames: number;
  readonly rounds: number;
  readonly peers: PeerChoice;
  /** Where the document goes, when one is asked for. */
  readonly docs: string | undefined;
}

const scanSize = 100_000;
const millionSize = 1_000_000;

export async function runKernel(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const terminal = openTerminal();
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-bench-'));
  try {
    const figures = await measureAll(options, terminal, folder);
    for (const line of toLines(figures)) terminal.print(line);
    if (options.docs !== undefined) {
      const before = await readFile(options.docs, 'utf8').catch(() => '');
      await writeFile(options.docs, toDocument(figures, before));
    }
    const summary = summarise(figures);
    terminal.print(options.json ? JSON.stringify(summary) : JSON.stringify(summary, null, 2));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      sizes: { type: 'string', default: '100000,1000000,10000000' },
      frames: { type: 'string', default: '300' },
      rounds: { type: 'string', default: '8' },
      peers: { type: 'string', default: 'install' },
      'no-peers': { type: 'boolean', default: false },
      docs: { type: 'string' },
    },
  });
  const choice = values['no-peers'] ? 'none' : values.peers;
  if (choice !== 'install' && choice !== 'present' && choice !== 'none') {
    throw new Error('--peers is install, present or none');
  }
  return {
    json: values.json,
    seed: wholeNumber('seed', values.seed, 0),
    sizes: values.sizes.split(',').map((size) => wholeNumber('sizes', size, 100)),
    frames: wholeNumber('frames', values.frames, 1),
    rounds: wholeNumber('rounds', values.rounds, 1),
    peers: choice,
    docs: values.docs,
  };
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min)
    throw new Error(`--${name} takes whole numbers from ${min}, not ${text}`);
  return value;
}

async function measureAll(options: Options, terminal: Terminal, folder: string): Promise<Figures> {
  const startedMs = performance.now();
  const say = (line: string) => terminal.note(`[${((performance.now() - startedMs) / 1000).toFixed(0)} s] ${line}`);
  const { seed, rounds } = options;
  const started = readConditions(seed);
  const commands = await setUpPeers(options.peers, say);
  const missing = [...commands.missing];
  const frames = await loadFrames(options.frames, seed, say);
  const conditions = { ...started, ...(await describe(commands)), frames: frames.source, rounds };
  const pdq = await measurePdq({ commands, frames, rounds, folder, missing, say });
  say('PDQ: other shapes');
  const shapes = await measureShapes([frames.rgb, frames.gray]);
  const skew = measureSkew(frames.rgb);
  const sizes = await measureSizes(options, { commands, folder, missing, say });
  const n = Math.min(millionSize, Math.max(...options.sizes));
  say(`${n}: adding and searching while a merge runs`);
  const updates = await measureUpdates(n, seed);
  say(`${n}: banks with duplicates`);
  const duplicates = await measureDuplicates(n, seed);
  return {
    pdq,
    frames: { rgb: frames.rgb.count, gray: frames.gray.count },
    shapes,
    skew,
    ...sizes,
    updates,
    duplicates,
    missing,
    conditions,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

interface SizeRig {
  readonly commands: PeerCommands;
  readonly folder: string;
  readonly missing: string[];
  say(line: string): void;
}

type SizeFigures = Pick<Figures, 'scan' | 'batch' | 'search' | 'queries' | 'snapshot'>;

async function measureSizes({ sizes, rounds, seed }: Options, rig: SizeRig): Promise<SizeFigures> {
  const ascending = [...sizes].sort((a, b) => a - b);
  const scanned = new Map<number, ScanFigures>();
  const search: SearchFigures[] = [];
  const queries: Record<string, number> = {};
  let snapshot: SnapshotFigures | null = null;
  const [scanAt, batchAt] = [closest(ascending, scanSize), closest(ascending, millionSize)];
  for (const n of ascending) {
    const data = drawSearchData(n, rounds, seed);
    rig.say(`${n}: filling our index`);
    // Before the peers start, so that what a build needs for a while does not stand beside their memory.
    const filled = await fillIndex(data.codes, n);
    const scans = n === scanAt || n === batchAt;
    const { figures, scan } = await searchWithPeers(data, filled, scans, rig);
    search.push(figures);
    if (scan !== null) scanned.set(n, scan);
    queries[n] = rounds * data.perRound;
    if (n === ascending.at(-1)) {
      rig.say(`${n}: snapshot`);
      snapshot = await measureSnapshot(filled, data.queries.subarray(0, 64 * hashBytes), rig.folder);
    } else await filled.index.close();
  }
  const scan = scanned.get(scanAt);
  const batch = scanned.get(batchAt);
  if (scan === undefined || batch === undefined) throw new Error('no size to scan');
  return { scan, batch, search, queries, snapshot };
}

/** One seating of peers after the other, each in turns with ours; the scan goes with the first. */
async function searchWithPeers(
  data: SearchData,
  filled: FilledIndex,
  scans: boolean,
  rig: SizeRig,
): Promise<{ figures: SearchFigures; scan: ScanFigures | null }> {
  const { n } = data;
  const seatings: Seating[] = [];
  const calls: number[] = [];
  let scan: ScanFigures | null = null;
  let truth: Truth | undefined;
  for (const names of seatingsOf(n, rig.commands)) {
    if (seatings.length > 0 && rig.commands.python === null) break;
    const peers = await openSearchRig(data, rig, names, truth);
    try {
      truth = peers.truth;
      rig.say(`${n}: searching`);
      if (scans && scan === null) scan = await measureScan(peers, rig.missing);
      const rows = await measureSeating(peers, filled, calls, rig.missing);
      seatings.push({ rows, buildSeconds: buildSecondsOf(peers) });
    } finally {
      await peers.close();
    }
  }
  return { figures: concludeSearch(n, seatings, calls, filled), scan };
}

function closest(sizes: readonly number[], wanted: number): number {
  return sizes.reduce((best, size) => (Math.abs(size - wanted) < Math.abs(best - wanted) ? size : best));
}

/** Versions as the peers themselves say them. */
async function describe(commands: PeerCommands): Promise<Pick<KernelConditions, 'kernelVersion' | 'peers'>> {
  const peers: Record<string, string> = {};
  if (commands.scanNative !== null) {
    const peer = await startPeer(commands.scanNative);
    peers.gcc = String(peer.hello.compiler);
    await peer.close();
  }
  if (commands.pdq !== null) peers.pdqhash = peerVersions.pdqhash;
  if (commands.threatexchange) peers.threatexchange = peerVersions.threatexchange;
  if (commands.python !== null) {
    const peer = await startPeer(commands.python, [faissDriver]);
    peers.faiss = `${peer.hello.faiss} (${peer.hello.compile})`;
    await peer.close();
  }
  return { kernelVersion: readKernelVersion(), peers };
}
