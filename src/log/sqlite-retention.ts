/**
 * What leaves the embedded log: records past their age or their topic's share of the size, older records of a key on
 * the compacted bank, and tombstones that have been there long enough.
 *
 * A group that has not settled a record keeps it and all above it. The work is cut into small transactions; between
 * two the caller may let commits pass, so that retention never holds a decision up.
 */
import { limits } from '../config/limits.ts';
import type { Topic } from './log.ts';
import { readMeta, tableOf, writeMeta } from './sqlite-file.ts';
import type { SqliteStore } from './sqlite-store.ts';
import { sizeSql } from './sqlite-topic.ts';

export interface RetentionRule {
  readonly ageMsMax: number;
  readonly bytesMax: number;
}

export interface RetentionRules {
  readonly uploads: RetentionRule;
  readonly decisions: RetentionRule;
  readonly 'stream-decisions': RetentionRule;
  readonly fingerprints: RetentionRule;
  readonly 'dead-letters': RetentionRule;
  /** Age at which a tombstone of the bank may go. */
  readonly bankTombstoneMs: number;
}

/** Pages that stay free in the file for new records: giving all of them back would grow it again at once. */
const freePagesKept = 4_096;
const freeShareKept = 1 / 4;
const vacuumPagesPerStep = 1_024;

const agingTopics = ['uploads', 'decisions', 'stream-decisions', 'fingerprints', 'dead-letters'] as const;

/** Each step is one transaction; the generator ends when there is nothing more to remove. */
export function* retain(store: SqliteStore, rules: RetentionRules, nowMs: number): Generator<void> {
  for (const topic of agingTopics) {
    while (removeOldest(store, topic, rules[topic], nowMs)) yield;
  }
  while (compactBank(store)) yield;
  while (removeTombstones(store, nowMs - rules.bankTombstoneMs)) yield;
  while (giveBackPages(store)) yield;
}

/** Removes a run of records from the start of the topic. True when the whole chunk went, so that more may follow. */
function removeOldest(store: SqliteStore, topic: Topic, rule: RetentionRule, nowMs: number): boolean {
  const chunk = store.db
    .prepare(
      `SELECT "offset", timestamp_ms, ${sizeSql} FROM ${tableOf[topic]} WHERE "offset" < ? ORDER BY "offset" LIMIT ?`,
    )
    .raw()
    .all(store.retentionFloor(topic), limits.logRetentionChunkRecords) as [number, number, number][];
  const table = store.table(topic);
  let removedBytes = 0;
  let lastOffset = -1;
  for (const [offset, timestampMs, bytes] of chunk) {
    const expired = timestampMs < nowMs - rule.ageMsMax;
    if (!expired && table.bytes - removedBytes <= rule.bytesMax) break;
    removedBytes += bytes;
    lastOffset = offset;
  }
  if (lastOffset < 0) return false;
  store.removeInTransaction(() => {
    store.db.prepare(`DELETE FROM ${tableOf[topic]} WHERE "offset" <= ?`).run(lastOffset);
    table.shrink(removedBytes);
  });
  return lastOffset === chunk.at(-1)?.[0];
}

/**
 * Goes on behind the last record compacted: each newer record of a key removes the older ones, so that the work is in
 * proportion to what was appended since and not to the size of the bank.
 */
function compactBank(store: SqliteStore): boolean {
  const from = Number(readMeta(store.db, 'compacted_offset'));
  const fresh = store.db
    .prepare('SELECT "offset", key FROM bank WHERE "offset" >= ? AND "offset" < ? ORDER BY "offset" LIMIT ?')
    .raw()
    .all(from, store.retentionFloor('bank'), limits.logRetentionChunkRecords) as [number, Buffer][];
  const last = fresh.at(-1);
  if (last === undefined) return false;
  store.removeInTransaction(() => {
    for (const [offset, key] of fresh) removeBank(store, 'key = ? AND "offset" < ?', [key, offset]);
    writeMeta(store.db, 'compacted_offset', String(last[0] + 1));
  });
  return true;
}

/** Only behind the compaction: there a tombstone has no older record of its key left that it must hide. */
function removeTombstones(store: SqliteStore, beforeMs: number): boolean {
  const compacted = Number(readMeta(store.db, 'compacted_offset'));
  const offsets = store.db
    .prepare('SELECT "offset" FROM bank WHERE value IS NULL AND timestamp_ms < ? AND "offset" < ? LIMIT ?')
    .raw()
    .all(beforeMs, compacted, limits.logRetentionChunkRecords) as [number][];
  if (offsets.length === 0) return false;
  store.removeInTransaction(() => {
    for (const [offset] of offsets) removeBank(store, '"offset" = ?', [offset]);
  });
  return true;
}

function removeBank(store: SqliteStore, where: string, parameters: unknown[]): void {
  const sum = store.db.prepare(`SELECT coalesce(sum(${sizeSql}), 0) FROM bank WHERE ${where}`).raw();
  const [bytes = 0] = sum.get(...parameters) as number[];
  if (bytes === 0) return;
  store.db.prepare(`DELETE FROM bank WHERE ${where}`).run(...parameters);
  store.table('bank').shrink(bytes);
}

function giveBackPages(store: SqliteStore): boolean {
  const counts = store.db.prepare('SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count');
  const [freePages = 0, pages = 0] = counts.raw().get() as number[];
  const scarce = store.unwritable() !== null;
  if (freePages <= freePagesKept || (!scarce && freePages <= pages * freeShareKept)) return false;
  store.db.exec(`PRAGMA incremental_vacuum(${vacuumPagesPerStep})`);
  return true;
}
