/**
 * Goal: a bank that goes on from a snapshot is the one that is read from the first record, whatever happened to the
 * snapshot: it is either gone on from as it was written, or thrown away with a reason.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordsOfRevision } from '../../../src/bank/bank-records.ts';
import type { LiveBank } from '../../../src/bank/live-bank.ts';
import { type OpenBankOptions, type OpenedBank, openBank } from '../../../src/bank/open-bank.ts';
import { limits } from '../../../src/config/limits.ts';
import { bankEntry, deepSide, frames, sampledFrame } from '../../support/bank-entries.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';
import { turnedHashes } from '../../support/turned-hashes.ts';

const contents = limits.bankSnapshotChangesMin + 200;
const framesEach = 3;
const hashesMax = 20_000;
const sha256 = 'cd'.repeat(32);
const nowMs = Date.UTC(2026, 10, 25);
let folder = '';
/** A folder of snapshots as the first run left it, and the disk of its log. */
let written = '';
let disk: MemoryDisk;
const opened: OpenedBank[] = [];

interface Told {
  restored: { position: number; recordsBehind: number }[];
  rebuilding: string[];
  failures: unknown[];
}

async function open(snapshots: string, options: Partial<OpenBankOptions> = {}): Promise<OpenedBank & Told> {
  const told: Told = { restored: [], rebuilding: [], failures: [] };
  const bank = await openBank({
    log: new MemoryLog(disk, () => nowMs),
    hashesMax,
    frameQualityMin: 20,
    merging: 'background',
    snapshots: { folder: snapshots, everyMs: 3_600_000 },
    telemetry: silentTelemetry({
      bankRestored: (facts) => told.restored.push(facts),
      bankRebuilding: (reason) => told.rebuilding.push(reason),
      failed: (_, error) => told.failures.push(error),
    }),
    nowMs: () => nowMs,
    ...options,
  });
  opened.push(bank);
  return { ...bank, ...told };
}

async function openRead(snapshots: string, options: Partial<OpenBankOptions> = {}): Promise<OpenedBank & Told> {
  const bank = await open(snapshots, options);
  await bank.start();
  return bank;
}

async function closeAll(): Promise<void> {
  for (const bank of opened.splice(0)) await bank.close();
}

/** Everything that can be asked of a bank. */
function seen(bank: LiveBank): unknown {
  const pages: unknown[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = bank.list({}, { limit: 500, ...(after === undefined ? {} : { after }) });
    pages.push(page.items);
    after = page.nextCursor;
  }
  const matches = Array.from({ length: 150 }, (_, at) =>
    bank
      .search(sampledFrame(hashNumber(at * 25)), 31)
      .matches.map((match) => [bank.content(match.contentNumber)?.contentId, match.knownTimeMs, match.distanceBits]),
  );
  const exact = bank.findBySha256(sha256).map((known) => known.contentId);
  const deep = Array.from({ length: 8 }, (_, at) => seenDeep(bank, 500_000 + (at * 50 + 1) * 100));
  return { pages, matches, exact, deep, position: bank.position, size: bank.size, deepHashes: bank.deepHashes };
}

/** What the content that a hash names has of it and of its thumbnails. */
function seenDeep(bank: LiveBank, number: number): unknown {
  const query = { pictures: [turnedHashes(flipped(hashNumber(number + 5), 20))], forms: [0] };
  const { named, capped, radiusBits } = bank.nameDeep(query, 60);
  const contents = named.map(({ contentNumber, distanceBits }) => {
    const deep = bank.deep(contentNumber);
    const hits = deep?.measure(query, 90);
    const at = hits?.entry[0] ?? -1;
    const entry = [deep?.fromMs[at], deep?.untilMs[at], deep?.view[at], deep?.quality[at], hits?.distanceBits[0]];
    const picture = deep?.thumbnailNear(700);
    const { contentId } = bank.content(contentNumber) ?? {};
    return { contentId, distanceBits, aspect: deep?.aspect, count: hits?.count, entry, picture };
  });
  return { contents, capped, radiusBits };
}

