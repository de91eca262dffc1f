/**
 * Settles what is done, in batches: while one atomic step of a partition is on its way, further results of it gather for
 * the next. A result never waits for a slower upload or another partition, and a burst costs few steps.
 *
 * A log that is full or failing is retried with backoff; the work is not lost, and nothing moves past it. When the
 * bound is reached the failure goes to `onFailure`, which stops the pipeline with nothing committed.
 */
import { limits } from '../config/limits.ts';
import { type FloodgateError, toFloodgateError } from '../errors.ts';
import type { Consumer, Settlement } from '../log/log.ts';

export interface SettlerParts {
  readonly consumer: Pick<Consumer, 'settle'>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onSettled: (records: number, seconds: number, partition: number) => void;
  readonly onRetry: (error: FloodgateError) => void;
  readonly nowMs: () => number;
}

/** What waits to be settled in one partition. */
interface Lane {
  waiting: { settlement: Settlement; done: () => void; failed: (error: FloodgateError) => void }[];
  running: boolean;
}

const retryPauseMs = { first: 50, max: 2_000 };

export class Settler {
  readonly #parts: SettlerParts;
  readonly #lanes = new Map<number, Lane>();
  #stopped = false;

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** Resolves when the settlement is durable; rejects when the log failed for good, or the record's partition is lost. */
  settle(settlement: Settlement): Promise<void> {
    const lane = this.#laneOf(settlement.record.partition);
    return new Promise((done, failed) => {
      lane.waiting.push({ settlement, done, failed });
      if (!lane.running) void this.#run(lane);
    });
  }

  /** Gives up retrying: what is waiting is rejected. Used by a hard stop. */
  stop(): void {
    this.#stopped = true;
  }

  #laneOf(partition: number): Lane {
    const lane = this.#lanes.get(partition) ?? { waiting: [], running: false };
    this.#lanes.set(partition, lane);
    return lane;
  }

  async #run(lane: Lane): Promise<void> {
    lane.running = true;
    while (lane.waiting.length > 0) {
      const batch = nextBatch(lane);
      try {
        await this.#settleWithRetry(batch.map((each) => each.settlement));
        for (const each of batch) each.done();
      } catch (thrown) {
        for (const each of batch) each.failed(toFloodgateError(thrown));
      }
    }
    lane.running = false;
  }

  async #settleWithRetry(batch: readonly Settlement[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const startedMs = this.#parts.nowMs();
      try {
        await this.#parts.consumer.settle(batch);
        const partition = batch[0]?.record.partition ?? 0;
        this.#parts.onSettled(batch.length, (this.#parts.nowMs() - startedMs) / 1000, partition);
        return;
      } catch (thrown) {
        const error = toFloodgateError(thrown);
        // A full log is waited for without end: an operator makes room, and readiness is off meanwhile.
        const lastAttempt = error.code !== 'log_full' && attempt >= limits.settleAttemptsMax;
        if (this.#stopped || lastAttempt || !['log_full', 'log_failed'].includes(error.code)) throw error;
        this.#parts.onRetry(error);
        await this.#parts.sleep(Math.min(retryPauseMs.first * 2 ** (attempt - 1), retryPauseMs.max));
      }
    }
  }
}

/** What is settled together must be of one time of the partition here: what was lost fails alone. */
function nextBatch(lane: Lane): Lane['waiting'] {
  const lost = lane.waiting[0]?.settlement.record.lost;
  const other = lane.waiting.findIndex(({ settlement }) => settlement.record.lost !== lost);
  const count = Math.min(other < 0 ? lane.waiting.length : other, limits.settleBatchMax);
  return lane.waiting.splice(0, count);
}
