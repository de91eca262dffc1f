/** One run as tables: for a terminal, and as docs/benchmarks.md. */
import { formatTable } from '../../../src/cli/terminal.ts';
import { type Figures, summarise } from './figures.ts';
import type { Row } from './rounds.ts';

interface Section {
  readonly title: string;
  readonly intro: readonly string[];
  /** The first row is the header. */
  readonly table: readonly (readonly string[])[];
}

export function toLines(figures: Figures): string[] {
  const sections = toSections(figures).flatMap(({ title, intro, table }) => [
    title.toUpperCase(),
    ...intro,
    ...formatTable(table),
    '',
  ]);
  return [
    ...sections,
    'WHERE WE LOSE, AND WHY',
    ...lossesOf(figures).map((loss) => `- ${loss}`),
    '',
    ...(figures.missing.length === 0 ? [] : ['MISSING', ...figures.missing.map((row) => `- ${row}`), '']),
    `conditions: ${JSON.stringify(figures.conditions)}`,
  ];
}

const mark = '<!-- Kept by hand from here on. -->';

/** `before` is the document as it stands. */
export function toDocument(figures: Figures, before: string): string {
  return keepByHand(measuredPart(figures), before);
}

/** What was measured, and after it what the document has from its mark on. */
export function keepByHand(measured: string, before: string): string {
  const at = before.indexOf(mark);
  return at === -1 ? measured : `${measured.trimEnd()}\n\n${before.slice(at)}`;
}

function measuredPart(figures: Figures): string {
  const sections = toSections(figures).flatMap(({ title, intro, table }) => {
    const [header = [], ...rows] = table;
    const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    const rule = `|${header.map((_, column) => (column === 0 ? '---|' : '---|')).join('')}`;
    return [`## ${title}`, '', ...intro, ...(intro.length > 0 ? [''] : []), line(header), rule, ...rows.map(line), ''];
  });
  return [
    ...openingOf(figures),
    ...sections,
    '## Where we lose, and why',
    '',
    ...lossesOf(figures).map((loss) => `- ${loss}`),
    '',
    ...(figures.missing.length === 0
      ? []
      : ['## Missing from this run', '', ...figures.missing.map((row) => `- ${row}`), '']),
    ...methodOf(figures),
  ].join('\n');
}

function openingOf({ conditions }: Figures): string[] {
  const { cpu, cores, memoryGiB, node, seed, startedAt, kernelVersion, peers, frames } = conditions;
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  return [
    '# Benchmarks of the kernel',
    '',
    'The whole pipeline under a wave of uploads has a bench of its own: [the wave](wave.md).',
    '',
    'Written by `npm run --silent bench -- kernel --docs docs/benchmarks.md` down to its mark; do not edit above. A figure is worth its',
    'conditions:',
    '',
    '| | |',
    '|---|---|',
    `| machine | ${cpu}, ${cores} cores, ${memoryGiB} GiB; one thread a row |`,
    `| Node | ${node} |`,
    `| kernel | ${kernelVersion} |`,
    `| peers | ${versions.length === 0 ? 'none' : versions.join('; ')} |`,
    `| seed, date | ${seed}, ${startedAt.slice(0, 10)} |`,
    `| frames | ${frames} |`,
    '',
  ];
}

function methodOf({ conditions, queries, seconds }: Figures): string[] {
  const counts = Object.entries(queries).map(([n, count]) => `${count} at ${group(Number(n))}`);
  return [
    '## Method',
    '',
    'Each row has a turn in each round, and the order shifts from round to round; peers are processes that live through all',
    `rounds and take the time around their own calls. A figure is the median of ${conditions.rounds} rounds, the spread its`,
    'quartiles. "x ours" is how many times longer a row takes than our first row of the table.',
    '',
    'PDQ: a frame is copied to one fixed buffer first, ours and theirs alike; timed is the way from its bytes to its hash,',
    'conversion to luma included. The reference is built with `-O3 -ffp-contract=off`: with contraction its hashes differ',
    'from those without.',
    '',
    'Search: uniform random codes; half of the queries are a code with 0 to 31 bits flipped, the others are random; radius',
    `31. Each round has its own queries (${counts.join(', ')} in all), after a quarter as many that are not timed. Recall is counted`,
    'against a plain loop over all codes, and a hit counts when its place and its distance are right. Uniform codes are',
    'fair to everybody: real hashes of unrelated frames are as far apart. FAISS is called from Python, which costs a few',
    'microseconds a call; its batch rows are without that.',
    '',
    'Banks with duplicates: 5 % of the codes are eight title cards, exactly (`identical`), or half of them with 1 to 4 bits',
    'flipped (`near-identical`). Queries are drawn as above, so that title cards are asked for as often as they are stored.',
    '',
    `The run took ${Math.round(seconds)} s. \`--seed\`, \`--sizes\`, \`--frames\`, \`--rounds\` and \`--no-peers\` change it.`,
    '',
  ];
}

