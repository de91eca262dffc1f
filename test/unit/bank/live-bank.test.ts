import { describe, expect, it } from 'vitest';
import { framesPerPartMax, recordsOfRevision } from '../../../src/bank/bank-records.ts';
import { createBank, type LiveBank } from '../../../src/bank/live-bank.ts';
import { limits } from '../../../src/config/limits.ts';
import type { Log, NewRecord } from '../../../src/log/log.ts';
import { bankEntry, frames, sampledFrame } from '../../support/bank-entries.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';
import { type TwinIndex, twinIndex } from '../../support/twin-index.ts';

interface Rig {
  readonly bank: LiveBank;
  readonly log: MemoryLog;
  readonly index: TwinIndex;
  readonly rejected: string[];
}

async function startRig(options: { log?: MemoryLog; index?: TwinIndex; hashesMax?: number } = {}): Promise<Rig> {
  const { log = new MemoryLog(), index = twinIndex(), ...rest } = options;
  const rejected: string[] = [];
  const telemetry = silentTelemetry({ bankRejected: (detail) => rejected.push(detail) });
  const bank = createBank({
    log,
    index,
    deepIndex: twinIndex(),
    telemetry,
    frameQualityMin: () => 20,
    framesPerPart: 3,
    ...rest,
  });
  await bank.start();
  return { bank, log, index, rejected };
}

function found(bank: LiveBank, hash: Uint8Array, radiusBits = 31): string[] {
  const { matches } = bank.search(sampledFrame(hash), radiusBits);
  return matches.map((match) => bank.content(match.contentNumber)?.contentId ?? 'removed');
}

async function appendAll(log: Log, records: readonly NewRecord[]): Promise<void> {
  await log.append(records);
}

describe('changes', () => {
  it('are searchable when their acknowledgement returns', async () => {
    const { bank } = await startRig();
    const added = await bank.add(bankEntry({ frames: frames(8) }));
    expect(added).toMatchObject({ contentId: 'content-1', revision: 1, framesIndexed: 8, durationSeconds: 10 });
    expect(found(bank, hashNumber(7))).toEqual(['content-1']);
    expect(bank.position).toBe(added.bankPosition);
    expect(await bank.remove('content-1')).toBe(true);
    expect(found(bank, hashNumber(7))).toEqual([]);
    expect(bank.get('content-1')).toBeUndefined();
    expect(await bank.remove('content-1')).toBe(false);
  });

  it('replace the revision before as a whole, and never reuse a number', async () => {
    const { bank, index } = await startRig();
    await bank.add(bankEntry({ frames: frames(8) }));
    const [old] = bank.search(sampledFrame(hashNumber(0)), 31).matches;
    const second = await bank.add(bankEntry({ frames: frames(2, 100) }));
    expect(second.revision).toBe(2);
    expect(found(bank, hashNumber(0))).toEqual([]);
    expect(found(bank, hashNumber(101))).toEqual(['content-1']);
    expect(index.size).toBe(2);
    expect(bank.content(old?.contentNumber ?? -1)).toBeUndefined();
  });

  it('of one content follow each other, even when asked for at once', async () => {
    const { bank } = await startRig();
    const added = await Promise.all([1, 2, 3].map((at) => bank.add(bankEntry({ frames: frames(5, at * 10) }))));
    expect(added.map((content) => content.revision)).toEqual([1, 2, 3]);
    expect(found(bank, hashNumber(30))).toEqual(['content-1']);
  });

  it('tell each view, quality and time of a match', async () => {
    const { bank } = await startRig();
    await bank.add(bankEntry());
    const hash = flipped(hashNumber(2), 9);
    const { matches, capped } = bank.search(sampledFrame(hash, { timeMs: 700, dihedral: 4 }), 31);
    expect(capped).toBe(false);
    expect(matches).toHaveLength(1);
    expect(matches[0]).toMatchObject({
      uploadTimeMs: 700,
      knownTimeMs: 1000,
      dihedral: 4,
      distanceBits: 9,
      quality: 80,
    });
  });

  it('are known by their bytes alone when no frame has detail', async () => {
    const { bank, index } = await startRig();
    const sha256 = 'ab'.repeat(32);
    const added = await bank.add(bankEntry({ sha256, frames: frames(3, 0, 19) }));
    expect(added).toMatchObject({ framesIndexed: 0, framesLowQuality: 3 });
    expect(index.size).toBe(0);
    expect(bank.findBySha256(sha256).map((known) => known.contentId)).toEqual(['content-1']);
    await bank.remove('content-1');
    expect(bank.findBySha256(sha256)).toEqual([]);
  });

  it('are refused before the log when the index has no room', async () => {
    const { bank, log } = await startRig({ hashesMax: 5 });
    await bank.add(bankEntry());
    const before = await log.ends('bank');
    await expect(bank.add(bankEntry({ contentId: 'b' }))).rejects.toMatchObject({ code: 'bank_full' });
    expect(await log.ends('bank')).toEqual(before);
  });

  it('fail when the log is full, and leave everything as it was', async () => {
    const { bank, log } = await startRig();
    await bank.add(bankEntry());
    log.disk.full = 'no room';
    await expect(bank.add(bankEntry({ frames: frames(2, 50) }))).rejects.toMatchObject({ code: 'log_full' });
    await expect(bank.remove('content-1')).rejects.toMatchObject({ code: 'log_full' });
    expect(found(bank, hashNumber(0))).toEqual(['content-1']);
  });
});

