/**
 * The port to the log: what the pipeline needs of one, and no more.
 *
 * Kafka is the log where there is one; on a single machine `sqlite-log.ts` stands in. Both pass the same conformance
 * suite (test/support/log-conformance.ts). Fencing, seeking and transactions stay inside the adapter.
 */

export const topics = ['uploads', 'decisions', 'stream-decisions', 'fingerprints', 'bank', 'dead-letters'] as const;
/** A topic's short name. An adapter maps it to its full name, `<prefix>.<topic>.v1`. */
export type Topic = (typeof topics)[number];

/**
 * Topics with as many partitions as the uploads, whose records go to the partition of the upload that they came from,
 * whatever their key: whoever has a partition of the uploads then finds all that came of it in one partition of each.
 */
export const companionTopics: readonly Topic[] = ['decisions', 'stream-decisions', 'fingerprints'];

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

/** A record that was handed out to be worked on. */
export interface ConsumedRecord extends LogRecord {
  /**
   * Aborts when the record is no longer this consumer's to settle: its partition went to another member of the group,
   * or the consumer was closed. Whoever has the partition now gets the record again.
   */
  readonly lost: AbortSignal;
}

/** A consumed record that is done: its outputs and its progress become durable in one atomic step. */
export interface Settlement {
  readonly record: ConsumedRecord;
  readonly outputs: readonly NewRecord[];
}

/** How far the group is behind in one partition that this consumer has. */
export interface PartitionLag {
  readonly partition: number;
  /** Records between the end of the partition and the lowest unsettled position. */
  readonly records: number;
  /** Age of the oldest unsettled record in seconds, 0 when there is none. */
  readonly seconds: number;
}

export interface ConsumeOptions {
  readonly topic: Topic;
  readonly group: string;
  /**
   * Called for each partition that comes to this consumer, before its first record is handed out: by then nobody else
   * can settle anything of it any more. What must be known of earlier outputs can be caught up with here.
   */
  readonly onAssigned?: (partition: number) => Promise<void>;
}

/**
 * Reads a topic as a group: each record is settled once, in any order, across restarts. The partitions of the topic are
 * shared out among the members of the group, and may move.
 */
export interface Consumer {
  /** One for each partition of the topic: everything below it was settled when the group was joined. */
  readonly resumesFrom: readonly Position[];
  /**
   * The next records, in order of position within each partition, at most `max`. Waits until there is one or `signal`
   * aborts (then empty). Records that were handed out and not settled are handed out again only after a restart, or to
   * whoever gets their partition.
   */
  poll(max: number, signal: AbortSignal): Promise<ConsumedRecord[]>;
  /**
   * Publishes all outputs and marks all records settled, in one atomic step: after a crash either everything of the
   * batch is there or nothing. Outputs appear in the order given. Resolves when durable. All records of a batch are of
   * one partition and need not be contiguous; one that was settled before is a fault and throws, with nothing written.
   * Throws partition_lost, with nothing written, when the partition is no longer this consumer's; its records' `lost`
   * has aborted by then.
   */
  settle(batch: readonly Settlement[]): Promise<void>;
  /** Of the partitions that this consumer has; empty when it has none. */
  lag(): Promise<readonly PartitionLag[]>;
  close(): Promise<void>;
}

export interface Tail {
  /**
   * Resolves once every record appended before this call has been handed to `onRecord`: of all partitions, or of the
   * one named.
   */
  caughtUp(partition?: number): Promise<void>;
  close(): Promise<void>;
}

export interface TailOptions {
  readonly topic: Topic;
  /** Where to begin, by partition; one that is left out is read from the oldest record kept. */
  readonly from: readonly Position[];
  /** Called for each record in order of its partition, never concurrently. A throw stops the tail and fails the log. */
  readonly onRecord: (record: LogRecord) => void;
}

export interface PartitionEnd {
  readonly partition: number;
  /** Offset of the oldest record kept; equals `endOffset` when there is none. */
  readonly startOffset: number;
  /** Offset that the next record will get. */
  readonly endOffset: number;
}

export interface Log {
  /** Changes when the log is a different one, so that what was derived from the old one is thrown away. */
  readonly id: string;
  /**
   * Appends records in order, and those of one partition that fit one batch of the log atomically; resolves with their
   * positions when all are durable. A key's partition is always the same.
   * Throws log_full when there is no room (nothing is written), log_failed when the log cannot be written.
   */
  append(records: readonly NewRecord[]): Promise<Position[]>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  tail(options: TailOptions): Promise<Tail>;
  /** At most `max` records of one partition from a position on, in order. */
  read(topic: Topic, from: Position, max: number): Promise<LogRecord[]>;
  /** Every partition of the topic, in order. */
  ends(topic: Topic): Promise<readonly PartitionEnd[]>;
  /** Null when writable; otherwise why not, for /readyz. */
  unwritable(): string | null;
  close(): Promise<void>;
}
