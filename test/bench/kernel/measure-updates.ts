/** What happens beside a search: additions, merges, banks full of one frame, snapshots. Only our own index is asked. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createRandom, type Random } from '../../../src/demo/random.ts';
import type { OwnedIndex } from '../../../src/kernel/hamming-index.ts';
import { restoreHammingIndex } from '../../../src/kernel/segmented-index.ts';
import { quantile } from '../conditions.ts';
import { type BankKind, codeAt, hashBytes, makeBank, makeQueries, radiusBits, randomCodes } from './codes.ts';
import { type FilledIndex, fillIndex } from './measure-search.ts';

const hitsMax = 16_384;
const samplesMin = 2_000;
const samplesMax = 20_000;
const phaseMsMax = 20_000;
/** A service has other things to do; back to back, fifty thousand additions a second would be measured. */
const paceMs = 0.25;
const stallMs = 10;

export interface Spread {
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
  readonly samples: number;
}

function spreadOf(micros: readonly number[]): Spread {
  const [p50Micros, p99Micros, maxMicros] = [0.5, 0.99, 1].map((share) => quantile(micros, share));
  return { p50Micros: p50Micros ?? 0, p99Micros: p99Micros ?? 0, maxMicros: maxMicros ?? 0, samples: micros.length };
}

/** Turns of the event loop that took long: by a hand-over of the index, or because the machine was busy with others. */
export interface Stalls {
  readonly mergingSeconds: number;
  readonly over10Ms: number;
  readonly longestMicros: number;
}

export interface UpdateFigures {
  readonly n: number;
  /** From calling insert to a search having returned the hash. */
  readonly addVisible: Spread;
  readonly searchIdle: Spread;
  /** A query to another thread and an answer back, without any search: what searching there would cost besides. */
  readonly threadHop: Spread;
  readonly searchWhileMerging: Spread;
  /** How often and how long this thread was kept from its work while merges ran. */
  readonly stalls: Stalls;
}

/** The index is a fresh one of `n` hashes in one segment. */
export async function measureUpdates(n: number, seed: number): Promise<UpdateFigures> {
  const random = createRandom(seed + 7);
  const codes = randomCodes(n, random);
  const { index } = await fillIndex(codes, n + 4 * samplesMax);
  const queries = makeQueries(codes, samplesMin, random);
  const search = (at: number) => {
    index.search(codeAt(queries, at % samplesMin), radiusBits, hitsMax);
  };
  const searchIdle = spreadOf(await sample(search, samplesMin));
  const threadHop = spreadOf(await sampleThreadHops(codeAt(queries, 0), samplesMin));
  const searched = await sampleWhileMerging(index, random, search);
  const added = await sampleWhileMerging(index, random, adderOf(index, random));
  await index.close();
  return {
    n,
    addVisible: spreadOf(added.micros),
    searchIdle,
    threadHop,
    searchWhileMerging: spreadOf(searched.micros),
    stalls: sumOf(searched.stalls, added.stalls),
  };
}

async function sampleThreadHops(query: Uint8Array, count: number): Promise<number[]> {
  const echo =
    "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));";
  const worker = new Worker(echo, { eval: true });
  const micros: number[] = [];
  for (let at = 0; at < count; at++) {
    const before = performance.now();
    worker.postMessage(query.slice());
    await once(worker, 'message');
    micros.push((performance.now() - before) * 1000);
  }
  await worker.terminate();
  return micros;
}

function adderOf(index: OwnedIndex, random: Random): (at: number) => void {
  const fresh = randomCodes(samplesMax, random);
  return (at) => {
    const hash = codeAt(fresh, at);
    const slot = index.insert(hash);
    if (!index.search(hash, radiusBits, hitsMax).slot.includes(slot)) throw new Error('an added hash was not found');
  };
}

async function sample(act: (at: number) => void, count: number): Promise<number[]> {
  const micros: number[] = [];
  for (let at = 0; at < count; at++) {
    const before = performance.now();
    act(at);
    micros.push((performance.now() - before) * 1000);
    await nextTurn();
  }
  return micros;
}

interface MergingSamples {
  readonly micros: number[];
  readonly stalls: Stalls;
}

/** Merges again and again, and acts between turns of the event loop, as a service would, until there are enough samples. */
async function sampleWhileMerging(
  index: OwnedIndex,
  random: Random,
  act: (at: number) => void,
): Promise<MergingSamples> {
  const micros: number[] = [];
  const startedMs = performance.now();
  let longestMs = 0;
  let over10Ms = 0;
  while (micros.length < samplesMin && performance.now() - startedMs < phaseMsMax) {
    // Something is new, or there would be nothing to merge.
    index.insert(randomCodes(1, random));
    let over = false;
    const merged = index.merge().finally(() => {
      over = true;
    });
    let dueMs = performance.now();
    while (!over) {
      const before = performance.now();
      if (before >= dueMs && micros.length < samplesMax) {
        act(micros.length);
        micros.push((performance.now() - before) * 1000);
        dueMs = before + paceMs;
      }
      const acted = performance.now();
      await nextTurn();
      const turnMs = performance.now() - acted;
      longestMs = Math.max(longestMs, turnMs);
      if (turnMs > stallMs) over10Ms++;
    }
    await merged;
  }
  const mergingSeconds = (performance.now() - startedMs) / 1000;
  return { micros, stalls: { mergingSeconds, over10Ms, longestMicros: longestMs * 1000 } };
}

