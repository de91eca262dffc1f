/**
 * The fingerprinter: a pool of child processes in which everything that parses content runs.
 *
 * A job waits for an idle child (the upload that was begun first goes first), has its deadline and memory bound there, and is
 * tried once more in a fresh child when the first one crashed, ran out of memory or hung without a word. A child that was
 * heard from and then ran over its deadline was slow, not stuck: it would only be slow again, so that is not repeated.
 */
import { availableParallelism } from 'node:os';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';
import type { AttemptEnd } from './attempt.ts';
import type { Fingerprinter, FingerprintJob, FingerprintResult } from './fingerprinter.ts';
import { type ChildBounds, childBounds, PoolWorker } from './pool-worker.ts';
import { describeSandbox } from './sandbox.ts';
import { runSelfTest } from './self-test/self-test.ts';
import type { LinkedSpool } from './slot.ts';

export interface FingerprinterOptions {
  /** Child processes; by default as many as there are cores. */
  readonly processes?: number;
  /** Its files reach the children without being copied. */
  readonly spool?: LinkedSpool;
  readonly telemetry: Pick<Telemetry, 'warned' | 'childPool' | 'childRestarted'>;
  /** Other bounds than those of limits.ts, for tests. */
  readonly bounds?: Partial<ChildBounds>;
}

export interface PooledFingerprinter extends Fingerprinter {
  /** Decodes a shipped image and clip and compares their hashes. Throws self_test_failed. */
  selfTest(): Promise<void>;
  /** Process ids of the children, for tests and diagnosis. */
  readonly pids: readonly number[];
}

/** Starts the children at once; jobs wait until the first is up. */
export function createFingerprinter(options: FingerprinterOptions): PooledFingerprinter {
  return new ChildPool(options);
}

interface Waiting {
  readonly resolve: (worker: PoolWorker) => void;
  readonly reject: (error: unknown) => void;
  /** Only a child that has had no job yet will do. */
  readonly fresh: boolean;
  readonly beganMs: number;
}

class ChildPool implements PooledFingerprinter {
  readonly #telemetry: FingerprinterOptions['telemetry'];
  readonly #bounds: ChildBounds;
  readonly #spool: LinkedSpool | undefined;
  readonly #workers: readonly PoolWorker[];
  readonly #waiting: Waiting[] = [];
  #nextId = 1;
  #isClosed = false;
  #startFault: string | null = null;
  #videoMissing: string | null = null;

  constructor({ processes = availableParallelism(), spool, telemetry, bounds = {} }: FingerprinterOptions) {
    this.#telemetry = telemetry;
    this.#spool = spool;
    this.#bounds = { ...childBounds, ...bounds };
    const sandbox = describeSandbox();
    if (sandbox.missing.length > 0) telemetry.warned('the sandbox of the decoders is incomplete', { ...sandbox });
    const count = Math.max(1, Math.min(processes, limits.childrenMax));
    this.#workers = Array.from({ length: count }, () => this.#startWorker());
  }

  get pids(): readonly number[] {
    return this.#workers.map((worker) => worker.pid).filter((pid) => pid !== 0);
  }

