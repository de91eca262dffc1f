/**
 * A log in memory, for unit and property tests: the obvious way to do what the adapters do with databases and brokers.
 * What would be on disk lives in `MemoryDisk`; a log opened on the same disk again has what was settled, and no more.
 * Its topics have as many partitions as it is told to, and one consumer of a group has all of them.
 */
import { FloodgateError } from '../../src/errors.ts';
import type {
  ConsumedRecord,
  ConsumeOptions,
  Consumer,
  Log,
  LogRecord,
  NewRecord,
  PartitionEnd,
  PartitionLag,
  Position,
  Settlement,
  Tail,
  TailOptions,
  Topic,
} from '../../src/log/log.ts';
import { topics } from '../../src/log/log.ts';

let disks = 0;

/** Where a record stands, as a key of sets and maps. */
const placeOf = ({ partition, offset }: Position) => `${partition}/${offset}`;

export class MemoryDisk {
  readonly id = `memory-${++disks}`;
  readonly partitions: readonly number[];
  /** Of all partitions, in the order of writing. */
  readonly records = new Map<Topic, LogRecord[]>(topics.map((topic) => [topic, []]));
  /** Offset that the next record of each partition gets. */
  readonly ends = new Map<Topic, number[]>(topics.map((topic) => [topic, []]));
  /** By topic and group: the places that were settled. */
  readonly settled = new Map<string, Set<string>>();
  /** Set it to refuse appends and settlements as a full disk does. */
  full: string | null = null;

  constructor(partitionsMax = 1) {
    this.partitions = Array.from({ length: partitionsMax }, (_, partition) => partition);
  }

  of(topic: Topic): LogRecord[] {
    return this.records.get(topic) ?? [];
  }

  /** The records of one partition from a position on. */
  from(topic: Topic, { partition, offset }: Position): LogRecord[] {
    return this.of(topic).filter((record) => record.partition === partition && record.offset >= offset);
  }

  endOf(topic: Topic, partition: number): number {
    return this.ends.get(topic)?.[partition] ?? 0;
  }

  /** By the last character of the key, so that a test can choose: of two partitions, `a0` is in 0 and `a1` in 1. */
  partitionOf(key: string): number {
    return (key.charCodeAt(key.length - 1) || 0) % this.partitions.length;
  }

  write(records: readonly NewRecord[], timestampMs: number): Position[] {
    if (this.full !== null) throw new FloodgateError('log_full', this.full);
    return records.map((record) => {
      const partition = this.partitionOf(record.key);
      const offset = this.endOf(record.topic, partition);
      const ends = this.ends.get(record.topic) ?? [];
      ends[partition] = offset + 1;
      const value = record.value === null ? null : new Uint8Array(record.value);
      this.of(record.topic).push({ ...record, value, partition, offset, timestampMs });
      return { partition, offset };
    });
  }

  /** Keeps the newest record of each key of the bank. */
  compact(): void {
    const newest = new Map(this.of('bank').map((record) => [record.key, record.offset]));
    const kept = this.of('bank').filter((record) => newest.get(record.key) === record.offset);
    this.records.set('bank', kept);
  }
}

export class MemoryLog implements Log {
  readonly id: string;
  readonly disk: MemoryDisk;
  readonly #nowMs: () => number;
  readonly #changed = new Set<() => void>();
  #closed = false;

  constructor(disk: MemoryDisk = new MemoryDisk(), nowMs: () => number = Date.now) {
    this.id = disk.id;
    this.disk = disk;
    this.#nowMs = nowMs;
  }

