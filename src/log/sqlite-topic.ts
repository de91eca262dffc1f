/** Rows of one topic's table: written at the end, read in order, removed from the start. */
import type { LogRecord, NewRecord, Topic } from './log.ts';
import { type Connection, tableOf } from './sqlite-file.ts';

/** What a record costs besides its key, headers and value. */
const recordOverheadBytes = 24;

/** Bytes that a record counts for, in SQL. None of these lengths reads the value itself. */
export const sizeSql = `(octet_length(key) + octet_length(headers) + coalesce(octet_length(value), 0) + ${recordOverheadBytes})`;

export class TopicTable {
  readonly topic: Topic;
  readonly #insert;
  readonly #page;
  readonly #next;
  readonly #first;
  readonly #load;
  readonly #save;
  #nextOffset = 0;
  #bytes = 0;
  #changed = false;

  constructor(db: Connection, topic: Topic) {
    const table = tableOf[topic];
    this.topic = topic;
    this.#insert = db.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?, ?)`);
    this.#page = db.prepare(
      `SELECT "offset", timestamp_ms, key, headers, value FROM ${table} WHERE "offset" >= ? ORDER BY "offset" LIMIT ?`,
    );
    this.#page.raw();
    this.#next = db.prepare(`SELECT min("offset") FROM ${table} WHERE "offset" >= ?`).raw();
    this.#first = db.prepare(
      `SELECT "offset", timestamp_ms FROM ${table} WHERE "offset" >= ? ORDER BY "offset" LIMIT 1`,
    );
    this.#first.raw();
    this.#load = db.prepare('SELECT next_offset, bytes FROM topics WHERE topic = ?').raw();
    this.#save = db.prepare('UPDATE topics SET next_offset = ?, bytes = ? WHERE topic = ?');
    this.reload();
  }

  get endOffset(): number {
    return this.#nextOffset;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Goes back to what is stored: after a rollback. */
  reload(): void {
    const [nextOffset = 0, bytes = 0] = this.#load.get(this.topic) as number[];
    this.#nextOffset = nextOffset;
    this.#bytes = bytes;
    this.#changed = false;
  }

  /** Stores the end and the size; belongs into the transaction that changed them. */
  save(): void {
    if (this.#changed) this.#save.run(this.#nextOffset, this.#bytes, this.topic);
    this.#changed = false;
  }

  insert(record: NewRecord, timestampMs: number): number {
    const offset = this.#nextOffset;
    const key = Buffer.from(record.key);
    const headers = JSON.stringify(record.headers);
    this.#insert.run(offset, timestampMs, key, headers, record.value);
    this.#nextOffset = offset + 1;
    this.shrink(-(key.length + Buffer.byteLength(headers) + (record.value?.length ?? 0) + recordOverheadBytes));
    return offset;
  }

  /** Counts removed bytes. */
  shrink(bytes: number): void {
    this.#bytes -= bytes;
    this.#changed = true;
  }

  /** At most `max` records from `fromOffset` on, and no more than `bytesMax` of values unless the first alone is larger. */
  read(fromOffset: number, max: number, bytesMax: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const row of this.#page.iterate(fromOffset, max)) {
      const record = toRecord(this.topic, row as Row);
      bytes += record.value?.length ?? 0;
      if (records.length > 0 && bytes > bytesMax) break;
      records.push(record);
    }
    return records;
  }

  /** Offset of the first record at or above `offset`, or the end of the topic. */
  nextRecord(offset: number): number {
    const [next] = this.#next.get(offset) as (number | null)[];
    return next ?? this.#nextOffset;
  }

  timestampMsAt(offset: number): number | null {
    const row = this.#first.get(offset) as number[] | undefined;
    return row?.[1] ?? null;
  }
}

type Row = [offset: number, timestampMs: number, key: Buffer, headers: string, value: Buffer | null];

function toRecord(topic: Topic, [offset, timestampMs, key, headers, value]: Row): LogRecord {
  return {
    topic,
    partition: 0,
    offset,
    timestampMs,
    key: key.toString(),
    headers: JSON.parse(headers) as Record<string, string>,
    value,
  };
}