describe('the bank log', () => {
  it('is read to its end before the bank is ready', async () => {
    const first = await startRig();
    await first.bank.add(bankEntry({ frames: frames(7) }));
    const log = new MemoryLog(first.log.disk);
    const index = twinIndex();
    const bank = createBank({
      log,
      index,
      deepIndex: twinIndex(),
      telemetry: silentTelemetry(),
      frameQualityMin: () => 20,
    });
    expect(bank.unready()).not.toBeNull();
    await bank.start();
    expect(bank.unready()).toBeNull();
    expect(found(bank, hashNumber(6))).toEqual(['content-1']);
    await bank.close();
    expect(bank.unready()).not.toBeNull();
  });

  it('is read with a progress that can be told', async () => {
    const first = await startRig();
    for (let number = 0; number < 3; number++) await first.bank.add(bankEntry({ contentId: `content-${number}` }));
    const told: (string | null)[] = [];
    const telemetry = silentTelemetry({ bankApplied: () => told.push(bank.unready()) });
    const bank = createBank({
      log: new MemoryLog(first.log.disk),
      index: twinIndex(),
      deepIndex: twinIndex(),
      telemetry,
      frameQualityMin: () => 20,
    });
    await bank.start();
    expect(told).toHaveLength(3);
    expect(told.at(-1)).toMatch(/^\d of 6 records read$/);
  });

  it('gives the same after compaction, with a longer revision before', async () => {
    const { bank, log } = await startRig();
    await bank.add(bankEntry({ frames: frames(9) }));
    await bank.add(bankEntry({ frames: frames(4, 50) }));
    await bank.add(bankEntry({ contentId: 'b', frames: frames(4, 80) }));
    await bank.remove('b');
    log.disk.compact();
    const again = await startRig({ log: new MemoryLog(log.disk) });
    expect(again.bank.get('content-1')).toEqual(bank.get('content-1'));
    expect(again.bank.get('b')).toBeUndefined();
    expect(again.index.size).toBe(4);
    expect(again.rejected).toEqual([]);
  });

  it('makes a revision active with its last part, in whatever order parts come', async () => {
    const { bank, log } = await startRig();
    const [first, second, third] = recordsOfRevision(bankEntry({ frames: frames(7) }), 1, 0, '2026-01-01T00:00:00Z', 3);
    if (!first || !second || !third) throw new Error('three parts were expected');
    await appendAll(log, [third, first]);
    await bank.add(bankEntry({ contentId: 'other', frames: frames(1, 500) }));
    expect(bank.get('content-1')).toBeUndefined();
    await appendAll(log, [second]);
    await bank.add(bankEntry({ contentId: 'other', frames: frames(1, 501) }));
    expect(bank.get('content-1')).toMatchObject({ framesIndexed: 7 });
  });

  it('does not mix the parts of two writers that took the same revision', async () => {
    const { bank, log } = await startRig();
    const mine = recordsOfRevision(bankEntry({ frames: frames(4) }), 1, 0, '2026-01-01T00:00:00Z', 3);
    const theirs = recordsOfRevision(bankEntry({ frames: frames(4, 40) }), 1, 0, '2026-01-01T00:00:01Z', 3);
    await appendAll(log, [...mine.slice(0, 1), ...theirs]);
    await bank.add(bankEntry({ contentId: 'other', frames: [] }));
    expect(found(bank, hashNumber(0))).toEqual([]);
    expect(found(bank, hashNumber(43))).toEqual(['content-1']);
  });

  it('skips and counts bad records', async () => {
    const { bank, log, rejected } = await startRig();
    const [good] = recordsOfRevision(bankEntry(), 1, 0, '2026-01-01T00:00:00Z');
    if (good === undefined) throw new Error('a record was expected');
    const data = JSON.parse(Buffer.from(good.value ?? []).toString());
    const changed = (changes: object, key = good.key): NewRecord => ({
      ...good,
      key,
      value: Buffer.from(JSON.stringify({ ...data, ...changes })),
    });
    await appendAll(log, [
      { ...good, value: Buffer.from('{not json') },
      changed({ bank: 'Not A Bank' }),
      changed({ frames: 'AAAA' }),
      changed({ part: 1 }, 'content-1#1'),
      changed({}, 'content-2#0'),
      { ...good, key: 'no part', value: null },
    ]);
    await bank.add(bankEntry({ contentId: 'after' }));
    expect(rejected).toHaveLength(6);
    expect(bank.list({}, { limit: 10 }).items.map((item) => item.contentId)).toEqual(['after']);
  });

  it('keeps records under their limit for content of any length', () => {
    const many = frames(framesPerPartMax + 1);
    const entry = bankEntry({
      contentId: 'x'.repeat(256),
      labels: Array(16).fill('\u{1F600}'.repeat(32)),
      frames: many,
    });
    const records = recordsOfRevision(entry, 1, 0, '2026-01-01T00:00:00Z');
    expect(records).toHaveLength(2);
    for (const record of records) expect(record.value?.length).toBeLessThanOrEqual(limits.recordBytesMax);
  });
});

