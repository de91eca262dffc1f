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

/** Records of the bank that were appended since the last compaction, and no more than are looked at in one step. */
const freshSql = 'SELECT "offset", key FROM bank WHERE "offset" >= ? AND "offset" < ? ORDER BY "offset" LIMIT ?';

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
  const span = [from, store.retentionFloor('bank'), limits.logRetentionChunkRecords];
  const [last] = store.db
    .prepare(`SELECT max("offset") FROM (${freshSql})`)
    .raw()
    .get(...span) as [number | null];
  if (last === null) return false;
  const outdated = store.db
    .prepare(
      `SELECT DISTINCT older."offset" FROM (${freshSql}) AS fresh
        JOIN bank AS older ON older.key = fresh.key AND older."offset" < fresh."offset"`,
    )
    .raw()
    .all(...span) as [number][];
  store.removeInTransaction(() => {
    removeBank(store, outdated);
    writeMeta(store.db, 'compacted_offset', String(last + 1));
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
    removeBank(store, offsets);
  });
  return true;
}

function removeBank(store: SqliteStore, offsets: readonly [number][]): void {
  const size = store.db.prepare(`SELECT ${sizeSql} FROM bank WHERE "offset" = ?`).raw();
  const remove = store.db.prepare('DELETE FROM bank WHERE "offset" = ?');
  for (const [offset] of offsets) {
    const [bytes = 0] = size.get(offset) as number[];
    remove.run(offset);
    store.table('bank').shrink(bytes);
  }
}

function giveBackPages(store: SqliteStore): boolean {
  const counts = store.db.prepare('SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count');
  const [freePages = 0, pages = 0] = counts.raw().get() as number[];
  const scarce = store.unwritable() !== null;
  if (freePages <= freePagesKept || (!scarce && freePages <= pages * freeShareKept)) return false;
  store.db.exec(`PRAGMA incremental_vacuum(${vacuumPagesPerStep})`);
  return true;
}