/** A copy of the folder that the first run left. */
async function copyOf(name: string): Promise<string> {
  const copy = join(folder, name);
  await rm(copy, { recursive: true, force: true });
  await cp(written, copy, { recursive: true });
  return copy;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-bank-'));
  written = join(folder, 'written');
  disk = new MemoryDisk();
  const log = new MemoryLog(disk, () => nowMs);
  const addedAt = new Date(nowMs).toISOString();
  for (let number = 0; number < contents; number++) {
    const facts = { contentId: `content-${number}`, frames: frames(framesEach, number * framesEach) };
    const deep = number % 50 === 1 ? deepSide(2, 500_000 + number * 100) : {};
    const entry = bankEntry(number % 100 === 0 ? { ...facts, sha256 } : { ...facts, ...deep });
    await log.append(recordsOfRevision(entry, 1, 0, addedAt));
  }
  const [first, second] = recordsOfRevision(
    bankEntry({ contentId: 'parts', frames: frames(4, 9000) }),
    1,
    0,
    addedAt,
    2,
  );
  if (first === undefined || second === undefined) throw new Error('two parts were expected');
  await log.append([first]);
  const bank = await openRead(written);
  await vi.waitFor(async () => expect(await readdir(written)).toEqual(['snapshot-1']));
  for (let number = 0; number < 40; number += 4) await bank.bank.remove(`content-${number}`);
  await closeAll();
  // The snapshot was written at the start, and for so few removals not again.
  await log.append([second]);
  await log.append(recordsOfRevision(bankEntry({ contentId: 'content-1', frames: frames(2, 8000) }), 2, 1, addedAt));
});
afterEach(closeAll);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a snapshot', () => {
  it('is gone on from: what is found, listed and known by its bytes is what a reading of all gives', async () => {
    const restored = await openRead(await copyOf('same'));
    const rebuilt = await openRead(join(folder, 'none'), { snapshots: { folder: '', everyMs: 0 } });
    expect(restored.rebuilding).toEqual([]);
    expect(restored.restored).toMatchObject([{ position: contents, recordsBehind: 12 }]);
    expect(rebuilt.rebuilding).toEqual(['snapshots are off']);
    expect(seen(restored.bank)).toEqual(seen(rebuilt.bank));
    // Of its two parts the snapshot had one.
    expect(restored.bank.get('parts')).toMatchObject({ framesIndexed: 4 });
    expect(restored.bank.get('content-1')).toMatchObject({ revision: 2 });
    expect(restored.bank.get('content-4')).toBeUndefined();
    expect(restored.index.size).toBe(rebuilt.index.size);
    expect(seenDeep(restored.bank, 500_000 + 51 * 100)).toMatchObject({
      contents: [{ contentId: 'content-51', distanceBits: 20, aspect: 1.6, picture: { timeMs: 500 } }],
    });
  });

  it('can be lived on from: changed, written and gone on from again', async () => {
    const place = await copyOf('lived');
    const first = await openRead(place, { nowMs: () => nowMs + limits.bankSnapshotRenewMs });
    await expect.poll(async () => (await readdir(place)).sort()).toEqual(['snapshot-2']);
    expect(first.failures).toEqual([]);
    const before = seen(first.bank);
    await closeAll();
    const second = await openRead(place);
    expect(second.restored).toMatchObject([{ recordsBehind: 0 }]);
    expect(seen(second.bank)).toEqual(before);
  });

  it('that was not finished is cleared away, and the one before serves', async () => {
    const place = await copyOf('crashed');
    await mkdir(join(place, 'snapshot-2.partial', 'index'), { recursive: true });
    await writeFile(join(place, 'snapshot-2.partial', 'table'), 'half');
    const bank = await openRead(place, { nowMs: () => nowMs + limits.bankSnapshotRenewMs });
    expect(bank.restored).toHaveLength(1);
    await expect.poll(() => readdir(place)).toEqual(['snapshot-2']);
  });

  it('of the generation before serves when the newest is damaged', async () => {
    const place = await copyOf('two');
    await cp(join(place, 'snapshot-1'), join(place, 'snapshot-2'), { recursive: true });
    await writeFile(join(place, 'snapshot-2', 'manifest.json'), '{}');
    const bank = await open(place);
    expect(bank.restored).toHaveLength(1);
  });

  it('that cannot be written leaves the one before, and the bank goes on', async () => {
    const place = join(folder, 'blocked');
    await writeFile(place, '');
    const bank = await openRead(join(place, 'below'));
    await expect.poll(() => bank.failures).toMatchObject([{ code: 'snapshot_failed' }]);
    expect(bank.bank.size).toBeGreaterThan(contents - 50);
  });
});

