/**
 * Works uploads through the real service while it is killed again and again, then reads the log as an independent
 * checker: every valid event has exactly one decision, every other one dead letter, none is lost.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordsOfRevision } from '../../src/bank/bank-records.ts';
import { entryOfHashes } from '../../src/bank/enrol.ts';
import { cloudEventHeaders } from '../../src/contracts/cloud-events.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { createRandom, type Random } from '../../src/demo/random.ts';
import { hexOfHash } from '../../src/kernel/hash-text.ts';
import type { Log, NewRecord } from '../../src/log/log.ts';
import { openSqliteLog } from '../../src/log/sqlite-log.ts';
import { readAll } from './log-records.ts';
import { serveProcess, startProcess } from './served-process.ts';

export interface KillRunOptions {
  readonly uploads: number;
  readonly seed: number;
  /** The service lives for a random time in this range before it is killed. */
  readonly livesMs: { readonly min: number; readonly max: number };
  /** Images as base64 that some uploads carry inline, so that decoding takes part. */
  readonly inlineImages: readonly string[];
}

export interface KillRunReport {
  readonly valid: number;
  readonly invalid: number;
  readonly kills: number;
  /** Kills before the service had taken uploads. */
  readonly killsWhileStarting: number;
  readonly decisions: number;
  readonly deadLetters: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Decisions of one upload whose revisions are not 1, 2, 3 in order. */
  readonly outOfOrder: number;
  readonly wrongOutcomes: number;
}

interface Planned {
  readonly record: NewRecord;
  /** Null for an event that cannot be interpreted. */
  readonly eventId: string | null;
  readonly isCopy: boolean;
}

const recordsPerAppend = 500;
const startMsMax = 30_000;
/** About when a start is over on two idle cores. */
const startKillMsMax = 1_200;