  async fingerprint(job: FingerprintJob): Promise<FingerprintResult> {
    let last: AttemptEnd = await this.#attempt(job, false);
    for (let attempt = 2; attempt <= limits.jobAttemptsMax && deservesRetry(last); attempt++) {
      if (this.#isClosed) break;
      job.onRestart();
      last = await this.#attempt(job, true);
    }
    if (this.#isClosed && last.kind !== 'done') throw closedError();
    return resultOf(last, job, this.#bounds);
  }

  async selfTest(): Promise<void> {
    await runSelfTest(this, () => this.#videoMissing);
  }

  unready(): string | null {
    if (this.#isClosed) return 'the fingerprinter is closed';
    if (this.#workers.some(({ state }) => state === 'idle' || state === 'busy')) return null;
    return this.#startFault ?? 'the decoders are starting';
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError());
    for (const worker of this.#workers) worker.close();
    await Promise.all(this.#workers.map((worker) => worker.closed));
  }

  async #attempt(job: FingerprintJob, fresh: boolean): Promise<AttemptEnd> {
    const worker = await this.#acquire(fresh, job);
    const end = await worker.run(this.#nextId++, job);
    this.#dispatch();
    return end;
  }

  #acquire(fresh: boolean, { beganMs = performance.now(), signal }: FingerprintJob): Promise<PoolWorker> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError());
      if (signal?.aborted) return reject(signal.reason);
      const giveUp = () => this.#forget(waiting, signal?.reason);
      const waiting: Waiting = {
        fresh,
        // A retry has waited once already.
        beganMs: fresh ? Number.NEGATIVE_INFINITY : beganMs,
        reject,
        resolve(worker) {
          signal?.removeEventListener('abort', giveUp);
          resolve(worker);
        },
      };
      const before = this.#waiting.findLastIndex((other) => other.beganMs <= waiting.beganMs);
      this.#waiting.splice(before + 1, 0, waiting);
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#dispatch();
    });
  }

  #forget(waiting: Waiting, reason: unknown): void {
    const at = this.#waiting.indexOf(waiting);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    waiting.reject(reason);
  }

  /** Gives idle children to those who wait. `resolve` runs the job in a microtask, hence the claim here. */
  #dispatch(): void {
    for (const worker of this.#workers) {
      if (worker.state !== 'idle' || worker.isClaimed) continue;
      const at = this.#waiting.findIndex(({ fresh }) => !fresh || worker.jobs === 0);
      const [waiting] = at === -1 ? [] : this.#waiting.splice(at, 1);
      if (waiting === undefined) continue;
      worker.isClaimed = true;
      waiting.resolve(worker);
    }
    const busy = this.#workers.filter(({ state, isClaimed }) => state === 'busy' || isClaimed).length;
    this.#telemetry.childPool(this.#workers.length, busy, this.#waiting.length);
  }

  #startWorker(): PoolWorker {
    return new PoolWorker({ sandbox: describeSandbox(), spool: this.#spool }, this.#bounds, {
      onReady: (_worker, { videoMissing }) => {
        if (videoMissing !== null && this.#videoMissing === null) this.#telemetry.warned(videoMissing);
        this.#videoMissing = videoMissing;
        this.#startFault = null;
        this.#dispatch();
      },
      onRestart: (reason, detail) => this.#telemetry.childRestarted(reason, detail),
      onStartFailed: (detail) => this.#failWaiting(detail),
    });
  }

  #failWaiting(detail: string): void {
    this.#startFault = `the decoders do not start: ${detail}`;
    if (this.unready() === null) return;
    const error = new FloodgateError('internal', this.#startFault);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}

function deservesRetry(end: AttemptEnd): boolean {
  return end.kind === 'lost' && (end.why !== 'timeout' || end.silent);
}

function resultOf(end: AttemptEnd, job: FingerprintJob, bounds: ChildBounds): FingerprintResult {
  if (job.signal?.aborted) throw job.signal.reason;
  if (end.kind === 'done') return end.result;
  if (end.kind === 'broken') throw end.error;
  if (end.kind === 'dropped') return droppedResult(end.framesSampled);
  if (end.kind === 'lost') throw lostError(end, job, bounds);
  // An exception nobody foresaw in the child comes from the content as well, and must not look like a fault of ours.
  const code = end.code === 'internal' ? 'undecodable' : end.code;
  throw new FloodgateError(code, end.detail);
}

/** The evidence was enough, but the child did not come to an end by itself: all there is to say is in the frames. */
function droppedResult(framesSampled: number): FingerprintResult {
  const media = { kind: 'unknown' } as const;
  return { media, durationMs: 0, framesSampled, largestGapMs: 0, complete: false, degraded: ['decode_errors'] };
}

function lostError(end: Extract<AttemptEnd, { kind: 'lost' }>, job: FingerprintJob, bounds: ChildBounds) {
  const cause = new Error(end.detail);
  if (end.why === 'timeout') {
    return new FloodgateError('timed_out', `decoding took longer than ${job.timeoutMs} ms`, { cause });
  }
  if (end.why === 'memory') {
    const mebibytes = Math.round(bounds.memoryBytesMax / 2 ** 20);
    return new FloodgateError('too_large', `decoding needs more than ${mebibytes} MiB of memory`, { cause });
  }
  return new FloodgateError('undecodable', 'the decoder crashed twice', { cause });
}

function closedError(): FloodgateError {
  return new FloodgateError('internal', 'the fingerprinter is closed');
}
