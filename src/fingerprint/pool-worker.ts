/** One place in the pool: keeps a child in it, and starts the next when one is gone or worn. */
import { limits } from '../config/limits.ts';
import { Attempt, type AttemptEnd } from './attempt.ts';
import { ChildHandle, type ChildSetup } from './child-handle.ts';
import type { FingerprintJob } from './fingerprinter.ts';
import type { FromChild } from './protocol.ts';

export type RestartReason = 'crash' | 'timeout' | 'memory' | 'recycle' | 'start_failed';

export interface ChildBounds {
  readonly memoryBytesMax: number;
  readonly jobsBeforeRecycle: number;
}

export const childBounds: ChildBounds = {
  memoryBytesMax: limits.childMemoryBytesMax,
  jobsBeforeRecycle: limits.childJobsBeforeRecycle,
};

export interface WorkerEvents {
  onReady(worker: PoolWorker, facts: { videoMissing: string | null }): void;
  onRestart(reason: RestartReason, detail: string): void;
  onStartFailed(detail: string): void;
}

export class PoolWorker {
  /** Jobs that the present child has had. */
  jobs = 0;
  /** Set by the pool between finding it idle and giving it a job. */
  isClaimed = false;
  state: 'starting' | 'idle' | 'busy' | 'closed' = 'starting';
  readonly #setup: ChildSetup;
  readonly #bounds: ChildBounds;
  readonly #events: WorkerEvents;
  #child: ChildHandle | null = null;
  #attempt: Attempt | null = null;
  #startTimer: NodeJS.Timeout | undefined;
  #failedStarts = 0;
  #recycling = false;
  #gone: () => void = () => {};
  readonly closed: Promise<void>;

  constructor(setup: ChildSetup, bounds: ChildBounds, events: WorkerEvents) {
    this.#setup = setup;
    this.#bounds = bounds;
    this.#events = events;
    this.closed = new Promise((resolve) => {
      this.#gone = resolve;
    });
    this.#start();
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Runs one job in the present child. Never throws; a child that died since it was claimed is a lost attempt. */
  async run(id: number, job: FingerprintJob): Promise<AttemptEnd> {
    const child = this.#child;
    this.isClaimed = false;
    if (child === null || this.state !== 'idle') {
      return { kind: 'lost', why: 'crash', detail: 'the child died before the job began', silent: true };
    }
    this.state = 'busy';
    this.jobs++;
    const attempt = new Attempt(child, id, job, this.#bounds.memoryBytesMax);
    this.#attempt = attempt;
    await child.slot.fill(job.path).then(
      () => attempt.begin(),
      (error) => attempt.giveUp(error),
    );
    const end = await attempt.ended;
    this.#attempt = null;
    if (end.kind !== 'lost' && end.kind !== 'dropped') await this.#release(child);
    return end;
  }

  close(): void {
    this.state = 'closed';
    clearTimeout(this.#startTimer);
    if (this.#child === null) this.#gone();
    else this.#child.kill();
  }

  #start(): void {
    this.state = 'starting';
    this.jobs = 0;
    this.#recycling = false;
    const events = { onMessage: (said: FromChild) => this.#hear(said), onExit: (why: string) => this.#lose(why) };
    ChildHandle.start(this.#setup, events).then(
      (child) => this.#watchStart(child),
      (error: unknown) => this.#lose(`its slot could not be made: ${String(error)}`),
    );
  }

  #watchStart(child: ChildHandle): void {
    this.#child = child;
    if (this.state === 'closed') child.kill();
    else this.#startTimer = setTimeout(() => child.kill(), limits.childStartTimeoutMs);
  }

  #hear(message: FromChild): void {
    if (message.kind !== 'ready') {
      this.#attempt?.hear(message);
    } else if (this.state === 'starting') {
      clearTimeout(this.#startTimer);
      this.#failedStarts = 0;
      this.state = 'idle';
      this.#events.onReady(this, { videoMissing: message.videoMissing });
    }
  }

  async #release(child: ChildHandle): Promise<void> {
    await child.slot.empty().catch(() => child.kill());
    if (this.state !== 'busy' || this.#child !== child) return;
    this.state = 'idle';
    if (this.jobs < this.#bounds.jobsBeforeRecycle) return;
    this.#recycling = true;
    this.state = 'starting';
    child.kill();
  }

  #lose(why: string): void {
    clearTimeout(this.#startTimer);
    this.#child = null;
    const wasStarting = this.state === 'starting' && !this.#recycling;
    const lostFor = this.#attempt?.childEnded(why) ?? (this.#recycling ? 'recycle' : 'crash');
    if (this.state === 'closed') this.#gone();
    else if (wasStarting) this.#retryStart(why);
    else {
      this.#events.onRestart(lostFor, why);
      this.#start();
    }
  }

  #retryStart(why: string): void {
    this.#failedStarts++;
    this.#events.onRestart('start_failed', why);
    if (this.#failedStarts >= limits.childStartAttemptsMax) this.#events.onStartFailed(why);
    const backoffMs = Math.min(100 * 2 ** this.#failedStarts, limits.childRestartBackoffMsMax);
    this.#startTimer = setTimeout(() => this.#start(), backoffMs);
  }
}
