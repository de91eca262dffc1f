/**
 * Goal: the bench "kernel" cannot rot, its last line has the keys that its readers rely on, and on a small set the kernel
 * is exact, against the twin and, where they have been set up before, against the peers. Nothing is fetched here.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';

const timeout = 120_000;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-bench-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Summary {
  readonly [key: string]: unknown;
  readonly search: readonly Record<string, unknown>[];
  readonly missing: readonly string[];
}

async function runBench(args: readonly string[]): Promise<Summary> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [builtFile('test/bench/main.js'), 'kernel', '--json', '--sizes', '2000', '--frames', '4', '--rounds', '1', ...args],
    // A folder without media: the frames are those of the demo's films.
    { env: { PATH: process.env.PATH, FLOODGATE_MEDIA: folder } },
  );
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Summary;
}

const keys = [
  ...['pdqRgbVsReference', 'pdqGrayVsReference', 'pdqMismatches', 'dihedralCost', 'scanVsPlainC'],
  ...['batchCodesPerSecond', 'search', 'buildNsPerHash', 'addVisibleMicros', 'duplicatesP99Ratio'],
  ...['snapshotRestoreSeconds', 'skew', 'pdqShapes', 'missing', 'conditions', 'samples', 'rows'],
];

it('measures our own rows without any peer, and says that the others are missing', { timeout }, async () => {
  const docs = join(folder, 'benchmarks.md');
  const summary = await runBench(['--no-peers', '--seed', '5', '--docs', docs]);
  for (const key of keys) expect(summary, key).toHaveProperty(key);
  expect(summary).toMatchObject({ pdqMismatches: 0, pdqRgbVsReference: null, scanVsPlainC: null });
  expect(summary.search).toEqual([
    expect.objectContaining({ n: 2000, recall: 1, vsFaissMultiHash: null, bytesPerHash: expect.any(Number) }),
  ]);
  expect(summary.missing).toHaveLength(1);
  expect(summary.conditions).toMatchObject({ seed: 5, node: process.version });
  for (const key of ['dihedralCost', 'batchCodesPerSecond', 'addVisibleMicros', 'duplicatesP99Ratio']) {
    expect(summary[key], key).toBeGreaterThan(0);
  }
  const document = await readFile(docs, 'utf8');
  expect(document).toContain('# Benchmarks of the kernel');
  expect(document).toContain('## Missing from this run');
});

// Where `npm run bench -- kernel` has run before there are peers; elsewhere the test says the same of fewer rows.
it('agrees with every peer that is set up', { timeout }, async () => {
  const summary = await runBench(['--peers', 'present']);
  const { scan2000, search2000, pdqRgb } = summary.rows as Record<
    string,
    { id: string; recall: number; wrongHits: number }[]
  >;
  const exact = [...(scan2000 ?? []), ...(search2000 ?? [])].filter(({ id }) => !id.startsWith('hash-'));
  expect(exact.length).toBeGreaterThanOrEqual(4);
  expect(exact.filter(({ recall, wrongHits }) => recall !== 1 || wrongHits !== 0)).toEqual([]);
  expect(pdqRgb?.map(({ id }) => id)).toContain('ours');
  expect(summary.pdqMismatches).toBe(0);
});
