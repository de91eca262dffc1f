/** One size of the search rows: codes, queries, the truth about them, and the peers that hold them. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../../src/demo/random.ts';
import type { HammingIndex } from '../../../src/kernel/hamming-index.ts';
import { findTruth, hashBytes, makeQueries, Recall, radiusBits, randomCodes, type Truth } from './codes.ts';
import { type Peer, startPeer } from './peer-process.ts';
import { faissDriver, type PeerCommands } from './peer-setup.ts';
import type { Lane } from './rounds.ts';

export interface SearchData {
  readonly n: number;
  readonly codes: Uint8Array;
  readonly queries: Uint8Array;
  /** Queries of one round; each round has its own, so that none is in anybody's cache. */
  readonly perRound: number;
  /** Queries after those of all rounds, which warm each turn up. */
  readonly warmUpQueries: number;
  readonly rounds: number;
}

export interface SearchRig extends SearchData {
  readonly truth: Truth;
  readonly peers: SearchPeers;
  close(): Promise<void>;
}

export interface SearchPeers {
  /** Each FAISS index by its name in faiss_peer.py, in whichever process holds it. */
  readonly faiss: ReadonlyMap<string, FaissRow>;
  readonly scanNative: Peer | null;
  readonly scan: Peer | null;
}

export interface FaissRow {
  readonly peer: Peer;
  readonly buildSeconds: number;
}

export interface RigOptions {
  /** A temporary folder in which codes are handed to the peers. */
  readonly folder: string;
  readonly commands: PeerCommands;
  readonly missing: string[];
  say(line: string): void;
}

/** Asked before each turn and not timed, so that nobody pays for the turn of the one before. */
/** Queries that are not timed come first in each turn, a quarter as many: the turn before has had the caches. */
const warmUpShare = 4;
/** ThreatExchange's index takes texts one by one; above this it is left out. */
const threatexchangeHashesMax = 100_000;
const oneSeatingHashesMax = 2_000_000;
/** FAISS's fastest exact one on a million, and minutes to build on ten. */
const wideChunks = 'multihash-11-23-2';
const faissNames = ['flat', 'multihash-16-16-1', wideChunks, 'hash-16-1'] as const;

function queriesPerRound(n: number): number {
  if (n <= 200_000) return 1024;
  return n <= 2_000_000 ? 512 : 64;
}

export function drawSearchData(n: number, rounds: number, seed: number): SearchData {
  const random = createRandom(seed + n);
  const codes = randomCodes(n, random);
  const perRound = queriesPerRound(n);
  const warmUpQueries = perRound / warmUpShare;
  const queries = makeQueries(codes, rounds * perRound + warmUpQueries, random);
  return { n, codes, perRound, warmUpQueries, rounds, queries };
}

/**
 * Which FAISS indexes stand in memory at once. At ten million the one with wide chunks takes 6 GiB and gets a seating of
 * its own, with ours in turns as in the first one.
 */
export function seatingsOf(n: number, { threatexchange }: PeerCommands): string[][] {
  const names = [...faissNames, ...(threatexchange && n <= threatexchangeHashesMax ? ['threatexchange'] : [])];
  if (n <= oneSeatingHashesMax) return [names];
  return [names.filter((name) => name !== wideChunks), [wideChunks]];
}

/** `truth` is found unless an earlier seating has found it. */
export async function openSearchRig(
  data: SearchData,
  options: RigOptions,
  names: readonly string[],
  truth?: Truth,
): Promise<SearchRig> {
  const { n, codes, queries } = data;
  const { folder, say } = options;
  const files = { codes: join(folder, `${n}.codes`), queries: join(folder, `${n}.queries`) };
  await writeFile(files.codes, codes);
  await writeFile(files.queries, queries);
  const opened: Peer[] = [];
  const open = async (command: string, args: readonly string[] = []): Promise<Peer> => {
    const peer = await startPeer(command, args);
    opened.push(peer);
    await peer.ask(`codes ${n} ${files.codes}`);
    await peer.ask(`queries ${queries.length / hashBytes} ${files.queries}`);
    return peer;
  };
  say(`${n}: building the peers' indexes`);
  const faiss = await buildFaiss(n, options, names, open);
  const { scanNative, scan } = options.commands;
  const peers: SearchPeers = {
    faiss,
    scanNative: scanNative === null ? null : await open(scanNative),
    scan: scan === null || n > 200_000 ? null : await open(scan),
  };
  await Promise.all(Object.values(files).map((file) => rm(file)));
  if (truth === undefined) say(`${n}: finding the truth`);
  const close = async () => {
    await Promise.all(opened.map((peer) => peer.close()));
  };
  return { ...data, truth: truth ?? findTruth(codes, queries), peers, close };
}