describe('a snapshot that does not fit', () => {
  it.each<[string, Partial<OpenBankOptions>, RegExp]>([
    ['another policy', { frameQualityMin: 30 }, /quality/],
    ['a log of another id', { log: new MemoryLog(new MemoryDisk()) }, /another log/],
    ['a time when removals may be forgotten', { nowMs: () => nowMs + limits.bankTombstoneMs }, /hours old/],
    ['an index of less room', { hashesMax: 10 }, /hashes/],
  ])('is thrown away: %s', async (_, options, why) => {
    const bank = await open(await copyOf('misfit'), options);
    expect(bank.restored).toEqual([]);
    expect(bank.rebuilding).toEqual([expect.stringMatching(why)]);
    expect(bank.bank.position).toBe(-1);
  });

  it('is thrown away when it is ahead of its log', async () => {
    const shorter = new MemoryDisk();
    const log = Object.assign(new MemoryLog(shorter), { id: disk.id });
    const bank = await open(await copyOf('ahead'), { log });
    expect(bank.rebuilding).toEqual([expect.stringMatching(/beyond the end/)]);
  });
});

describe('a damaged snapshot', () => {
  const files = ['manifest.json', 'table', 'index/manifest.json', 'index/blocks', 'index/front-planes'];

  it.each(files)('is thrown away for one wrong bit of %s, wherever it is', async (name) => {
    const place = await copyOf('damaged');
    const path = join(place, 'snapshot-1', name);
    const whole = await readFile(path);
    const flips = name.startsWith('index') ? 5 : 60;
    for (let flip = 0; flip < flips; flip++) {
      const bytes = Buffer.from(whole);
      const at = Math.floor((flip / (flips - 1)) * (bytes.length - 1));
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      await writeFile(path, bytes);
      const bank = await open(place);
      expect(bank.restored, `byte ${at} of ${bytes.length}`).toEqual([]);
      expect(bank.rebuilding).toHaveLength(1);
      await closeAll();
    }
  });

  it.each(files)('is thrown away when %s is cut off or missing', async (name) => {
    const place = await copyOf('cut');
    const path = join(place, 'snapshot-1', name);
    await writeFile(path, (await readFile(path)).subarray(0, -1));
    expect((await open(place)).rebuilding).toHaveLength(1);
    await rename(path, `${path}-gone`);
    expect((await open(place)).rebuilding).toHaveLength(1);
  });

  it('is thrown away when its table and its index are of two moments', async () => {
    const place = await copyOf('mixed');
    const other = join(folder, 'fewer');
    await openRead(other, { frameQualityMin: 100 });
    await expect.poll(() => readdir(other)).toEqual(['snapshot-1']);
    await rm(join(place, 'snapshot-1', 'index'), { recursive: true });
    await cp(join(other, 'snapshot-1', 'index'), join(place, 'snapshot-1', 'index'), { recursive: true });
    expect((await open(place)).rebuilding).toEqual([expect.stringMatching(/belong together/)]);
  });
});

describe('a state that is copied', () => {
  it('is that of its moment, and changes wait until it is whole', async () => {
    const { bank } = await openRead(join(folder, 'none'), { snapshots: { folder: '', everyMs: 0 } });
    const { position, size } = bank;
    const copying = bank.copyState();
    const added = bank.add(bankEntry({ contentId: 'meanwhile', frames: frames(2, 12_000) }));
    const state = await copying;
    expect(state).toMatchObject({ position, contents: size });
    expect((await added).contentId).toBe('meanwhile');
    expect(bank.position).toBe(position + 1);
  });
});