describe('crowded banks', () => {
  it('index each hash once, and a still stretch as one range', async () => {
    const { bank, index } = await startRig();
    const still = Array.from({ length: 100 }, (_, at) => ({ timeMs: at * 500, quality: 90, hash: hashNumber(1) }));
    await bank.add(bankEntry({ contentId: 'a', frames: still }));
    await bank.add(bankEntry({ contentId: 'b', frames: frames(1, 1) }));
    expect(index.size).toBe(1);
    const { matches } = bank.search(sampledFrame(hashNumber(1)), 0);
    expect(matches.map(({ knownTimeMs, knownUntilMs }) => [knownTimeMs, knownUntilMs])).toEqual([
      [0, 0],
      [0, 49_500],
    ]);
    await bank.remove('a');
    expect(found(bank, hashNumber(1))).toEqual(['b']);
    await bank.remove('b');
    expect(index.size).toBe(0);
  });

  it('give the closest matches and say that there were more', async () => {
    const { bank, index } = await startRig();
    const copies = limits.matchesPerFrameMax + 10;
    const apart = (hash: Uint8Array) =>
      Array.from({ length: copies }, (_, at) => ({ timeMs: at * 10_000, quality: 90, hash }));
    await bank.add(bankEntry({ contentId: 'far', frames: apart(flipped(hashNumber(1), 20)) }));
    await bank.add(bankEntry({ contentId: 'near', frames: frames(1, 1) }));
    const crowded = bank.search(sampledFrame(hashNumber(1)), 31);
    expect(crowded.capped).toBe(true);
    expect(crowded.matches).toHaveLength(limits.matchesPerFrameMax);
    expect(crowded.matches[0]?.distanceBits).toBe(0);
    expect(bank.search(sampledFrame(hashNumber(1)), 10)).toMatchObject({ capped: false });
    expect(index.size).toBe(2);
  });

  it('narrow the radius when the index has more hits than it may give', async () => {
    const { bank, index } = await startRig();
    const base = hashNumber(5);
    const crowd = Array.from({ length: limits.hitsPerSearchMax + 1 }, (_, at) => {
      const hash = flipped(base, 16);
      hash[30] = at & 0xff;
      hash[31] = at >> 8;
      return { timeMs: at, quality: 90, hash };
    });
    await bank.add(bankEntry({ contentId: 'crowd', frames: crowd }));
    await bank.add(bankEntry({ contentId: 'same', frames: [{ timeMs: 0, quality: 90, hash: base }] }));
    index.radii.length = 0;
    const { matches, capped } = bank.search(sampledFrame(base), 60);
    expect(capped).toBe(true);
    expect(index.radii[0]).toBe(60);
    expect(index.radii.length).toBeGreaterThan(1);
    expect(matches.some((match) => match.distanceBits === 0)).toBe(true);
  });
});

describe('the list', () => {
  it('goes in order of content id, page by page, and by bank', async () => {
    const { bank } = await startRig();
    for (const contentId of ['d', 'a', 'c', 'b']) {
      await bank.add(bankEntry({ contentId, bank: contentId === 'c' ? 'other' : 'default', frames: [] }));
    }
    const first = bank.list({}, { limit: 3 });
    expect(first.items.map((item) => item.contentId)).toEqual(['a', 'b', 'c']);
    const rest = bank.list({}, { limit: 3, after: first.nextCursor ?? '' });
    expect(rest).toMatchObject({ items: [{ contentId: 'd' }], nextCursor: null });
    expect(bank.list({ bank: 'default' }, { limit: 3 })).toMatchObject({ nextCursor: null });
    expect(bank.list({ bank: 'other' }, { limit: 3 }).items.map((item) => item.contentId)).toEqual(['c']);
  });
});
