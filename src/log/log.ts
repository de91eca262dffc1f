/**
 * The port to the log: what the pipeline needs of one, and no more.
 *
 * Kafka is the log where there is one; on a single machine `sqlite-log.ts` stands in. Both pass the same conformance
 * suite (test/support/log-conformance.ts). Fencing, seeking and transactions stay inside the adapter.
 */

export const topics = ['uploads', 'decisions', 'bank', 'dead-letters'] as const;
/** A topic's short name. An adapter maps it to its full name, `<prefix>.<topic>.v1`. */
export type Topic = (typeof topics)[number];

/** Where a record stands. Offsets count from 0 within a partition and stay below 2^53, so that numbers are exact. */
export interface Position {
  readonly partition: number;
  readonly offset: number;
}

export interface NewRecord {
  readonly topic: Topic;
  readonly key: string;
  /** UTF-8 JSON, or null for a tombstone on a compacted topic. */
  readonly value: Uint8Array | null;
  /** CloudEvents attributes as `ce_*`, and dead-letter facts as `x-dlq-*`. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface LogRecord extends NewRecord, Position {
  /** When the record was appended, milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** A consumed record that is done: its outputs and its progress become durable in one atomic step. */
export interface Settlement {
  readonly position: Position;
  readonly outputs: readonly NewRecord[];
}

export interface Lag {
  /** Records between the end of the topic and the lowest unsettled position. */
  readonly records: number;
  /** Age of the oldest unsettled record in seconds, 0 when there is none. */
  readonly seconds: number;
}

/** Reads a topic as a group: each record is settled exactly once, in any order, across restarts. */
export interface Consumer {
  /** One for each partition: everything below it was settled when the group was joined. */
  readonly resumesFrom: readonly Position[];
  /**
   * The next records in order of position, at most `max`. Waits until there is one or `signal` aborts (then empty).
   * Records that were handed out and not settled are handed out again only after a restart.
   */
  poll(max: number, signal: AbortSignal): Promise<LogRecord[]>;
  /**
   * Publishes all outputs and marks all positions settled, in one atomic step: after a crash either everything of the
   * batch is there or nothing. Outputs appear in the order given. Resolves when durable. Positions need not be
   * contiguous; one that was settled before is a fault and throws, with nothing written.
   */
  settle(batch: readonly Settlement[]): Promise<void>;
  lag(): Promise<Lag>;
  close(): Promise<void>;
}

export interface Tail {
  /** Resolves once every record appended before this call has been handed to `onRecord`. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

export interface TailOptions {
  readonly topic: Topic;
  /** First offset to read; 0 reads from the oldest record kept. */
  readonly fromOffset: number;
  /** Called for each record in order, never concurrently. A throw stops the tail and fails the log. */
  readonly onRecord: (record: LogRecord) => void;
}

export interface TopicEnd {
  /** Offset of the oldest record kept; equals `endOffset` when there is none. */
  readonly startOffset: number;
  /** Offset that the next record will get. */
  readonly endOffset: number;
}

export interface Log {
  /** Changes when the log is a different one, so that what was derived from the old one is thrown away. */
  readonly id: string;
  /**
   * Appends records atomically and in order; resolves with their positions when they are durable.
   * Throws log_full when there is no room (nothing is written), log_failed when the log cannot be written.
   */
  append(records: readonly NewRecord[]): Promise<Position[]>;
  consume(topic: Topic, group: string): Promise<Consumer>;
  tail(options: TailOptions): Promise<Tail>;
  /** At most `max` records from `fromOffset` on, in order. */
  read(topic: Topic, fromOffset: number, max: number): Promise<LogRecord[]>;
  end(topic: Topic): Promise<TopicEnd>;
  /** Null when writable; otherwise why not, for /readyz. */
  unwritable(): string | null;
  close(): Promise<void>;
}