function toSections(figures: Figures): Section[] {
  const { pdq, scan, batch, search } = figures;
  return [
    { title: 'Goals', intro: [], table: goalsOf(figures) },
    speedSection('PDQ of 512x512 RGB, microseconds a frame', pdq.rgb, 'ours'),
    speedSection('PDQ of 512x512 gray, microseconds a frame', pdq.gray, 'ours'),
    { title: 'PDQ: is it the same hash?', intro: [], table: agreementOf(figures) },
    { title: 'PDQ of other shapes, microseconds a frame', intro: [], table: shapesOf(figures) },
    { title: 'Chunks of real hashes', intro: skewIntro, table: skewOf(figures) },
    speedSection(`Scan of ${group(scan.n)} codes, microseconds a query`, scan.rows, 'ours'),
    ...(batch.n === scan.n
      ? []
      : [speedSection(`Scan of ${group(batch.n)} codes, microseconds a query`, batch.rows, 'ours')]),
    ...search.map(({ n, rows }) => speedSection(`Index of ${group(n)} codes, microseconds a query`, rows, 'ours')),
    { title: 'Index: memory and building', intro: [], table: buildsOf(figures) },
    { title: 'Beside the searches', intro: besideIntro(figures), table: besideOf(figures) },
    { title: 'Banks with duplicates', intro: [], table: duplicatesOf(figures) },
  ];
}

function speedSection(title: string, rows: readonly Row[], base: string): Section {
  const ours = rows.find((row) => row.id === base);
  const header = ['row', 'median', 'quartiles', 'x ours', 'recall', 'note'];
  const cells = rows.map((row) => [
    row.label,
    micros(row.medianMicros),
    `${micros(row.lowMicros)} to ${micros(row.highMicros)}`,
    ours === undefined ? '' : times(row.medianMicros / ours.medianMicros),
    row.recall === null ? '' : recallOf(row),
    row.note,
  ]);
  return { title, intro: [], table: [header, ...cells] };
}

function recallOf({ recall, wrongHits }: Row): string {
  const share = recall === 1 ? '1' : (recall ?? 0).toFixed(4);
  return wrongHits === 0 ? share : `${share}, ${wrongHits} wrong`;
}

function agreementOf({ pdq }: Figures): string[][] {
  const { mismatches, rerunShare } = pdq;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return [
    ['', 'frames that differ'],
    [`twin in reference order, all eight views (${countFrames(mismatches)})`, String(mismatches.twin)],
    [
      'C++ reference, hash and quality (the same frames)',
      mismatches.reference === null ? '-' : String(mismatches.reference),
    ],
    ['rerun by the guard, RGB', percent(rerunShare.rgb)],
    ['rerun by the guard, gray', percent(rerunShare.gray)],
  ];
}

function shapesOf({ shapes }: Figures): string[][] {
  const rows = shapes.map((each) => [
    `${each.width}x${each.height} ${each.channels === 3 ? 'RGB' : 'gray'}`,
    ...[each.medianMicros, each.meanMicros, each.referenceOrderMicros].map(micros),
    `${each.reruns} of ${each.frames}`,
    String(each.mismatches),
  ]);
  return [['frame', 'median', 'mean', 'reference order', 'hashed twice', 'frames that differ'], ...rows];
}

const skewIntro = [
  'The index looks up chunks of 16 bits. How many times as often as random bits they are within one bit of each other, in',
  'pairs of unrelated frames, by the order in which the bits of a hash are taken; the kernel takes the last.',
];

function skewOf({ skew }: Figures): string[][] {
  const { rows, columns, diagonal } = skew.orders;
  return [
    ['chunks', 'times random', 'pairs of frames'],
    ...[
      ['rows of the matrix', rows] as const,
      ['columns', columns] as const,
      ['a slanted diagonal', diagonal] as const,
    ].map(([name, value]) => [name, value.toFixed(2), group(skew.pairs)]),
  ];
}

function countFrames({ realFrames, degenerateFrames }: Figures['pdq']['mismatches']): string {
  return `${realFrames} of the set, ${degenerateFrames} degenerate`;
}

interface Goal {
  readonly name: string;
  readonly value: unknown;
  readonly floor?: number;
  readonly goal?: number;
  /** Whether less is better. */
  readonly less?: true;
}

