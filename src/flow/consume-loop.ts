/**
 * Pulls records from the log and works on them concurrently, in order per key, never more than a bound at once.
 * A slow upload holds back its own key only.
 */
import { FloodgateError } from '../errors.ts';
import type { Consumer, LogRecord } from '../log/log.ts';
import { KeyOrderedExecutor } from './key-ordered.ts';

export interface ConsumeLoopParts {
  readonly consumer: Pick<Consumer, 'poll'>;
  /** Ends when the record is settled. `abandoned` aborts when the drain's deadline has passed. */
  readonly handle: (record: LogRecord, abandoned: AbortSignal) => Promise<void>;
  readonly inflightMax: number;
  readonly onInflight: (uploads: number) => void;
}

export class ConsumeLoop {
  readonly #parts: ConsumeLoopParts;
  readonly #executor = new KeyOrderedExecutor();
  readonly #stopping = new AbortController();
  readonly #abandoning = new AbortController();
  #inflight = 0;
  #roomMade: () => void = () => {};
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: ConsumeLoopParts) {
    this.#parts = parts;
  }

  get inflight(): number {
    return this.#inflight;
  }

  /**
   * Runs until `drain`. Rejects with the first fault that `handle` or the log threw, after what was on its way has
   * ended: the record of the fault stays unsettled and comes again after a restart.
   */
  async run(): Promise<void> {
    try {
      while (!this.#stopping.signal.aborted) await this.#takeSome();
    } catch (error) {
      this.#fail(error);
    }
    await this.#executor.idle();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Takes no new records; what is on its way may end within `deadlineMs`, then it is abandoned, unsettled. */
  drain(deadlineMs: number): void {
    this.#stopping.abort();
    this.#roomMade();
    setTimeout(() => this.#abandoning.abort(), deadlineMs).unref();
  }

  async #takeSome(): Promise<void> {
    const room = this.#parts.inflightMax - this.#inflight;
    if (room <= 0) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
      return;
    }
    const records = await this.#parts.consumer.poll(room, this.#stopping.signal);
    // A poll waits for records. Without this, a log that has ended would be polled without a pause, for ever.
    if (records.length === 0 && !this.#stopping.signal.aborted) {
      throw new FloodgateError('log_failed', 'the log has ended while uploads were taken from it');
    }
    for (const record of records) {
      this.#count(+1);
      this.#executor.run(record.key, () => this.#handle(record));
    }
  }

  async #handle(record: LogRecord): Promise<void> {
    try {
      // After a fault nothing more begins: an upload must not overtake the earlier one of its key that comes again.
      if (this.#failure === undefined && !this.#abandoning.signal.aborted) {
        await this.#parts.handle(record, this.#abandoning.signal);
      }
    } catch (error) {
      if (!this.#abandoning.signal.aborted) this.#fail(error);
    } finally {
      this.#count(-1);
      this.#roomMade();
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stopping.abort();
    this.#roomMade();
  }

  #count(change: number): void {
    this.#inflight += change;
    this.#parts.onInflight(this.#inflight);
  }
}
