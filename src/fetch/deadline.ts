/**
 * The time one fetch has, over all its attempts, joined with the caller's own signal.
 *
 * AbortSignal.any() with AbortSignal.timeout() would do the same, but on Node 20 it keeps an entry on a long-lived
 * signal for each fetch; this one lets go.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { FloodgateError } from '../errors.ts';

export class Deadline {
  readonly #controller = new AbortController();
  readonly #endsAtMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(timeoutMs: number, outer?: AbortSignal) {
    this.#endsAtMs = performance.now() + timeoutMs;
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.#controller.abort(new FloodgateError('timed_out', `the fetch took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAtMs - performance.now());
  }

  /** Rejects with the signal's reason when the time is up first. */
  async sleep(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.signal }).catch(() => this.signal.throwIfAborted());
  }

  /** To be called when the fetch is over, whichever way. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#abort);
  }
}