function goalsOf(figures: Figures): string[][] {
  const all = summarise(figures);
  const { scan, batch, search, duplicates } = figures;
  const plainC = `scan of ${group(scan.n)} against the plain C loop`;
  const codes = `codes a second, 16 queries over ${group(batch.n)}`;
  const goals: Goal[] = [
    { name: 'PDQ RGB against the reference', value: all.pdqRgbVsReference, floor: 25, goal: 45 },
    { name: 'PDQ gray against the reference', value: all.pdqGrayVsReference, floor: 80, goal: 130 },
    { name: 'frames whose hash differs', value: all.pdqMismatches, floor: 0, goal: 0, less: true },
    { name: 'eight views against one', value: all.dihedralCost, floor: 1.3, goal: 1.15, less: true },
    { name: plainC, value: all.scanVsPlainC, floor: 1.5, goal: 3 },
    { name: codes, value: all.batchCodesPerSecond, floor: 0.8e9, goal: 1.4e9 },
    ...search.flatMap(searchGoals),
    { name: 'building an index, ns a hash', value: all.buildNsPerHash, floor: 1500, goal: 700, less: true },
    { name: 'insert to found, p99, microseconds', value: all.addVisibleMicros, floor: 1000, goal: 100, less: true },
    {
      name: 'p99 with 5 % identical frames against none',
      value: all.duplicatesP99Ratio,
      floor: 2,
      goal: 1.2,
      less: true,
    },
    { name: 'p99 with 5 % near-identical frames against none', value: duplicates.nearIdenticalP99Ratio },
    { name: 'restoring a snapshot, seconds', value: all.snapshotRestoreSeconds, floor: 10, goal: 3, less: true },
  ];
  return [['', 'measured', 'floor', 'goal', 'reached'], ...goals.map(goalRow)];
}

function goalRow({ name, value, floor, goal, less }: Goal): string[] {
  const bounds = [floor, goal].map((bound) => (bound === undefined ? '' : figureOf(bound)));
  return [name, figureOf(value), ...bounds, reachedOf(value, { floor, goal, less })];
}

function reachedOf(value: unknown, { floor, goal, less }: Partial<Record<keyof Goal, unknown>>): string {
  if (typeof value !== 'number' || typeof floor !== 'number' || typeof goal !== 'number') return '';
  const passes = (bound: number) => (less === true ? value <= bound : value >= bound);
  if (passes(goal)) return 'goal';
  return passes(floor) ? 'floor' : 'no';
}

const searchFactors: Readonly<Record<number, readonly [floor: number, goal: number]>> = {
  100000: [10, 15],
  1000000: [25, 50],
  10000000: [100, 200],
};

function searchGoals(figures: Figures['search'][number]): Goal[] {
  const { n, vsFaissMultiHash, vsFaissMultiHashBatch, vsFaissMultiHash16x16, bytesPerHash } = figures;
  const [floor, goal] = searchFactors[n] ?? [];
  const bounds = floor === undefined || goal === undefined ? {} : { floor, goal };
  const name = `index of ${group(n)}`;
  return [
    { name: `${name} against FAISS's fastest exact multihash`, value: vsFaissMultiHash, ...bounds },
    { name: `${name}, the same in batches`, value: vsFaissMultiHashBatch },
    { name: `${name} against FAISS's multihash 16x16`, value: vsFaissMultiHash16x16 },
    { name: `${name}, bytes a hash`, value: bytesPerHash, floor: 330, goal: 150, less: true },
  ];
}

function buildsOf({ search, snapshot }: Figures): string[][] {
  const seconds = (value: number | null | undefined) =>
    value === null || value === undefined ? '-' : value.toFixed(2);
  const faiss = [...new Set(search.flatMap((each) => Object.keys(each.faissBuildSeconds)))];
  return [
    ['', ...search.map(({ n }) => group(n))],
    ['bytes a hash', ...search.map((each) => each.bytesPerHash.toFixed(0))],
    ['inserting all, s', ...search.map((each) => seconds(each.insertSeconds))],
    ['merging all to one segment, s', ...search.map((each) => seconds(each.mergeSeconds))],
    ['one query a call, p50, us', ...search.map((each) => micros(each.p50Micros))],
    ['one query a call, p99, us', ...search.map((each) => micros(each.p99Micros))],
    ...faiss.map((name) => [
      `building the peer's ${name}, s`,
      ...search.map((each) => seconds(each.faissBuildSeconds[name])),
    ]),
    ...(['saveSeconds', 'restoreSeconds', 'rebuildSeconds'] as const).map((key) => [
      `snapshot: ${key.replace('Seconds', '')}, s`,
      ...search.map(({ n }) => (snapshot?.n === n ? seconds(snapshot[key]) : '')),
    ]),
  ];
}

