/**
 * The embedded log: one partition, in one SQLite file, for one process on one machine. See docs/specs/log.md.
 *
 * The database lives in a thread of its own, because every commit waits for the disk. This side gathers requests,
 * wakes those who wait for records, and turns failures into error codes.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limits } from '../config/limits.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { CommitRequest, CommitResult } from './commit.ts';
import { GroupCommit } from './group-commit.ts';
import type {
  ConsumeOptions,
  Consumer,
  Log,
  LogRecord,
  NewRecord,
  PartitionEnd,
  Position,
  Tail,
  TailOptions,
  Topic,
} from './log.ts';
import { SqliteConsumer } from './sqlite-consumer.ts';
import type { CallName, Calls, WorkerSettings } from './sqlite-protocol.ts';
import type { RetentionRule, RetentionRules } from './sqlite-retention.ts';
import { SqliteTail } from './sqlite-tail.ts';
import { TopicEnds } from './topic-ends.ts';
import { type Opened, WorkerClient } from './worker-client.ts';

export interface SqliteLogOptions {
  /** The database file; its folder is made when it is missing. */
  readonly path: string;
  readonly groupCommitMs?: number;
  readonly logBytesMax?: number;
  readonly logFreeBytesMin?: number;
  /** What is left out keeps its default: uploads and fingerprints 3 days, all else 30, tombstones 7. */
  readonly retention?: {
    readonly uploads?: Partial<RetentionRule>;
    readonly decisions?: Partial<RetentionRule>;
    readonly 'stream-decisions'?: Partial<RetentionRule>;
    readonly fingerprints?: Partial<RetentionRule>;
    readonly 'dead-letters'?: Partial<RetentionRule>;
    readonly bankTombstoneMs?: number;
  };
  readonly retentionIntervalMs?: number;
  readonly roomCheckMs?: number;
  /** Retention could not remove what is due; it is tried again. Everything else goes on. */
  readonly onRetentionFailed?: (error: FloodgateError) => void;
}

export interface SqliteLog extends Log {
  /** Removes what the retention rules let go, as if it were `nowMs`. Runs by itself from time to time. */
  retain(nowMs: number): Promise<void>;
  /** Stops at once, as a crash would: what was not acknowledged may or may not be there after the next start. */
  abandon(): Promise<void>;
}

/**
 * Opens the log, and makes an empty one when there is none. Throws log_failed when another process has it open, when
 * the file is damaged, or when it is of another schema version.
 */
export async function openSqliteLog(options: SqliteLogOptions): Promise<SqliteLog> {
  await mkdir(dirname(options.path), { recursive: true });
  let log: EmbeddedLog | null = null;
  const client = new WorkerClient(settingsOf(options), {
    onRoom: (unwritable) => log?.noteRoom(unwritable),
    onRetentionFailed: (error) => options.onRetentionFailed?.(error),
    onDeath: (error) => log?.fail(error),
  });
  try {
    log = new EmbeddedLog(client, await client.opened(), options.groupCommitMs ?? limits.groupCommitMs);
    return log;
  } catch (thrown) {
    await client.terminate();
    throw thrown;
  }
}

function settingsOf(options: SqliteLogOptions): WorkerSettings {
  const logBytesMax = options.logBytesMax ?? limits.logBytesMax;
  return {
    path: options.path,
    logBytesMax,
    logFreeBytesMin: options.logFreeBytesMin ?? limits.logFreeBytesMin,
    retention: retentionOf(options.retention ?? {}, logBytesMax),
    retentionIntervalMs: options.retentionIntervalMs ?? limits.logRetentionIntervalMs,
    roomCheckMs: options.roomCheckMs ?? limits.logRoomCheckMs,
  };
}

/** By size the topics share what the log may have; the bank, which is only compacted, is left a fifth. */
function retentionOf(rules: NonNullable<SqliteLogOptions['retention']>, logBytesMax: number): RetentionRules {
  const kept = { ageMsMax: limits.decisionsRetentionMs, bytesMax: 0.05 * logBytesMax };
  return {
    uploads: { ageMsMax: limits.uploadsRetentionMs, bytesMax: 0.25 * logBytesMax, ...rules.uploads },
    decisions: { ageMsMax: limits.decisionsRetentionMs, bytesMax: 0.35 * logBytesMax, ...rules.decisions },
    'stream-decisions': { ...kept, ...rules['stream-decisions'] },
    fingerprints: { ageMsMax: limits.uploadsRetentionMs, bytesMax: 0.1 * logBytesMax, ...rules.fingerprints },
    'dead-letters': { ...kept, ...rules['dead-letters'] },
    bankTombstoneMs: rules.bankTombstoneMs ?? limits.bankTombstoneMs,
  };
}

class EmbeddedLog implements SqliteLog {
  readonly id: string;
  readonly #client: WorkerClient;
  readonly #commits: GroupCommit;
  readonly #ends: TopicEnds;
  readonly #stopping = new AbortController();
  readonly #readers = new Set<{ close(): Promise<void> }>();
  readonly #openGroups = new Set<string>();
  #unwritable: string | null;
  #failure: FloodgateError | null = null;
  #closed: Promise<void> | null = null;

