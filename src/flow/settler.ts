/**
 * Settles what is done, in batches: while one atomic step is on its way, further results gather for the next. A result
 * never waits for a slower upload, and a burst costs few steps.
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
  readonly onSettled: (records: number, seconds: number) => void;
  readonly onRetry: (error: FloodgateError) => void;
  readonly nowMs: () => number;
}

const retryPauseMs = { first: 50, max: 2_000 };

export class Settler {
  readonly #parts: SettlerParts;
  #waiting: { settlement: Settlement; done: () => void; failed: (error: FloodgateError) => void }[] = [];
  #running = false;
  #stopped = false;

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** Resolves when the settlement is durable; rejects when the log failed for good. */
  settle(settlement: Settlement): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ settlement, done, failed });
      if (!this.#running) void this.#run();
    });
  }

  /** Gives up retrying: what is waiting is rejected. Used by a hard stop. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, limits.settleBatchMax);
      try {
        await this.#settleWithRetry(batch.map((each) => each.settlement));
        for (const each of batch) each.done();
      } catch (thrown) {
        for (const each of batch) each.failed(toFloodgateError(thrown));
      }
    }
    this.#running = false;
  }

  async #settleWithRetry(batch: readonly Settlement[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const startedMs = this.#parts.nowMs();
      try {
        await this.#parts.consumer.settle(batch);
        this.#parts.onSettled(batch.length, (this.#parts.nowMs() - startedMs) / 1000);
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