function besideIntro({ updates }: Figures): string[] {
  const { n, stalls } = updates;
  const longest = (stalls.longestMicros / 1000).toFixed(1);
  return [
    `${group(n)} hashes indexed, and a merge builds everything anew in a worker while this thread searches. In`,
    `${stalls.mergingSeconds.toFixed(1)} s of merging this thread was kept from its work for over 10 ms ${stalls.over10Ms} times, and for ${longest} ms at`,
    'most: by a hand-over of the index, or because the machine was busy with something else.',
  ];
}

function besideOf({ updates }: Figures): string[][] {
  const { addVisible, searchIdle, searchWhileMerging, threadHop } = updates;
  const row = (name: string, spread: typeof addVisible) => [
    name,
    ...[spread.p50Micros, spread.p99Micros, spread.maxMicros].map(micros),
    String(spread.samples),
  ];
  return [
    ['microseconds', 'p50', 'p99', 'most', 'samples'],
    row('search, nothing else going on', searchIdle),
    row('search while a merge runs', searchWhileMerging),
    row('to another thread and back, without a search', threadHop),
    row('insert, until a search returns it, while a merge runs', addVisible),
  ];
}

function duplicatesOf({ duplicates }: Figures): string[][] {
  const { uniform, identical, nearIdentical, cappedSearches, mostHits } = duplicates;
  const row = (name: string, spread: typeof uniform, ratio: string) => [
    name,
    ...[spread.p50Micros, spread.p99Micros, spread.maxMicros].map(micros),
    ratio,
  ];
  return [
    ['bank, microseconds a search', 'p50', 'p99', 'most', 'p99 against uniform'],
    row(`uniform, ${group(duplicates.n)}`, uniform, '1'),
    row('5 % identical', identical, duplicates.identicalP99Ratio.toFixed(2)),
    row('5 % near-identical', nearIdentical, duplicates.nearIdenticalP99Ratio.toFixed(2)),
    ['searches that were capped, and said so', String(cappedSearches), '', '', ''],
    ['most hits of one search', String(mostHits), '', '', ''],
  ];
}

/** Every row of a peer that took less time than ours, and what holds whoever wins. */
function lossesOf({ pdq, scan, batch, search }: Figures): string[] {
  const tables: [string, readonly Row[]][] = [
    ['PDQ RGB', pdq.rgb],
    ['PDQ gray', pdq.gray],
    [`scan of ${group(scan.n)}`, scan.rows],
    ...(batch.n === scan.n ? [] : [[`scan of ${group(batch.n)}`, batch.rows] as [string, readonly Row[]]]),
    ...search.map(({ n, rows }): [string, readonly Row[]] => [`index of ${group(n)}`, rows]),
  ];
  const lost = tables.flatMap(([name, rows]) => {
    const timeOf = (id: string) => rows.find((row) => row.id === id)?.medianMicros;
    return rows.flatMap((row) => {
      // Batches are held against our batches.
      const ours = (row.id.endsWith('batch') ? timeOf('ours-batch') : undefined) ?? timeOf('ours') ?? 0;
      if (row.ours || row.medianMicros >= ours) return [];
      const recall = row.recall === null || row.recall === 1 ? '' : `, at a recall of ${row.recall.toFixed(4)}`;
      return [`${name}: ${row.label} takes ${times(row.medianMicros / ours)} of our time${recall}.`];
    });
  });
  return [
    ...(lost.length === 0 ? ['No peer of this run was faster than ours at the same thing.'] : lost),
    'Not in this run: the same bit-sliced scan in native code. With AVX-512 it is about 1.8 times as fast as ours while the codes fit the cache, for WebAssembly has vectors of 128 bits and no ternary logic; from memory the two are close.',
    'Not in this run: the same fused PDQ in native code, which is about as fast as ours. What we gain on the reference is mostly the algorithm, and C++ could have it as well.',
    'Not in this run: an index of the same layout in native code, which prefetches; WebAssembly cannot.',
    'An approximate index answers sooner at a lower recall. A re-upload that is not found is not blocked, so only exact rows are goals.',
  ];
}

const group = (value: number) => value.toLocaleString('en-US');
const times = (value: number) => value.toPrecision(value < 1 ? 2 : 3);

function micros(value: number): string {
  if (value >= 1000) return group(Math.round(value));
  return value.toPrecision(3);
}

function figureOf(value: unknown): string {
  if (typeof value !== 'number') return 'not measured';
  if (value >= 1e6) return `${(value / 1e9).toFixed(2)}e9`;
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