  constructor(client: WorkerClient, opened: Opened, groupCommitMs: number) {
    this.id = opened.logId;
    this.#client = client;
    this.#ends = new TopicEnds(opened.ends);
    this.#unwritable = opened.unwritable;
    this.#commits = new GroupCommit({
      groupCommitMs,
      commitBytesMax: limits.logCommitBytesMax,
      queueBytesMax: limits.logQueueBytesMax,
      commit: (requests) => this.#commit(requests),
    });
  }

  async append(records: readonly NewRecord[]): Promise<Position[]> {
    this.#assertOpen();
    assertFits(records);
    if (records.length === 0) return [];
    const offsets = await this.#commits.add({ kind: 'append', records: records.map(compactValue) });
    return offsets.map((offset) => ({ partition: 0, offset }));
  }

  async consume({ topic, group, onAssigned }: ConsumeOptions): Promise<Consumer> {
    this.#assertOpen();
    const key = `${topic} ${group}`;
    if (this.#openGroups.has(key)) throw new FloodgateError('conflict', `group ${group} already consumes ${topic}`);
    this.#openGroups.add(key);
    const progress = await this.#call('openGroup', { topic, group }).catch((thrown: unknown) => {
      this.#openGroups.delete(key);
      throw thrown;
    });
    const consumer = new SqliteConsumer({
      ...progress,
      topic,
      group,
      ends: this.#ends,
      stopped: this.#stopping.signal,
      read: (fromOffset, max) => this.#call('read', { topic, fromOffset, max }),
      settle: async (request) => {
        this.#assertOpen();
        assertFits(request.outputs);
        await this.#commits.add({ ...request, outputs: request.outputs.map(compactValue) });
      },
      lag: () => this.#call('lag', { topic, group }),
      onClose: () => {
        this.#openGroups.delete(key);
        this.#readers.delete(consumer);
      },
    });
    this.#readers.add(consumer);
    try {
      await onAssigned?.(0);
    } catch (error) {
      // Otherwise the group would stay taken by a consumer that nobody has.
      await consumer.close();
      throw error;
    }
    return consumer;
  }

  async tail(options: TailOptions): Promise<Tail> {
    this.#assertOpen();
    const tail = new SqliteTail({
      ...options,
      ends: this.#ends,
      stopped: this.#stopping.signal,
      read: (fromOffset, max) => this.#call('read', { topic: options.topic, fromOffset, max }),
      onFailure: (error) => this.fail(toFloodgateError(error)),
      onClose: () => this.#readers.delete(tail),
    });
    this.#readers.add(tail);
    return tail;
  }

  async read(topic: Topic, { offset }: Position, max: number): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    let from = offset;
    while (records.length < max) {
      const page = await this.#call('read', { topic, fromOffset: from, max: max - records.length });
      if (page.records.length === 0) break;
      records.push(...page.records);
      from = page.nextOffset;
    }
    return records;
  }

  async ends(topic: Topic): Promise<readonly PartitionEnd[]> {
    return [await this.#call('end', { topic })];
  }

  unwritable(): string | null {
    return this.#failure?.message ?? this.#unwritable;
  }

  async retain(nowMs: number): Promise<void> {
    await this.#call('retain', { nowMs });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    await this.#closeReaders();
    await this.#commits.idle();
    if (this.#failure === null) await this.#client.call('close', {});
    this.#failure = new FloodgateError('log_failed', 'the log is closed');
    await this.#client.terminate();
  }

  async abandon(): Promise<void> {
    this.#stopping.abort();
    this.#failure = new FloodgateError('log_failed', 'the log was abandoned');
    await this.#client.terminate();
    await this.#closeReaders();
    await this.#commits.idle();
  }

  /** Ends the log's service: everything that waits is woken or rejected, and nothing more is taken. */
  fail(error: FloodgateError): void {
    if (this.#failure !== null) return;
    this.#failure = new FloodgateError('log_failed', `the log has failed: ${error.message}`, { cause: error });
    this.#stopping.abort();
  }

  noteRoom(unwritable: string | null): void {
    this.#unwritable = unwritable;
  }

  async #commit(requests: readonly CommitRequest[]): Promise<readonly CommitResult[]> {
    if (this.#failure !== null) throw this.#failure;
    const { results, ends, unwritable } = await this.#client.call('commit', { requests });
    this.#unwritable = unwritable;
    this.#ends.advance(ends);
    return results;
  }

  #call<N extends CallName>(name: N, args: Calls[N]['args']): Promise<Calls[N]['answer']> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return this.#client.call(name, args);
  }

  #assertOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#stopping.signal.aborted) throw new FloodgateError('log_failed', 'the log is closing');
  }

  async #closeReaders(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }
}

function assertFits(records: readonly NewRecord[]): void {
  const large = records.find((record) => (record.value?.length ?? 0) > limits.recordBytesMax);
  if (large === undefined) return;
  const facts = `${large.value?.length} bytes, and ${limits.recordBytesMax} are allowed`;
  throw new FloodgateError('payload_too_large', `a record for ${large.topic} has ${facts}`);
}

/** Copying a view to the other thread copies all of its memory, and small Buffers are views of a large shared one. */
function compactValue(record: NewRecord): NewRecord {
  const { value } = record;
  if (value === null || value.byteLength === value.buffer.byteLength) return record;
  return { ...record, value: new Uint8Array(value) };
}
