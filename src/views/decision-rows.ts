/** The decision view's own file: rows, indexes and the position in the log, kept together in each transaction. */
import { rmSync } from 'node:fs';
import Database from 'libsql';
import type { Outcome } from '../contracts/common.ts';
import type { Decision } from '../contracts/decision.ts';
import type { PartitionEnd, Position } from '../log/log.ts';
import { type Connection, listDecisions, toStored } from './decision-query.ts';
import type { DecisionFilter, DecisionPage, LedgerEntry, StoredDecision } from './views.ts';

/** Part of what decides whether the file may be used: a file of another version is thrown away and rebuilt. */
const schemaVersion = '3';

/**
 * `latest_ms` is the latest time of decision up to the row. Unlike `decided_ms` it never falls from row to row, so that
 * it says where the rows since a time can begin.
 */
const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
  sequence INTEGER PRIMARY KEY,
  "partition" INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  upload_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  decided_ms INTEGER NOT NULL,
  latest_ms INTEGER NOT NULL,
  json TEXT NOT NULL,
  UNIQUE ("partition", "offset")
) STRICT;
CREATE TABLE positions ("partition" INTEGER PRIMARY KEY, "offset" INTEGER NOT NULL) STRICT;
CREATE TABLE matches (
  sequence INTEGER NOT NULL,
  bank TEXT NOT NULL,
  content_id TEXT NOT NULL,
  PRIMARY KEY (sequence, bank, content_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX decisions_by_upload ON decisions (upload_id, revision, sequence);
CREATE INDEX decisions_by_outcome ON decisions (outcome, sequence);
CREATE INDEX decisions_by_reason ON decisions (reason, sequence);
CREATE INDEX decisions_by_latest ON decisions (latest_ms, sequence);
CREATE INDEX matches_by_content ON matches (content_id, sequence);
CREATE INDEX matches_by_bank ON matches (bank, sequence);
`;

export interface NewRow extends Position {
  readonly decision: Decision;
  readonly json: string;
}

export type Counts = Record<Outcome, number>;

export interface Trim {
  readonly decisionsMax: number;
  /** Decisions decided before this go, milliseconds since the epoch. */
  readonly beforeMs: number;
}

const trimRowsMax = 1_000;

export class DecisionRows {
  readonly #db: Connection;
  readonly #insert;
  readonly #insertMatch;
  readonly #setMeta;
  readonly #latest;
  readonly #revision;
  readonly #ledger;
  readonly #oldest;
  readonly #setPosition;
  /** Partition -> offset in the decisions topic at which to read on. */
  readonly #positions: Map<number, number>;
  #lastSequence: number;
  #counts: Counts;
  #latestMs: number;

  private constructor(db: Connection) {
    this.#db = db;
    this.#insert = db.prepare('INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#insertMatch = db.prepare('INSERT OR IGNORE INTO matches VALUES (?, ?, ?)');
    this.#setMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
    this.#setPosition = db.prepare('INSERT OR REPLACE INTO positions VALUES (?, ?)');
    const byUpload = 'SELECT json FROM decisions WHERE upload_id = ?';
    const newest = 'ORDER BY revision DESC, sequence DESC LIMIT 1';
    this.#latest = db.prepare(`${byUpload} ${newest}`);
    this.#revision = db.prepare(`${byUpload} AND revision = ? ${newest}`);
    this.#ledger = db.prepare('SELECT max(revision), max(event_id = ?) FROM decisions WHERE upload_id = ?').raw();
    this.#oldest = db.prepare('SELECT decided_ms FROM decisions ORDER BY sequence LIMIT 1');
    this.#counts = this.#countAll();
    this.#positions = new Map(readPositions(db));
    this.#latestMs = numberIn(db, 'SELECT max(latest_ms) FROM decisions') ?? 0;
    this.#lastSequence = Math.max(
      numberIn(db, 'SELECT max(sequence) FROM decisions') ?? -1,
      numberIn(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'last_sequence'") ?? -1,
    );
  }

  /**
   * Opens the file if it was derived from this very log, by this version, and is whole; otherwise starts an empty one.
   * `ends` are those of the log's topic: a view that is ahead of its log belongs to another history of it.
   */
  static open(path: string, logId: string, ends: readonly PartitionEnd[]): DecisionRows {
    const kept = openKept(path, logId, ends);
    if (kept !== null) return kept;
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
    const db = connect(path);
    db.exec(`BEGIN; ${schema} COMMIT;`);
    const rows = new DecisionRows(db);
    rows.#write({ schema_version: schemaVersion, log_id: logId, closed: '0' });
    return rows;
  }

  /** Builds from a file that passed every check. */
  static over(db: Connection): DecisionRows {
    const rows = new DecisionRows(db);
    rows.#write({ closed: '0' });
    return rows;
  }

  /** Where to read on in the decisions topic, for each partition of which something is stored. */
  get positions(): Position[] {
    return [...this.#positions].map(([partition, offset]) => ({ partition, offset }));
  }

  counts(): Counts {
    return { ...this.#counts };
  }

  /**
   * Stores the rows and where to read on in one transaction. Gives the rows that are new, each with its sequence: at
   * least its offset, so that with one partition they are the same.
   */
  apply(rows: readonly NewRow[], positions: readonly Position[]): StoredDecision[] {
    const counts = { ...this.#counts };
    const stored: StoredDecision[] = [];
    let sequence = this.#lastSequence;
    this.#transaction(() => {
      for (const row of rows) {
        const next = Math.max(sequence + 1, row.offset);
        if (!this.#insertRow(row, next)) continue;
        sequence = next;
        counts[row.decision.outcome] += 1;
        stored.push({ sequence, decision: row.decision });
      }
      for (const { partition, offset } of positions) this.#setPosition.run(partition, offset);
      // The newest row may have gone with its age by the next start; what was given out must not be given again.
      this.#write({ last_sequence: String(sequence) });
    });
    this.#counts = counts;
    this.#lastSequence = sequence;
    for (const { partition, offset } of positions) this.#positions.set(partition, offset);
    return stored;
  }

  /** Removes a run of the oldest decisions. True when there may be more to remove. */
  trim({ decisionsMax, beforeMs }: Trim): boolean {
    const { block, review, allow } = this.#counts;
    const over = block + review + allow - decisionsMax;
    // The usual case, looked at every second, costs one row.
    const first = this.#oldest.get() as { decided_ms: number } | undefined;
    if (first === undefined || (over <= 0 && first.decided_ms >= beforeMs)) return false;
    const oldest = this.#db
      .prepare('SELECT sequence, outcome, decided_ms FROM decisions ORDER BY sequence LIMIT ?')
      .raw()
      .all(trimRowsMax) as [number, Outcome, number][];
    const keptFrom = oldest.findIndex(([, , decidedMs], place) => place >= over && decidedMs >= beforeMs);
    const going = keptFrom < 0 ? oldest : oldest.slice(0, keptFrom);
    const last = going.at(-1);
    if (last === undefined) return false;
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM matches WHERE sequence <= ?').run(last[0]);
      this.#db.prepare('DELETE FROM decisions WHERE sequence <= ?').run(last[0]);
    });
    for (const [, outcome] of going) this.#counts[outcome] -= 1;
    return going.length === trimRowsMax;
  }

  find(uploadId: string, revision?: number): Decision | undefined {
    const row = revision === undefined ? this.#latest.get(uploadId) : this.#revision.get(uploadId, revision);
    return row === undefined ? undefined : (JSON.parse((row as { json: string }).json) as Decision);
  }

  ledger(uploadId: string, eventId: string): LedgerEntry {
    const [last, decided] = this.#ledger.get(eventId, uploadId) as (number | null)[];
    return { lastRevision: last ?? 0, eventDecided: decided === 1 };
  }

  after(sequence: number, max: number): StoredDecision[] {
    const query = this.#db.prepare('SELECT sequence, json FROM decisions WHERE sequence > ? ORDER BY sequence LIMIT ?');
    return toStored(query.raw().all(sequence, max));
  }

  list(filter: DecisionFilter, page: { readonly before?: number; readonly limit: number }): DecisionPage {
    return listDecisions(this.#db, filter, page);
  }

  /** `whole` tells the next start that the file needs no check. */
  close(whole: boolean): void {
    if (whole) this.#write({ closed: '1' });
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  #insertRow({ partition, offset, decision, json }: NewRow, sequence: number): boolean {
    const { uploadId, revision, eventId, outcome, reason, decidedAt } = decision;
    const decidedMs = Date.parse(decidedAt);
    this.#latestMs = Math.max(this.#latestMs, decidedMs);
    const latestMs = this.#latestMs;
    const facts = [uploadId, revision, eventId, outcome, reason, decidedMs, latestMs, json];
    if (this.#insert.run(sequence, partition, offset, ...facts).changes !== 1) return false;
    for (const match of decision.matches) this.#insertMatch.run(sequence, match.bank, match.contentId);
    return true;
  }

  #write(facts: Record<string, string>): void {
    for (const [name, value] of Object.entries(facts)) this.#setMeta.run(name, value);
  }

  #countAll(): Counts {
    const counts: Counts = { block: 0, review: 0, allow: 0 };
    const rows = this.#db.prepare('SELECT outcome, count(*) FROM decisions GROUP BY outcome').raw().all();
    for (const [outcome, count] of rows as [Outcome, number][]) counts[outcome] = count;
    return counts;
  }

  #transaction(write: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      write();
      this.#db.exec('COMMIT');
    } catch (thrown) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw thrown;
    }
  }
}

/** Everything here can be rebuilt, so a commit need not wait for the disk; the log has waited already. */
function connect(path: string): Connection {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -8000');
  return db;
}

function openKept(path: string, logId: string, ends: readonly PartitionEnd[]): DecisionRows | null {
  try {
    const db = connect(path);
    const meta = new Map(db.prepare('SELECT name, value FROM meta').raw().all() as [string, string][]);
    const ours = meta.get('schema_version') === schemaVersion && meta.get('log_id') === logId;
    const usable = ours && isBehind(db, ends) && (meta.get('closed') === '1' || isWhole(db));
    if (usable) return DecisionRows.over(db);
    db.close();
  } catch {
    // A file that cannot be read is as good as none.
  }
  return null;
}

function numberIn(db: Connection, query: string): number | null {
  const [value] = (db.prepare(query).raw().get() ?? [null]) as [number | null];
  return value;
}

function readPositions(db: Connection): [number, number][] {
  return db.prepare('SELECT "partition", "offset" FROM positions').raw().all() as [number, number][];
}

function isBehind(db: Connection, ends: readonly PartitionEnd[]): boolean {
  const endOf = new Map(ends.map(({ partition, endOffset }) => [partition, endOffset]));
  return readPositions(db).every(([partition, offset]) => offset <= (endOf.get(partition) ?? -1));
}

/** Without fsync a power failure may leave anything behind. */
function isWhole(db: Connection): boolean {
  const [verdict] = db.prepare('PRAGMA quick_check(1)').raw().get() as string[];
  return verdict === 'ok';
}
