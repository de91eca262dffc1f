/**
 * A log in memory, for unit and property tests: the obvious way to do what the adapters do with databases and brokers.
 * What would be on disk lives in `MemoryDisk`; a log opened on the same disk again has what was settled, and no more.
 */
import { FloodgateError } from '../../src/errors.ts';
import type {
  Consumer,
  Lag,
  Log,
  LogRecord,
  NewRecord,
  Position,
  Settlement,
  Tail,
  TailOptions,
  Topic,
  TopicEnd,
} from '../../src/log/log.ts';
import { topics } from '../../src/log/log.ts';

let disks = 0;

export class MemoryDisk {
  readonly id = `memory-${++disks}`;
  readonly records = new Map<Topic, LogRecord[]>(topics.map((topic) => [topic, []]));
  readonly ends = new Map<Topic, number>(topics.map((topic) => [topic, 0]));
  readonly settled = new Map<string, Set<number>>();
  /** Set it to refuse appends and settlements as a full disk does. */
  full: string | null = null;

  of(topic: Topic): LogRecord[] {
    return this.records.get(topic) ?? [];
  }

  endOf(topic: Topic): number {
    return this.ends.get(topic) ?? 0;
  }

  write(records: readonly NewRecord[], timestampMs: number): Position[] {
    if (this.full !== null) throw new FloodgateError('log_full', this.full);
    return records.map((record) => {
      const offset = this.endOf(record.topic);
      this.ends.set(record.topic, offset + 1);
      const value = record.value === null ? null : new Uint8Array(record.value);
      this.of(record.topic).push({ ...record, value, partition: 0, offset, timestampMs });
      return { partition: 0, offset };
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

  async consume(topic: Topic, group: string): Promise<Consumer> {
    await this.#turn();
    const key = `${topic} ${group}`;
    const settled = this.disk.settled.get(key) ?? new Set<number>();
    this.disk.settled.set(key, settled);
    return new MemoryConsumer(this, topic, settled);
  }

  async tail(options: TailOptions): Promise<Tail> {
    await this.#turn();
    return new MemoryTail(this, options);
  }

  async read(topic: Topic, fromOffset: number, max: number): Promise<LogRecord[]> {
    await this.#turn();
    return this.recordsFrom(topic, fromOffset).slice(0, max);
  }

  async end(topic: Topic): Promise<TopicEnd> {
    await this.#turn();
    const endOffset = this.disk.endOf(topic);
    return { startOffset: this.disk.of(topic)[0]?.offset ?? endOffset, endOffset };
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

  recordsFrom(topic: Topic, fromOffset: number): LogRecord[] {
    const records = this.disk.of(topic);
    const first = records.findIndex((record) => record.offset >= fromOffset);
    return first < 0 ? [] : records.slice(first);
  }

  async settle(outputs: readonly NewRecord[], offsets: readonly number[], settled: Set<number>): Promise<void> {
    await this.#turn();
    const twice = offsets.find((offset, place) => settled.has(offset) || offsets.indexOf(offset) !== place);
    if (twice !== undefined) throw new FloodgateError('internal', `offset ${twice} was settled before`);
    this.disk.write(outputs, this.#nowMs());
    for (const offset of offsets) settled.add(offset);
    this.#wake();
  }

  lagOf(topic: Topic, settled: ReadonlySet<number>): Lag {
    const oldest = this.disk.of(topic).find((record) => !settled.has(record.offset));
    if (oldest === undefined) return { records: 0, seconds: 0 };
    const seconds = Math.max(0, (this.#nowMs() - oldest.timestampMs) / 1000);
    return { records: this.disk.endOf(topic) - oldest.offset, seconds };
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
  readonly #settled: Set<number>;
  readonly #closing = new AbortController();
  #cursor = 0;

  constructor(log: MemoryLog, topic: Topic, settled: Set<number>) {
    this.#log = log;
    this.#topic = topic;
    this.#settled = settled;
    let offset = 0;
    while (settled.has(offset)) offset += 1;
    this.resumesFrom = [{ partition: 0, offset }];
  }

  async poll(max: number, signal: AbortSignal): Promise<LogRecord[]> {
    const any = AbortSignal.any([signal, this.#closing.signal]);
    while (!any.aborted && !this.#log.closed) {
      const unsettled = this.#log
        .recordsFrom(this.#topic, this.#cursor)
        .filter((record) => !this.#settled.has(record.offset))
        .slice(0, max);
      const last = unsettled.at(-1);
      if (last !== undefined) {
        this.#cursor = last.offset + 1;
        return unsettled;
      }
      await this.#log.changed(any);
    }
    return [];
  }

  async settle(batch: readonly Settlement[]): Promise<void> {
    if (this.#closing.signal.aborted) throw new FloodgateError('log_failed', 'the consumer is closed');
    const offsets = batch.map(({ position }) => position.offset);
    const foreign = offsets.find((offset) => offset >= this.#cursor);
    if (foreign !== undefined) throw new FloodgateError('internal', `offset ${foreign} was not handed out`);
    const outputs = batch.flatMap((settlement) => settlement.outputs);
    await this.#log.settle(outputs, offsets, this.#settled);
  }

  async lag(): Promise<Lag> {
    return this.#log.lagOf(this.#topic, this.#settled);
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}

class MemoryTail implements Tail {
  readonly #log: MemoryLog;
  readonly #options: TailOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly #moved = new Set<() => void>();
  #position: number;
  #failed: unknown = null;

  constructor(log: MemoryLog, options: TailOptions) {
    this.#log = log;
    this.#options = options;
    this.#position = options.fromOffset;
    this.#running = this.#run();
  }

  async caughtUp(): Promise<void> {
    const endOffset = this.#log.disk.endOf(this.#options.topic);
    while (this.#position < endOffset) {
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
      if (this.#position < this.#log.disk.endOf(this.#options.topic)) continue;
      await this.#log.changed(this.#closing.signal);
    }
    this.#tellMoved();
  }

  #handOver(): void {
    try {
      const endOffset = this.#log.disk.endOf(this.#options.topic);
      for (const record of this.#log.recordsFrom(this.#options.topic, this.#position)) this.#options.onRecord(record);
      this.#position = Math.max(this.#position, endOffset);
    } catch (thrown) {
      this.#failed = thrown;
      void this.#log.close();
    }
  }

  #tellMoved(): void {
    for (const resolve of this.#moved) resolve();
    this.#moved.clear();
  }
}
