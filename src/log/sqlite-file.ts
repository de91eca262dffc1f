/**
 * Opens the file of the embedded log: durability settings, sole ownership, schema, and a check after a crash.
 *
 * WAL with synchronous=FULL makes a commit durable with one fsync. locking_mode=EXCLUSIVE keeps SQLite's own lock for
 * as long as the file is open: a second process is refused, and a killed one leaves no lock behind, since the lock is
 * the kernel's and ends with the process.
 */
import { randomUUID } from 'node:crypto';
import Database from 'libsql';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { type Topic, topics } from './log.ts';

export type Connection = InstanceType<typeof Database>;

const schemaVersion = 2;

/** One table a topic, so that an offset is the rowid and appends go to the end of a tree. */
export const tableOf = {
  uploads: 'uploads',
  decisions: 'decisions',
  'stream-decisions': 'stream_decisions',
  fingerprints: 'fingerprints',
  bank: 'bank',
  'dead-letters': 'dead_letters',
} as const satisfies Record<Topic, string>;

/** Keys are blobs because the driver cuts texts at a NUL when it reads them. */
const recordColumns = `(
  "offset" INTEGER PRIMARY KEY,
  timestamp_ms INTEGER NOT NULL,
  key BLOB NOT NULL,
  headers TEXT NOT NULL,
  value BLOB
) STRICT`;

const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE topics (topic TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE groups (
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  name TEXT NOT NULL,
  committed INTEGER NOT NULL,
  UNIQUE (topic, name)
) STRICT;
CREATE TABLE settled (
  group_id INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  PRIMARY KEY (group_id, "offset")
) STRICT, WITHOUT ROWID;
${topics.map((topic) => `CREATE TABLE ${tableOf[topic]} ${recordColumns};`).join('\n')}
CREATE INDEX bank_by_key ON bank (key, "offset");
CREATE INDEX bank_tombstones ON bank (timestamp_ms) WHERE value IS NULL;
${topics.map((topic) => `INSERT INTO topics VALUES ('${topic}', 0, 0);`).join('\n')}
INSERT INTO meta VALUES ('schema_version', '${schemaVersion}'), ('closed', '1'), ('compacted_offset', '0');
`;

export interface OpenedFile {
  readonly db: Connection;
  readonly id: string;
}

/** Throws log_failed when the file is in use, damaged, or of another schema version. */
export function openLogFile(path: string): OpenedFile {
  try {
    const db = connect(path);
    own(db);
    createSchema(db);
    upgrade(db);
    const id = readMeta(db, 'log_id');
    checkVersion(db, path);
    if (readMeta(db, 'closed') !== '1') checkIntegrity(db, path);
    writeMeta(db, 'closed', '0');
    return { db, id };
  } catch (thrown) {
    throw explain(thrown, path);
  }
}

/** Marks the file as closed in good order and folds the write-ahead log into it. */
export function closeLogFile(db: Connection): void {
  writeMeta(db, 'closed', '1');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

export function readMeta(db: Connection, name: string): string {
  const row = db.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: string } | undefined;
  if (row === undefined) throw new FloodgateError('log_failed', `the log's file lacks its "${name}"`);
  return row.value;
}

export function writeMeta(db: Connection, name: string, value: string): void {
  db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value').run(name, value);
}

function connect(path: string): Connection {
  const db = new Database(path);
  // Pages freed by retention can then be given back to the file system; it only takes effect on a new file.
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 2000');
  db.pragma('journal_size_limit = 67108864');
  db.pragma('cache_size = -16000');
  return db;
}

/** The exclusive lock is only taken with the first write; a new process must fail here, not at its first append. */
function own(db: Connection): void {
  db.exec('BEGIN EXCLUSIVE');
  db.exec('COMMIT');
}

function createSchema(db: Connection): void {
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'").get() as { n: number };
  if (tables.n > 0) return;
  db.exec('BEGIN IMMEDIATE');
  db.exec(schema);
  writeMeta(db, 'log_id', randomUUID());
  db.exec('COMMIT');
}

/** Files of version 1 lack the topics of live streams. They get them empty, and lose nothing. */
function upgrade(db: Connection): void {
  if (readMeta(db, 'schema_version') !== '1') return;
  db.exec('BEGIN IMMEDIATE');
  for (const topic of ['stream-decisions', 'fingerprints'] as const) {
    db.exec(`CREATE TABLE ${tableOf[topic]} ${recordColumns}; INSERT INTO topics VALUES ('${topic}', 0, 0);`);
  }
  writeMeta(db, 'schema_version', '2');
  db.exec('COMMIT');
}

function checkVersion(db: Connection, path: string): void {
  const version = readMeta(db, 'schema_version');
  if (version === String(schemaVersion)) return;
  throw new FloodgateError(
    'log_failed',
    `${path} has schema version ${version} and this release reads version ${schemaVersion}; use the release that wrote it`,
  );
}

/**
 * SQLite recovers from a crash by itself; this finds what it cannot, a file that the storage has damaged.
 * A large file would take minutes to read, so there the small tables and the ends of the topics stand for it.
 */
function checkIntegrity(db: Connection, path: string): void {
  const size = db.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size').get();
  const whole = (size as { bytes: number }).bytes <= limits.logFullCheckBytesMax;
  const checks = whole ? ['quick_check(1)'] : ['meta', 'topics', 'groups', 'settled'].map((t) => `quick_check('${t}')`);
  const faults = checks.flatMap((check) => db.prepare(`PRAGMA ${check}`).raw().all() as string[][]).flat();
  faults.push(...topics.flatMap((topic) => endFaults(db, topic)));
  const fault = faults.find((each) => each !== 'ok');
  if (fault !== undefined) throw new FloodgateError('log_failed', `${path} is damaged (${fault})`);
}

function endFaults(db: Connection, topic: Topic): string[] {
  const last = db.prepare(
    `SELECT "offset", key, headers, value FROM ${tableOf[topic]} ORDER BY "offset" DESC LIMIT 100`,
  );
  const [newest] = last.raw().all() as number[][];
  const row = db.prepare('SELECT next_offset FROM topics WHERE topic = ?').get(topic) as { next_offset: number };
  const beyond = newest?.[0] !== undefined && newest[0] >= row.next_offset;
  return beyond ? [`a record of ${topic} stands at or above the end ${row.next_offset}`] : [];
}

function explain(thrown: unknown, path: string): FloodgateError {
  if (thrown instanceof FloodgateError) return thrown;
  const code = (thrown as { code?: unknown }).code;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    const advice = 'stop it, or give this one another data folder';
    return new FloodgateError('log_failed', `${path} is in use by another process; ${advice}`, { cause: thrown });
  }
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    const advice = 'restore it from a copy, or move it away to start an empty log';
    return new FloodgateError('log_failed', `${path} is damaged (${message}); ${advice}`, { cause: thrown });
  }
  return new FloodgateError('log_failed', `${path} cannot be opened: ${message}`, { cause: thrown });
}