export async function runKills(options: KillRunOptions): Promise<KillRunReport> {
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-kills-'));
  try {
    const planned = planUploads(options);
    await withLog(folder, (log) => seed(log, planned));
    const kills = await killUntilDone(folder, options);
    return await withLog(folder, (log) => check(log, planned, kills));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withLog<T>(folder: string, work: (log: Log) => Promise<T>): Promise<T> {
  const log = await openSqliteLog({ path: join(folder, 'log', 'floodgate.sqlite') });
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

/** A tenth are copies of known content, a tenth inline images, a twentieth cannot be interpreted, some are revisions. */
function planUploads(options: KillRunOptions): Planned[] {
  const random = createRandom(options.seed);
  return Array.from({ length: options.uploads }, (_, number) => {
    const eventId = `event-${number}`;
    const share = random.between(0, 1);
    if (share < 0.05)
      return { record: uploadRecord(`broken-${number}`, '{"uploadId":', eventId), eventId: null, isCopy: false };
    const uploadId = share < 0.2 ? `again-${number % 10}` : `upload-${number}`;
    const isCopy = share > 0.9;
    const inline = options.inlineImages[number % Math.max(1, options.inlineImages.length)];
    const content =
      share > 0.8 && !isCopy && inline !== undefined
        ? { inline }
        : { frames: [{ timeMs: 0, quality: 100, hash: isCopy ? knownHash : hexOfHash(randomHash(random)) }] };
    const event = { uploadId, content, uploadedAt: '2026-11-22T10:00:00Z' };
    return { record: uploadRecord(uploadId, JSON.stringify(event), eventId), eventId, isCopy };
  });
}

const knownHash = hexOfHash(randomHash(createRandom(99)));

function randomHash(random: Random): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => random.whole(0, 255));
}

function uploadRecord(key: string, value: string, id: string): NewRecord {
  const headers = cloudEventHeaders('uploads', { id, source: '/test', subject: key, time: '2026-11-22T10:00:00Z' });
  return { topic: 'uploads', key, value: Buffer.from(value), headers };
}

async function seed(log: Log, planned: readonly Planned[]): Promise<void> {
  const known = entryOfHashes({ contentId: 'known', frames: [{ timeMs: 0, quality: 100, hash: knownHash }] });
  await log.append(recordsOfRevision(known, 1, 0, '2026-11-22T09:00:00Z'));
  for (let from = 0; from < planned.length; from += recordsPerAppend) {
    await log.append(planned.slice(from, from + recordsPerAppend).map(({ record }) => record));
  }
}

async function killUntilDone(
  folder: string,
  { seed: seedNumber, livesMs }: KillRunOptions,
): Promise<{ kills: number; killsWhileStarting: number }> {
  const random = createRandom(seedNumber + 1);
  let kills = 0;
  let killsWhileStarting = 0;
  for (;;) {
    if (kills % 5 === 4) {
      await killWhileStarting(folder, random.whole(20, startKillMsMax));
      kills += 1;
      killsWhileStarting += 1;
    }
    const lifeMs = random.whole(livesMs.min, livesMs.max);
    const served = await serveProcess({ dataFolder: folder, startTimeoutMs: startMsMax });
    const isDone = await Promise.race([waitUntilIdle(served.url), sleep(lifeMs).then(() => false)]);
    await served.stop('SIGKILL');
    kills += 1;
    if (isDone) return { kills, killsWhileStarting };
  }
}

async function killWhileStarting(folder: string, afterMs: number): Promise<void> {
  const child = startProcess({ dataFolder: folder });
  const gone = once(child, 'exit');
  await sleep(afterMs);
  child.kill('SIGKILL');
  await gone;
}

async function waitUntilIdle(url: string): Promise<boolean> {
  for (;;) {
    await sleep(50);
    const response = await fetch(`${url}/metrics`).catch(() => null);
    const text = (await response?.text().catch(() => '')) ?? '';
    if (/^floodgate_consumer_lag_records 0$/m.test(text) && /^floodgate_inflight_uploads 0$/m.test(text)) return true;
    if (response === null) return false;
  }
}

async function check(
  log: Log,
  planned: readonly Planned[],
  { kills, killsWhileStarting }: { kills: number; killsWhileStarting: number },
): Promise<KillRunReport> {
  const decisions = (await readAll(log, 'decisions')).map(
    (record) => JSON.parse(Buffer.from(record.value ?? []).toString()) as Decision,
  );
  const letters = await readAll(log, 'dead-letters');
  const perEvent = countBy(decisions.map((decision) => decision.eventId));
  const perLetter = countBy(letters.map((letter) => letter.headers['x-original-ce_id'] ?? ''));
  const valid = planned.filter((each) => each.eventId !== null);
  const invalid = planned.filter((each) => each.eventId === null);
  const expected = [
    ...valid.map((each) => perEvent.get(each.eventId ?? '') ?? 0),
    ...invalid.map((each) => perLetter.get(each.record.headers.ce_id ?? '') ?? 0),
  ];
  const copies = new Map(valid.map((each) => [each.eventId, each.isCopy]));
  return {
    valid: valid.length,
    invalid: invalid.length,
    kills,
    killsWhileStarting,
    decisions: decisions.length,
    deadLetters: letters.length,
    lost: expected.filter((count) => count === 0).length,
    duplicates: expected.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    outOfOrder: countOutOfOrder(decisions),
    wrongOutcomes: decisions.filter(({ eventId, outcome }) => (outcome === 'block') !== copies.get(eventId)).length,
  };
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Within one upload, revisions count 1, 2, 3 … and follow the order of the events. */
function countOutOfOrder(decisions: readonly Decision[]): number {
  const last = new Map<string, { revision: number; event: number }>();
  let outOfOrder = 0;
  for (const { uploadId, revision, eventId } of decisions) {
    const before = last.get(uploadId) ?? { revision: 0, event: -1 };
    const event = Number(eventId.replace('event-', ''));
    if (revision !== before.revision + 1 || event < before.event) outOfOrder += 1;
    last.set(uploadId, { revision, event });
  }
  return outOfOrder;
}
