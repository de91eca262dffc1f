/** One attempt at a job in one child: its deadline, its memory bound, its ways to end. */
import { limits } from '../config/limits.ts';
import { type FingerprintJob, type FingerprintResult, modeOf, type SamplingMode } from './fingerprinter.ts';
import { readResidentBytes } from './memory-watch.ts';
import type { ChildFailureCode, FromChild, ToChild } from './protocol.ts';

export type AttemptEnd =
  | { readonly kind: 'done'; readonly result: FingerprintResult }
  /** The child judged the content and is well. */
  | { readonly kind: 'failed'; readonly code: ChildFailureCode; readonly detail: string }
  /** The child is gone or being killed. `silent`: it had said nothing about this job. */
  | { readonly kind: 'lost'; readonly why: LostReason; readonly detail: string; readonly silent: boolean }
  /** What was to be known is known, or nobody wants it any more, but the child had to be killed. */
  | { readonly kind: 'dropped'; readonly framesSampled: number }
  /** The caller's own code threw, or the content could not be handed over. */
  | { readonly kind: 'broken'; readonly error: unknown };

/** The likely parts of a frame and the others. */
const batchesOfFrame = 2;

/** Times that parts of frames are looked at: those of key frames and of all; of a dense pass more and more seldom. */
function closerLooksMax({ kind }: SamplingMode): number {
  return kind === 'sparse' ? 2 : limits.denseLooksMax;
}

export type LostReason = 'crash' | 'timeout' | 'memory';

export interface AttemptChild {
  readonly pid: number;
  send(message: ToChild): void;
  kill(): void;
}

export class Attempt {
  readonly ended: Promise<AttemptEnd>;
  readonly #child: AttemptChild;
  readonly #id: number;
  readonly #job: FingerprintJob;
  readonly #mode: SamplingMode;
  readonly #framesMax: number;
  readonly #batchesMax: number;
  readonly #memoryBytesMax: number;
  #settle: (end: AttemptEnd) => void = () => {};
  #frames = 0;
  #batches = 0;
  #hasSaidMore = false;
  #isStopped = false;
  #killedFor: LostReason | null = null;
  #thrown: { readonly error: unknown } | null = null;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stop = () => this.stop();

  constructor(child: AttemptChild, id: number, job: FingerprintJob, memoryBytesMax: number) {
    this.#memoryBytesMax = memoryBytesMax;
    this.#child = child;
    this.#id = id;
    this.#job = job;
    this.#mode = modeOf(job);
    this.#framesMax = this.#mode.kind === 'dense' ? limits.denseFramesMax : limits.sparseFramesMax;
    this.#batchesMax = closerLooksMax(this.#mode) * batchesOfFrame * limits.regionFramesMax;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timers.push(setTimeout(() => this.#killFor('timeout'), job.timeoutMs));
    this.#timers.push(setInterval(() => this.#checkMemory(), limits.childMemoryCheckMs));
    job.signal?.addEventListener('abort', this.#stop, { once: true });
  }

  /** The content is in the slot: the child may begin. */
  begin(): void {
    this.#child.send({ kind: 'job', id: this.#id, mode: this.#mode });
  }

  /** Asks the child to end; kills it when it does not within a grace. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#child.send({ kind: 'stop', id: this.#id });
    this.#timers.push(setTimeout(() => this.#killFor('timeout'), limits.childIdleGraceMs));
  }

  hear(message: FromChild): void {
    if (message.kind === 'ready' || message.id !== this.#id) return;
    if (message.kind === 'frame') this.#takeFrame(message);
    else if (message.kind === 'regions') this.#takeRegions(message);
    else if (message.kind === 'wait') this.#letGo();
    else if (message.kind === 'done') this.#end({ kind: 'done', result: message.result });
    else this.#end({ kind: 'failed', code: message.code, detail: message.detail });
  }

  /** Returns what it was killed for, or that it crashed. */
  childEnded(detail: string): LostReason {
    const why = this.#killedFor ?? 'crash';
    if (this.#isStopped) this.#end({ kind: 'dropped', framesSampled: this.#frames });
    else this.#end({ kind: 'lost', why, detail, silent: this.#frames === 0 });
    return why;
  }

  /** Ends it for a reason that is not the child's; the child must not have begun. */
  giveUp(error: unknown): void {
    this.#end({ kind: 'broken', error });
  }

  #takeFrame({ kind: _, id: __, ...frame }: Extract<FromChild, { kind: 'frame' }>): void {
    // More than it may sample: no sound child does that.
    if (++this.#frames > this.#framesMax) this.#killFor('crash');
    this.#handOver(() => this.#job.onFrame(frame));
  }

  #takeRegions({ kind: _, id: __, ...batch }: Extract<FromChild, { kind: 'regions' }>): void {
    const isAsked = this.#mode.regions === true;
    if (!isAsked || ++this.#batches > this.#batchesMax) this.#killFor('crash');
    this.#handOver(() => this.#job.onRegions?.(batch) ?? 'more');
  }

  /** Whatever was said before was taken at once. A sound child waits once for it, and never for what it was told to stop. */
  #letGo(): void {
    if (this.#isStopped || this.#killedFor !== null) return;
    if (this.#hasSaidMore) this.#child.send({ kind: 'go', id: this.#id });
    else this.#killFor('crash');
    this.#hasSaidMore = false;
  }

  #handOver(take: () => 'more' | 'enough'): void {
    if (this.#isStopped || this.#killedFor !== null) return;
    this.#hasSaidMore = true;
    try {
      if (take() === 'enough') this.stop();
    } catch (error) {
      this.#thrown = { error };
      this.stop();
    }
  }

  #checkMemory(): void {
    if (readResidentBytes(this.#child.pid) > this.#memoryBytesMax) this.#killFor('memory');
  }

  #killFor(reason: LostReason): void {
    this.#killedFor ??= reason;
    this.#child.kill();
  }

  #end(end: AttemptEnd): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#job.signal?.removeEventListener('abort', this.#stop);
    this.#settle(this.#thrown === null ? end : { kind: 'broken', error: this.#thrown.error });
  }
}
