/**
 * Pulls records from the log and works on them concurrently, in order per key, never more than a bound at once.
 * A slow upload holds back its own key only. A record whose partition went to another process is dropped on the way:
 * that process has it now.
 */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { ConsumedRecord, Consumer } from '../log/log.ts';
import { KeyOrderedExecutor } from './key-ordered.ts';

/** What is to be done for one record. */
export interface Task {
  /** Tasks that share a key run one after the other, in the order of their records. */
  readonly keys: readonly string[];
  /**
   * Ends when the record is settled. `abandoned` aborts when the drain's deadline has passed, or the record is lost.
   * `worked` is called once only the settlement is still to come: it takes time and no work, and others may begin.
   */
  run(abandoned: AbortSignal, worked: () => void): Promise<void>;
}

export interface ConsumeLoopParts {
  readonly consumer: Pick<Consumer, 'poll'>;
  readonly taskOf: (record: ConsumedRecord) => Task;
  /** Uploads worked on at once; limits.unsettledUploadsMax bounds those that wait for their settlement as well. */
  readonly inflightMax: number;
  readonly onInflight: (uploads: number) => void;
}

export class ConsumeLoop {
  readonly #parts: ConsumeLoopParts;
  readonly #executor = new KeyOrderedExecutor();
  readonly #stopping = new AbortController();
  readonly #abandoning = new AbortController();
  /** Of each partition's time here: aborts when it is over, or when everything is abandoned. */
  readonly #abandoned = new WeakMap<AbortSignal, AbortSignal>();
  #inflight = 0;
  #unsettled = 0;
  #roomMade: () => void = () => {};
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: ConsumeLoopParts) {
    this.#parts = parts;
  }

  get inflight(): number {
    return this.#inflight;
  }

  /**
   * Runs until `drain`. Rejects with the first fault that a task or the log threw, after what was on its way has
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
    const room = Math.min(this.#parts.inflightMax - this.#inflight, limits.unsettledUploadsMax - this.#unsettled);
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
      this.#unsettled += 1;
      const task = this.#parts.taskOf(record);
      this.#executor.run(task.keys, () => this.#run(task, this.#abandonedOf(record.lost)));
    }
  }

  async #run(task: Task, abandoned: AbortSignal): Promise<void> {
    let working = true;
    const worked = () => {
      if (!working) return;
      working = false;
      this.#count(-1);
      this.#roomMade();
    };
    try {
      // After a fault nothing more begins: an upload must not overtake the earlier one of its key that comes again.
      if (this.#failure === undefined && !abandoned.aborted) await task.run(abandoned, worked);
    } catch (error) {
      if (!abandoned.aborted) this.#fail(error);
    } finally {
      worked();
      this.#unsettled -= 1;
      this.#roomMade();
    }
  }

  /** One signal for all records of a partition's time here: `AbortSignal.any` for each record would pile up. */
  #abandonedOf(lost: AbortSignal): AbortSignal {
    const known = this.#abandoned.get(lost);
    if (known !== undefined) return known;
    const abandoned = AbortSignal.any([lost, this.#abandoning.signal]);
    this.#abandoned.set(lost, abandoned);
    return abandoned;
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
