/** Search: our scan against the plain C loop, and our index against FAISS's, in turns over the same queries. */

import type { OwnedIndex } from '../../../src/kernel/hamming-index.ts';
import { createHammingIndex } from '../../../src/kernel/segmented-index.ts';
import { quantile } from '../conditions.ts';
import { insertAll } from './our-index.ts';
import type { Lane, Row } from './rounds.ts';
import { ratioOf, takeTurns } from './rounds.ts';
import { type OurLane, ourLane, peerLane, type SearchRig } from './search-rig.ts';

export interface ScanFigures {
  readonly n: number;
  readonly rows: readonly Row[];
  readonly vsPlainC: number | null;
  readonly batchCodesPerSecond: number;
}

const batchQueries = 16;

/** An index that is never merged scans: what small banks and fresh additions get. */
export async function measureScan(rig: SearchRig, missing: string[]): Promise<ScanFigures> {
  const index = createHammingIndex({ hashesMax: rig.n, merging: 'never' });
  const positions = insertAll(index, rig.codes);
  const { scanNative, scan, faiss } = rig.peers;
  const flat = faiss.get('flat')?.peer;
  const lanes: Lane[] = [
    ourLane(rig, { id: 'ours', label: 'Floodgate scan, one query a call', index, positions, batch: 1 }),
    ourLane(rig, {
      id: 'ours-batch',
      label: 'Floodgate scan, 16 queries a call',
      index,
      positions,
      batch: batchQueries,
    }),
  ];
  if (scanNative !== null) {
    const label = 'plain C loop, -O3 -march=native';
    lanes.push(peerLane(rig, { id: 'c-native', label, peer: scanNative, name: 'scan', style: '' }));
  }
  if (scan !== null) {
    const note = 'the compiler may not use popcnt';
    lanes.push(peerLane(rig, { id: 'c', label: 'plain C loop, -O3', note, peer: scan, name: 'scan', style: '' }));
  }
  if (flat !== undefined) {
    const flatLane = { peer: flat, name: 'flat' };
    lanes.push(peerLane(rig, { ...flatLane, id: 'flat', label: 'FAISS flat, one query a call', style: 'single' }));
    lanes.push(peerLane(rig, { ...flatLane, id: 'flat-batch', label: 'FAISS flat, batch', style: 'batch' }));
  }
  const rows = await takeTurns(lanes, rig.rounds, missing);
  await index.close();
  const batchMicros = rows.find((row) => row.id === 'ours-batch')?.medianMicros ?? 0;
  return {
    n: rig.n,
    rows,
    vsPlainC: ratioOf(rows, 'c-native', 'ours'),
    batchCodesPerSecond: batchMicros === 0 ? 0 : (rig.n / batchMicros) * 1e6,
  };
}

export interface SearchFigures {
  readonly n: number;
  readonly rows: readonly Row[];
  readonly usPerQuery: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly recall: number | null;
  /** Against the fastest exact multihash of FAISS, whichever its chunks; one query a call on both sides. */
  readonly vsFaissMultiHash: number | null;
  /** The same with many queries a call on both sides. */
  readonly vsFaissMultiHashBatch: number | null;
  /** Against 16 chunks of 16 bits, the layout that ThreatExchange uses; one query a call on both sides. */
  readonly vsFaissMultiHash16x16: number | null;
  readonly vsFaissRows: Readonly<Record<string, number | null>>;
  readonly bytesPerHash: number;
  readonly insertSeconds: number;
  readonly mergeSeconds: number;
  readonly faissBuildSeconds: Readonly<Record<string, number>>;
}

export interface FilledIndex {
  readonly index: OwnedIndex;
  readonly positions: Uint32Array;
  readonly insertSeconds: number;
  readonly mergeSeconds: number;
}

/** Everything inserted, then one segment of it all. */
export async function fillIndex(codes: Uint8Array, hashesMax: number): Promise<FilledIndex> {
  const index = createHammingIndex({ hashesMax, merging: 'never' });
  const startedMs = performance.now();
  const positions = insertAll(index, codes);
  const insertedMs = performance.now();
  await index.merge();
  const mergeSeconds = (performance.now() - insertedMs) / 1000;
  return { index, positions, insertSeconds: (insertedMs - startedMs) / 1000, mergeSeconds };
}