/** The slow builder has a process of its own beside that of the others; building is not what is measured here. */
async function buildFaiss(
  n: number,
  { commands, missing }: RigOptions,
  names: readonly string[],
  open: (command: string, args: readonly string[]) => Promise<Peer>,
): Promise<Map<string, FaissRow>> {
  const rows = new Map<string, FaissRow>();
  const { python } = commands;
  if (python === null) return rows;
  const slow = names.filter((name) => name === wideChunks);
  const groups = [names.filter((name) => name !== wideChunks), slow].filter((group) => group.length > 0);
  await Promise.all(
    groups.map(async (group) => {
      const peer = await open(python, [faissDriver]);
      for (const name of group) {
        try {
          const { ns } = await peer.ask(`build ${name}`);
          rows.set(name, { peer, buildSeconds: Number(ns) / 1e9 });
        } catch (error) {
          missing.push(`FAISS ${name} at ${n}: ${error instanceof Error ? error.message : error}`);
        }
      }
      await peer.ask('forget').catch(() => {});
    }),
  );
  return rows;
}

export interface PeerLane {
  readonly id: string;
  readonly label: string;
  readonly note?: string;
  readonly peer: Peer;
  /** The words between `run` and the first query. */
  readonly name: string;
  readonly style: 'single' | 'batch' | '';
}

export function peerLane(rig: SearchRig, { peer, name, style, ...names }: PeerLane): Lane {
  const recall = new Recall(rig.truth);
  const ask = (first: number, count: number) => peer.ask(`run ${name} ${first} ${count} ${radiusBits} ${style}`.trim());
  return {
    ...names,
    ours: false,
    async turn(round) {
      await ask(rig.rounds * rig.perRound, rig.warmUpQueries);
      const first = round * rig.perRound;
      const { ns, hits } = await ask(first, rig.perRound);
      recall.count(first, rig.perRound, hits as number[]);
      return Number(ns) / 1000 / rig.perRound;
    },
    recall: () => recall.share,
    wrongHits: () => recall.wrong,
  };
}

export interface OurLane {
  readonly id: string;
  readonly label: string;
  readonly note?: string;
  readonly index: HammingIndex;
  /** Position of a code by its slot. */
  readonly positions: Uint32Array;
  /** Queries of one call. */
  readonly batch: number;
  /** Receives the microseconds of each call. */
  readonly calls?: number[];
}

const hitsMax = 16_384;

export function ourLane(rig: SearchRig, { index, positions, batch, calls, ...names }: OurLane): Lane {
  const recall = new Recall(rig.truth);
  const part = (from: number, count: number) => rig.queries.subarray(from * hashBytes, (from + count) * hashBytes);
  return {
    ...names,
    ours: true,
    async turn(round) {
      for (let at = 0; at < rig.warmUpQueries; at += batch) {
        index.search(part(rig.rounds * rig.perRound + at, batch), radiusBits, hitsMax);
      }
      const first = round * rig.perRound;
      const found: number[] = [];
      let sumMs = 0;
      for (let at = first; at < first + rig.perRound; at += batch) {
        const count = Math.min(batch, first + rig.perRound - at);
        const asked = part(at, count);
        const before = performance.now();
        const hits = index.search(asked, radiusBits, hitsMax);
        const spentMs = performance.now() - before;
        sumMs += spentMs;
        calls?.push(spentMs * 1000);
        for (let hit = 0; hit < hits.count; hit++) {
          const position = positions[hits.slot[hit] ?? 0] ?? 0;
          found.push(at + (hits.query[hit] ?? 0), position, hits.distanceBits[hit] ?? 0);
        }
      }
      recall.count(first, rig.perRound, found);
      return (sumMs * 1000) / rig.perRound;
    },
    recall: () => recall.share,
    wrongHits: () => recall.wrong,
  };
}