  async append(records: readonly NewRecord[]): Promise<Position[]> {
    await this.#turn();
    const positions = this.disk.write(records, this.#nowMs());
    this.#wake();
    return positions;
  }

  async consume({ topic, group, onAssigned }: ConsumeOptions): Promise<Consumer> {
    await this.#turn();
    const key = `${topic} ${group}`;
    const settled = this.disk.settled.get(key) ?? new Set<string>();
    this.disk.settled.set(key, settled);
    for (const partition of this.disk.partitions) await onAssigned?.(partition);
    return new MemoryConsumer(this, topic, settled);
  }

  async tail(options: TailOptions): Promise<Tail> {
    await this.#turn();
    return new MemoryTail(this, options);
  }

  async read(topic: Topic, from: Position, max: number): Promise<LogRecord[]> {
    await this.#turn();
    return this.disk.from(topic, from).slice(0, max);
  }

  async ends(topic: Topic): Promise<PartitionEnd[]> {
    await this.#turn();
    return this.disk.partitions.map((partition) => {
      const endOffset = this.disk.endOf(topic, partition);
      const startOffset = this.disk.from(topic, { partition, offset: 0 })[0]?.offset ?? endOffset;
      return { partition, startOffset, endOffset };
    });
  }

  unwritable(): string | null {
    return this.#closed ? 'the log is closed' : this.disk.full;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
  }

  get closed(): boolean {
    return this.#closed;
  }

  async settle(outputs: readonly NewRecord[], places: readonly string[], settled: Set<string>): Promise<void> {
    await this.#turn();
    const twice = places.find((place, index) => settled.has(place) || places.indexOf(place) !== index);
    if (twice !== undefined) throw new FloodgateError('internal', `${twice} was settled before`);
    this.disk.write(outputs, this.#nowMs());
    for (const place of places) settled.add(place);
    this.#wake();
  }

  lagOf(topic: Topic, partition: number, settled: ReadonlySet<string>): PartitionLag {
    const all = this.disk.from(topic, { partition, offset: 0 });
    const oldest = all.find((record) => !settled.has(placeOf(record)));
    if (oldest === undefined) return { partition, records: 0, seconds: 0 };
    const seconds = Math.max(0, (this.#nowMs() - oldest.timestampMs) / 1000);
    return { partition, records: this.disk.endOf(topic, partition) - oldest.offset, seconds };
  }

  /** Resolves at the next change of any topic, or when the log closes or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#changed.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#changed.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
    });
  }

  #wake(): void {
    for (const wake of [...this.#changed]) wake();
  }

  /** Nothing is done within the call itself, as with a real log. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#closed) throw new FloodgateError('log_failed', 'the log is closed');
  }
}

class MemoryConsumer implements Consumer {
  readonly resumesFrom: readonly Position[];
  readonly #log: MemoryLog;
  readonly #topic: Topic;
  readonly #settled: Set<string>;
  readonly #closing = new AbortController();
  readonly #handedOut = new Set<string>();

  constructor(log: MemoryLog, topic: Topic, settled: Set<string>) {
    this.#log = log;
    this.#topic = topic;
    this.#settled = settled;
    this.resumesFrom = log.disk.partitions.map((partition) => {
      let offset = 0;
      while (settled.has(placeOf({ partition, offset }))) offset += 1;
      return { partition, offset };
    });
  }

  async poll(max: number, signal: AbortSignal): Promise<ConsumedRecord[]> {
    const any = AbortSignal.any([signal, this.#closing.signal]);
    while (!any.aborted && !this.#log.closed) {
      const fresh = this.#fresh().slice(0, max);
      for (const record of fresh) this.#handedOut.add(placeOf(record));
      if (fresh.length > 0) return fresh.map((record) => ({ ...record, lost: this.#closing.signal }));
      await this.#log.changed(any);
    }
    return [];
  }

  async settle(batch: readonly Settlement[]): Promise<void> {
    if (this.#closing.signal.aborted) throw new FloodgateError('log_failed', 'the consumer is closed');
    const places = batch.map(({ record }) => placeOf(record));
    const foreign = places.find((place) => !this.#handedOut.has(place));
    if (foreign !== undefined) throw new FloodgateError('internal', `${foreign} was not handed out`);
    if (new Set(batch.map(({ record }) => record.partition)).size > 1) {
      throw new FloodgateError('internal', 'a batch is of one partition');
    }
    const outputs = batch.flatMap((settlement) => settlement.outputs);
    await this.#log.settle(outputs, places, this.#settled);
  }

  async lag(): Promise<PartitionLag[]> {
    return this.#log.disk.partitions.map((partition) => this.#log.lagOf(this.#topic, partition, this.#settled));
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #fresh(): LogRecord[] {
    const records = this.#log.disk.of(this.#topic);
    return records.filter((record) => {
      const place = placeOf(record);
      return !this.#settled.has(place) && !this.#handedOut.has(place);
    });
  }
}

class MemoryTail implements Tail {
  readonly #log: MemoryLog;
  readonly #options: TailOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly #moved = new Set<() => void>();
  /** Where to read on in each partition. */
  readonly #positions: number[];
  #failed: unknown = null;

  constructor(log: MemoryLog, options: TailOptions) {
    this.#log = log;
    this.#options = options;
    const from = new Map(options.from.map(({ partition, offset }) => [partition, offset]));
    this.#positions = log.disk.partitions.map((partition) => from.get(partition) ?? 0);
    this.#running = this.#run();
  }

  async caughtUp(partition?: number): Promise<void> {
    const partitions = partition === undefined ? this.#log.disk.partitions : [partition];
    const ends = partitions.map((each) => ({ partition: each, offset: this.#endOf(each) }));
    while (ends.some((end) => (this.#positions[end.partition] ?? 0) < end.offset)) {
      if (this.#failed !== null || this.#closing.signal.aborted || this.#log.closed) {
        throw new FloodgateError('log_failed', 'the tail has stopped');
      }
      await new Promise<void>((resolve) => this.#moved.add(resolve));
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted && !this.#log.closed && this.#failed === null) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#handOver();
      this.#tellMoved();
      if (this.#log.disk.partitions.some((each) => (this.#positions[each] ?? 0) < this.#endOf(each))) continue;
      await this.#log.changed(this.#closing.signal);
    }
    this.#tellMoved();
  }

  #handOver(): void {
    try {
      for (const partition of this.#log.disk.partitions) {
        const [offset, endOffset] = [this.#positions[partition] ?? 0, this.#endOf(partition)];
        for (const record of this.#log.disk.from(this.#options.topic, { partition, offset }))
          this.#options.onRecord(record);
        this.#positions[partition] = Math.max(offset, endOffset);
      }
    } catch (thrown) {
      this.#failed = thrown;
      void this.#log.close();
    }
  }

  #endOf(partition: number): number {
    return this.#log.disk.endOf(this.#options.topic, partition);
  }

  #tellMoved(): void {
    for (const resolve of this.#moved) resolve();
    this.#moved.clear();
  }
}
