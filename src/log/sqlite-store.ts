/**
 * The embedded log's state and its transactions, synchronous: the thread that owns the database runs it.
 *
 * Requests that arrived together share one transaction and one fsync. Each is checked before anything of it is written,
 * so that a bad one leaves its neighbours alone; if the transaction fails nevertheless, each is tried by itself.
 */
import { limits } from '../config/limits.ts';
import type { AppendRequest, CommitRequest, CommitResult, ReadResult, Refusal, SettleRequest } from './commit.ts';
import { GroupProgress } from './group-progress.ts';
import { type NewRecord, type PartitionEnd, type PartitionLag, type Topic, topics } from './log.ts';
import { type Connection, closeLogFile, openLogFile } from './sqlite-file.ts';
import { pagesMax, type Room, type RoomLimits, refusalForRoom, usedBytesOf } from './sqlite-room.ts';
import { TopicTable } from './sqlite-topic.ts';

export interface StoreOptions extends RoomLimits {
  readonly path: string;
  readonly freeBytes: () => number;
  readonly nowMs: () => number;
}

interface Group {
  readonly id: number;
  readonly topic: Topic;
  readonly name: string;
  progress: GroupProgress;
}

/** SQLite's codes after which the file or the storage under it cannot be trusted until it is opened again. */
const fatalCodes = ['SQLITE_IOERR', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'];

/** How long the log calls itself unwritable after SQLite found no room where the figures had shown some. */
const fullEchoMs = 2_000;

export class SqliteStore {
  readonly id: string;
  readonly db: Connection;
  readonly #options: StoreOptions;
  readonly #tables: ReadonlyMap<Topic, TopicTable>;
  readonly #groups = new Map<string, Group>();
  readonly #usedBytes: () => number;
  #fatal: Refusal | null = null;
  #full = { message: '', untilMs: Number.NEGATIVE_INFINITY };

  constructor(options: StoreOptions) {
    const { db, id } = openLogFile(options.path);
    this.id = id;
    this.db = db;
    this.#options = options;
    const [pageBytes = 4096] = db.prepare('PRAGMA page_size').raw().get() as number[];
    db.pragma(`max_page_count = ${pagesMax(options, pageBytes)}`);
    this.#usedBytes = usedBytesOf(db);
    this.#tables = new Map(topics.map((topic) => [topic, new TopicTable(db, topic)]));
    this.#loadGroups();
  }

  table(topic: Topic): TopicTable {
    const table = this.#tables.get(topic);
    if (table === undefined) throw new Error(`there is no topic ${topic}`);
    return table;
  }

  ends(): Record<Topic, number> {
    return Object.fromEntries([...this.#tables].map(([topic, table]) => [topic, table.endOffset])) as Record<
      Topic,
      number
    >;
  }

  end(topic: Topic): PartitionEnd {
    const table = this.table(topic);
    return { partition: 0, startOffset: table.nextRecord(0), endOffset: table.endOffset };
  }

  read(topic: Topic, fromOffset: number, max: number): ReadResult {
    const table = this.table(topic);
    const records = table.read(fromOffset, Math.min(max, limits.logReadRecordsMax), limits.logReadBytesMax);
    const last = records.at(-1);
    return { records, nextOffset: last === undefined ? Math.max(fromOffset, table.endOffset) : last.offset + 1 };
  }

  /** Registers the group when it is new; it then begins at the oldest record kept. */
  openGroup(topic: Topic, name: string): { committed: number; settled: number[] } {
    if (!this.#groups.has(groupKey(topic, name))) {
      const start = this.end(topic).startOffset;
      this.db.prepare('INSERT INTO groups (topic, name, committed) VALUES (?, ?, ?)').run(topic, name, start);
      this.#loadGroups();
    }
    const { progress } = this.#group(topic, name);
    return { committed: progress.committed, settled: progress.settledAbove() };
  }

  lag(topic: Topic, name: string): PartitionLag {
    const table = this.table(topic);
    const { committed } = this.#group(topic, name).progress;
    const oldestMs = table.timestampMsAt(committed);
    const seconds = oldestMs === null ? 0 : Math.max(0, (this.#options.nowMs() - oldestMs) / 1000);
    return { partition: 0, records: table.endOffset - committed, seconds };
  }

  /** Offset at and above which nothing may be removed: the lowest that some group has not settled. */
  retentionFloor(topic: Topic): number {
    const committed = [...this.#groups.values()].filter((g) => g.topic === topic).map((g) => g.progress.committed);
    // Uploads that nobody has begun to consume are still owed a decision.
    if (committed.length === 0) return topic === 'uploads' ? 0 : this.table(topic).endOffset;
    return Math.min(...committed);
  }

  room(): Room {
    return { freeBytes: this.#options.freeBytes(), usedBytes: this.#usedBytes() };
  }

  /** Why appends are refused at present, or null. */
  unwritable(): string | null {
    if (this.#fatal !== null) return this.#fatal.message;
    const refused = refusalForRoom('append', this.room(), this.#options);
    return refused ?? (this.#options.nowMs() < this.#full.untilMs ? this.#full.message : null);
  }

  /** Commits what can be; the results stand in the order of the requests. Never throws. */
  commit(requests: readonly CommitRequest[]): CommitResult[] {
    try {
      return this.#inTransaction(() => this.#writeAll(requests));
    } catch (thrown) {
      const refusal = this.#refusalOf(thrown);
      if (requests.length === 1 || this.#fatal !== null) return requests.map(() => ({ refusal }));
      return requests.flatMap((request) => this.commit([request]));
    }
  }

  /** Runs `write` as one transaction; after a failure the state in memory is what the file holds. */
  #inTransaction<T>(write: () => T): T {
    if (this.#fatal !== null) throw new Error(this.#fatal.message);
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = write();
      for (const table of this.#tables.values()) table.save();
      this.db.exec('COMMIT');
      return result;
    } catch (thrown) {
      // A full disk makes SQLite roll back by itself, and there is nothing left to roll back then.
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      for (const table of this.#tables.values()) table.reload();
      this.#loadGroups();
      throw thrown;
    }
  }

  /** For retention, whose deletions are transactions of their own. */
  removeInTransaction<T>(remove: () => T): T {
    return this.#inTransaction(remove);
  }

  #writeAll(requests: readonly CommitRequest[]): CommitResult[] {
    const room = this.room();
    const timestampMs = this.#options.nowMs();
    const touched = new Set<Group>();
    const results = requests.map((request): CommitResult => {
      const full = refusalForRoom(request.kind, room, this.#options);
      if (full !== null) return { refusal: { code: 'log_full', message: full } };
      if (request.kind === 'append') return this.#append(request, timestampMs);
      return this.#settle(request, timestampMs, touched);
    });
    for (const group of touched) this.#storeProgress(group);
    return results;
  }

  #append(request: AppendRequest, timestampMs: number): CommitResult {
    return { offsets: this.#insert(request.records, timestampMs) };
  }

  #settle(request: SettleRequest, timestampMs: number, touched: Set<Group>): CommitResult {
    const group = this.#group(request.topic, request.group);
    const refused = group.progress.refusal(request.offsets, this.table(request.topic).endOffset);
    if (refused !== null) return { refusal: { code: 'internal', message: `cannot settle: ${refused}` } };
    group.progress.mark(request.offsets);
    touched.add(group);
    return { offsets: this.#insert(request.outputs, timestampMs) };
  }

  #insert(records: readonly NewRecord[], timestampMs: number): number[] {
    return records.map((record) => this.table(record.topic).insert(record, timestampMs));
  }

  #storeProgress(group: Group): void {
    const table = this.table(group.topic);
    const change = group.progress.advance((offset) => table.nextRecord(offset));
    this.db.prepare('UPDATE groups SET committed = ? WHERE id = ?').run(change.committed, group.id);
    const insert = this.db.prepare('INSERT INTO settled VALUES (?, ?)');
    for (const offset of change.add) insert.run(group.id, offset);
    if (change.dropBelow === null) return;
    this.db.prepare('DELETE FROM settled WHERE group_id = ? AND "offset" < ?').run(group.id, change.dropBelow);
  }

  #group(topic: Topic, name: string): Group {
    const group = this.#groups.get(groupKey(topic, name));
    if (group === undefined) throw new Error(`group ${name} of ${topic} is not open`);
    return group;
  }

  #loadGroups(): void {
    const settled = this.db.prepare('SELECT "offset" FROM settled WHERE group_id = ?').raw();
    const rows = this.db.prepare('SELECT id, topic, name, committed FROM groups').raw().all();
    this.#groups.clear();
    for (const [id, topic, name, committed] of rows as [number, Topic, string, number][]) {
      const offsets = (settled.all(id) as number[][]).flat();
      this.#groups.set(groupKey(topic, name), { id, topic, name, progress: new GroupProgress(committed, offsets) });
    }
  }

  #refusalOf(thrown: unknown): Refusal {
    const code = String((thrown as { code?: unknown }).code ?? '');
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (code === 'SQLITE_FULL') {
      this.#full = { message: `the log has no room for this: ${message}`, untilMs: this.#options.nowMs() + fullEchoMs };
      return { code: 'log_full', message: this.#full.message };
    }
    const refusal = { code: 'log_failed', message: `the log could not be written: ${message}` } as const;
    if (fatalCodes.some((fatal) => code.startsWith(fatal))) this.#fatal = refusal;
    return refusal;
  }

  /** Nothing is written any more; a retention that is under way ends with its present step. */
  close(): void {
    if (this.#fatal === null) closeLogFile(this.db);
    this.#fatal ??= { code: 'log_failed', message: 'the log is closed' };
  }
}

function groupKey(topic: Topic, name: string): string {
  return `${topic} ${name}`;
}
