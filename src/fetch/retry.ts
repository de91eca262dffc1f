/** Tries again what may pass by itself, with pauses that double, until the attempts or the time are used up. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { Deadline } from './deadline.ts';

/** A failure that may pass by itself. `error` is what is thrown when it does not. */
export class TemporaryFailure extends Error {
  override readonly name = 'TemporaryFailure';
  readonly error: FloodgateError;
  /** What the source asked for (Retry-After); 0 when it asked for nothing. */
  readonly pauseMs: number;

  constructor(error: FloodgateError, pauseMs = 0) {
    super(error.message, { cause: error });
    this.error = error;
    this.pauseMs = pauseMs;
  }
}

export interface RetryOptions {
  readonly deadline: Deadline;
  readonly attemptsMax: number;
  readonly onRetry: () => void;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or has failed `attemptsMax` times. A full spool does not count as
 * an attempt: it says nothing about the source, and room comes as uploads settle.
 */
export async function retryTemporary<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  let failures = 0;
  let pauseMs: number = limits.fetchRetryPauseMsFirst;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      options.deadline.signal.throwIfAborted();
      const failure = asTemporary(thrown);
      if (failure === null) throw thrown;
      if (failure.error.code !== 'overloaded') failures += 1;
      // Half of the pause is random, so that many uploads of one source do not come back together.
      const waitMs = Math.max(failure.pauseMs, pauseMs * (0.5 + Math.random() / 2));
      if (failures >= options.attemptsMax || waitMs >= options.deadline.remainingMs) throw failure.error;
      options.onRetry();
      await options.deadline.sleep(waitMs);
      pauseMs = Math.min(pauseMs * 2, limits.fetchRetryPauseMsMax);
    }
  }
}

function asTemporary(thrown: unknown): TemporaryFailure | null {
  if (thrown instanceof TemporaryFailure) return thrown;
  return thrown instanceof FloodgateError && thrown.code === 'overloaded' ? new TemporaryFailure(thrown) : null;
}