function sumOf(one: Stalls, other: Stalls): Stalls {
  return {
    mergingSeconds: one.mergingSeconds + other.mergingSeconds,
    over10Ms: one.over10Ms + other.over10Ms,
    longestMicros: Math.max(one.longestMicros, other.longestMicros),
  };
}

export interface DuplicateFigures {
  readonly n: number;
  readonly uniform: Spread;
  readonly identical: Spread;
  readonly nearIdentical: Spread;
  /** p99 of the bank against p99 of the uniform one. */
  readonly identicalP99Ratio: number;
  readonly nearIdenticalP99Ratio: number;
  /** Searches that found more than they may return, over both banks. */
  readonly cappedSearches: number;
  readonly mostHits: number;
}

interface BankUnderTest {
  readonly index: OwnedIndex;
  readonly queries: Uint8Array;
  readonly micros: number[];
}

const duplicateRounds = 8;
const duplicateQueries = 256;

/** Half of the queries are near a code drawn from the bank, so that title cards are asked for as often as they stand in it. */
export async function measureDuplicates(n: number, seed: number): Promise<DuplicateFigures> {
  const banks: BankUnderTest[] = [];
  for (const kind of ['uniform', 'identical', 'near-identical'] satisfies BankKind[]) {
    const codes = makeBank(kind, n, seed + 11);
    const queries = makeQueries(codes, duplicateRounds * duplicateQueries, createRandom(seed + 13));
    banks.push({ index: (await fillIndex(codes, n)).index, queries, micros: [] });
  }
  let capped = 0;
  let mostHits = 0;
  for (let round = 0; round < duplicateRounds; round++) {
    for (const { index, queries, micros } of banks) {
      for (let at = round * duplicateQueries; at < (round + 1) * duplicateQueries; at++) {
        const before = performance.now();
        const hits = index.search(codeAt(queries, at), radiusBits, hitsMax);
        micros.push((performance.now() - before) * 1000);
        if (hits.capped) capped++;
        mostHits = Math.max(mostHits, hits.count);
      }
    }
  }
  for (const { index } of banks) await index.close();
  const [uniform, identical, nearIdentical] = banks.map(({ micros }) => spreadOf(micros)) as [Spread, Spread, Spread];
  return {
    n,
    uniform,
    identical,
    nearIdentical,
    identicalP99Ratio: identical.p99Micros / uniform.p99Micros,
    nearIdenticalP99Ratio: nearIdentical.p99Micros / uniform.p99Micros,
    cappedSearches: capped,
    mostHits,
  };
}

export interface SnapshotFigures {
  readonly n: number;
  readonly saveSeconds: number;
  readonly restoreSeconds: number;
  /** Inserting and merging everything anew. */
  readonly rebuildSeconds: number;
}

/** Saves, closes, restores and searches. The filled index is closed in any case. */
export async function measureSnapshot(
  filled: FilledIndex,
  queries: Uint8Array,
  parent: string,
): Promise<SnapshotFigures> {
  const { index, insertSeconds, mergeSeconds } = filled;
  const n = index.size;
  const folder = join(await mkdtemp(join(parent, 'snapshot-')), 'index');
  let open = true;
  const close = async () => {
    if (open) await index.close();
    open = false;
  };
  try {
    const expected = searchAll(index, queries);
    const startedMs = performance.now();
    await index.save(folder);
    const savedMs = performance.now();
    await close();
    const restoringMs = performance.now();
    const restored = await restoreHammingIndex(folder, { hashesMax: n });
    const restoredMs = performance.now();
    const same = restored.size === n && searchAll(restored, queries) === expected;
    await restored.close();
    if (!same) throw new Error('the restored index answers differently');
    return {
      n,
      saveSeconds: (savedMs - startedMs) / 1000,
      restoreSeconds: (restoredMs - restoringMs) / 1000,
      rebuildSeconds: insertSeconds + mergeSeconds,
    };
  } finally {
    await close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** All hits as one text, in an order that does not depend on how the index found them. */
function searchAll(index: OwnedIndex, queries: Uint8Array): string {
  const found: string[] = [];
  for (let at = 0; at < queries.length / hashBytes; at++) {
    const hits = index.search(codeAt(queries, at), radiusBits, hitsMax);
    for (let hit = 0; hit < hits.count; hit++) found.push(`${at}:${hits.slot[hit]}:${hits.distanceBits[hit]}`);
  }
  return found.sort().join(' ');
}