/** The rows of one seating: ours, and the FAISS indexes that are there. `calls` receives the time of each of our calls. */
export async function measureSeating(
  rig: SearchRig,
  { index, positions }: FilledIndex,
  calls: number[],
  missing: string[],
): Promise<Row[]> {
  const ours = (lane: Pick<OurLane, 'id' | 'label' | 'batch' | 'calls'>) => ourLane(rig, { ...lane, index, positions });
  const lanes = [
    ours({ id: 'ours', label: 'Floodgate, one query a call', batch: 1, calls }),
    ours({ id: 'ours-batch', label: 'Floodgate, 16 queries a call', batch: batchQueries }),
    ...faissLanes(rig),
  ];
  return takeTurns(lanes, rig.rounds, missing);
}

export interface Seating {
  readonly rows: readonly Row[];
  readonly buildSeconds: Readonly<Record<string, number>>;
}

export function buildSecondsOf(rig: SearchRig): Record<string, number> {
  return Object.fromEntries([...rig.peers.faiss].map(([name, { buildSeconds }]) => [name, buildSeconds]));
}

/** A ratio is taken within its seating. */
export function concludeSearch(
  n: number,
  seatings: readonly Seating[],
  calls: readonly number[],
  filled: FilledIndex,
): SearchFigures {
  const rows = seatings.flatMap(({ rows: each }, seating) =>
    each.map((row) => (seating === 0 || !row.ours ? row : { ...row, note: 'again, in turns with the rows below' })),
  );
  const ours = rows.filter((row) => row.id === 'ours');
  const vsFaissRows = Object.fromEntries(
    seatings.flatMap(({ rows: each }) =>
      each.flatMap((row) =>
        row.ours ? [] : [[row.id, ratioOf(each, row.id, row.id.endsWith('batch') ? 'ours-batch' : 'ours')]],
      ),
    ),
  );
  const exact = Object.entries(vsFaissRows).filter(([id]) => id.startsWith('multihash'));
  const single = exact.filter(([id]) => !id.endsWith('batch'));
  return {
    n,
    rows,
    usPerQuery: ours[0]?.medianMicros ?? 0,
    p50Micros: quantile(calls, 0.5),
    p99Micros: quantile(calls, 0.99),
    recall: least(ours.map((row) => row.recall)),
    vsFaissMultiHash: least(single.map(([, ratio]) => ratio)),
    vsFaissMultiHashBatch: least(exact.filter(([id]) => id.endsWith('batch')).map(([, ratio]) => ratio)),
    vsFaissMultiHash16x16: least(single.flatMap(([id, ratio]) => (id.startsWith('multihash-16') ? [ratio] : []))),
    vsFaissRows,
    bytesPerHash: filled.index.bytes / n,
    insertSeconds: filled.insertSeconds,
    mergeSeconds: filled.mergeSeconds,
    faissBuildSeconds: Object.assign({}, ...seatings.map(({ buildSeconds }) => buildSeconds)),
  };
}

function least(ratios: readonly (number | null)[]): number | null {
  const known = ratios.filter((ratio) => ratio !== null);
  return known.length === 0 ? null : Math.min(...known);
}

const faissLabels: Readonly<Record<string, string>> = {
  flat: 'FAISS IndexBinaryFlat',
  'multihash-16-16-1': 'FAISS IndexBinaryMultiHash 16x16, nflip 1',
  'multihash-11-23-2': 'FAISS IndexBinaryMultiHash 11x23, nflip 2',
  'hash-16-1': 'FAISS IndexBinaryHash 16, nflip 1',
  threatexchange: 'ThreatExchange PDQIndex',
};
const faissNotes: Readonly<Record<string, string>> = {
  'hash-16-1': 'approximate, for information',
  threatexchange: 'FAISS multihash 16x16 behind Python objects',
};

function faissLanes(rig: SearchRig): Lane[] {
  return [...rig.peers.faiss].flatMap(([name, { peer }]) => {
    const label = faissLabels[name] ?? name;
    const note = faissNotes[name] ?? '';
    const single = peerLane(rig, { id: name, label: `${label}, one query a call`, note, peer, name, style: 'single' });
    if (name === 'threatexchange') return [single];
    return [single, peerLane(rig, { id: `${name}-batch`, label: `${label}, batch`, note, peer, name, style: 'batch' })];
  });
}
