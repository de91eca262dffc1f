/**
 * A partition for as long as this process has it: what is settled of it, what waits to be handed out, what is being
 * worked on, and how its results are published. `lost` ends it; when the partition returns, a new one begins.
 */
import { setMaxListeners } from 'node:events';
import { limits } from '../../config/limits.ts';
import { FloodgateError } from '../../errors.ts';
import type { ConsumedRecord, LogRecord, PartitionLag, Settlement } from '../log.ts';
import type { Fetched } from './fetcher.ts';
import { toRecord } from './records.ts';
import type { SettledOffsets } from './settled-offsets.ts';

/** Publishes outputs and progress. Throws partition_lost or log_failed, with nothing of the batch having been settled. */
export interface Publisher {
  /** Takes over the partition: from here on nobody else settles anything of it. Gives what is settled. */
  takeOver(): Promise<SettledOffsets>;
  publish(batch: readonly Settlement[], before: SettledOffsets, after: SettledOffsets): Promise<void>;
  close(): Promise<void>;
}

/**
 * Settled offsets above the committed one make no more runs than there are unsettled ones among them; the two lengths of
 * a run take 8 bytes at most, and base64 makes four of three. With no more at work they always fit the metadata.
 */
const workingMax = Math.floor((limits.kafkaOffsetMetadataBytesMax * 3) / 4 / 8) - 2;

export class OwnedPartition {
  readonly partition: number;
  readonly publisher: Publisher;
  readonly #lost = new AbortController();
  #settled: SettledOffsets | null = null;
  #buffer: LogRecord[] = [];
  #bufferBytes = 0;
  /** Handed out and not settled, with the time each was appended. */
  readonly #working = new Map<number, number>();
  #fetchedUntil = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** `publisherOf` is given the signal that aborts when the partition is lost. */
  constructor(partition: number, publisherOf: (lost: AbortSignal) => Publisher) {
    // Everything that is under way for the partition listens; Node takes more than ten for a leak.
    setMaxListeners(0, this.#lost.signal);
    this.partition = partition;
    this.publisher = publisherOf(this.#lost.signal);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Records are handed out from now on, after those that are settled already. Gives where to begin reading. */
  begin(settled: SettledOffsets, startOffset: number): number {
    if (settled.committed < startOffset) settled.addRun(settled.committed, startOffset);
    this.#settled = settled;
    this.#fetchedUntil = settled.committed;
    return settled.committed;
  }

  get hasBegun(): boolean {
    return this.#settled !== null;
  }

  /** True while no more should be read. */
  get isFull(): boolean {
    const { kafkaBufferRecordsMax, kafkaBufferBytesMax } = limits;
    return this.#buffer.length >= kafkaBufferRecordsMax || this.#bufferBytes >= kafkaBufferBytesMax;
  }

  get hasRoom(): boolean {
    const { kafkaBufferRecordsMax, kafkaBufferBytesMax } = limits;
    return this.#buffer.length <= kafkaBufferRecordsMax / 2 && this.#bufferBytes <= kafkaBufferBytesMax / 2;
  }

  take({ records, nextOffset }: Fetched, topic: LogRecord['topic']): void {
    const settled = this.#settled;
    if (settled === null) return;
    for (const wire of records) {
      const record = toRecord(topic, this.partition, wire);
      if (record.offset > this.#fetchedUntil) settled.addRun(this.#fetchedUntil, record.offset);
      this.#fetchedUntil = record.offset + 1;
      if (settled.has(record.offset)) continue;
      this.#buffer.push(record);
      this.#bufferBytes += record.value?.length ?? 0;
    }
    if (nextOffset > this.#fetchedUntil) settled.addRun(this.#fetchedUntil, nextOffset);
    this.#fetchedUntil = nextOffset;
  }

  /** The next records, at most `max`; fewer where the progress of more could not be written down. */
  handOut(max: number): ConsumedRecord[] {
    const out = this.#buffer.splice(0, Math.max(0, Math.min(max, workingMax - this.#working.size)));
    for (const { offset, timestampMs, value } of out) {
      this.#working.set(offset, timestampMs);
      this.#bufferBytes -= value?.length ?? 0;
    }
    return out.map((record) => ({ ...record, lost: this.#lost.signal }));
  }

  /** Batches take turns: each builds upon the progress of the one before. */
  settle(batch: readonly Settlement[]): Promise<void> {
    const settled = this.#turn.then(() => this.#settle(batch));
    this.#turn = settled.catch(() => undefined);
    return settled;
  }

  /** `endOffset` is the offset that the next record of the partition will get. */
  lag(endOffset: number, nowMs: number): PartitionLag {
    const committed = this.#settled?.committed ?? endOffset;
    const records = Math.max(0, endOffset - committed);
    const oldestMs = this.#working.get(committed) ?? this.#buffer[0]?.timestampMs;
    const seconds = records === 0 || oldestMs === undefined ? 0 : Math.max(0, (nowMs - oldestMs) / 1000);
    return { partition: this.partition, records, seconds };
  }

  /** What is under way is void; whoever has the partition next does it again. */
  lose(): void {
    this.#lost.abort();
    this.#buffer = [];
    this.#bufferBytes = 0;
    this.#working.clear();
  }

  async #settle(batch: readonly Settlement[]): Promise<void> {
    const offsets = batch.map(({ record }) => record.offset);
    const before = this.#settled;
    const lost = () => new FloodgateError('partition_lost', `partition ${this.partition} went to another process`);
    if (this.#lost.signal.aborted || before === null) throw lost();
    const refused = offsets.find((offset, place) => !this.#working.has(offset) || offsets.indexOf(offset) !== place);
    if (refused !== undefined) {
      const fate = before.has(refused) ? 'was settled before' : 'was not handed out, or is twice in the batch';
      throw new FloodgateError('internal', `cannot settle: offset ${refused} of partition ${this.partition} ${fate}`);
    }
    await this.publisher.publish(batch, before, before.with(offsets));
    for (const offset of offsets) {
      // Not `after`: records may have been read meanwhile, and gaps between them skipped.
      before.add(offset);
      this.#working.delete(offset);
    }
  }
}
