/** Hands what a job finds to the parent, and waits for its answer where what comes next may be needless. */
import type { RegionBatch, SampledFrame } from '../fingerprinter.ts';
import type { FromChild } from '../protocol.ts';
import type { FrameSink } from './frame-sink.ts';

const breathAfterMs = 10;

export class ParentSink implements FrameSink {
  readonly #id: number;
  readonly #say: (message: FromChild) => void;
  #stopped = false;
  /** Something was emitted since the parent has answered. */
  #isUnsettled = false;
  /** Or since the event loop has turned. */
  #hasEmitted = false;
  #lastBreathMs = performance.now();
  #goOn: (() => void) | undefined;

  constructor(id: number, say: (message: FromChild) => void) {
    this.#id = id;
    this.#say = say;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  emit(frame: SampledFrame): void {
    this.#say({ kind: 'frame', id: this.#id, ...frame });
    this.#emitted();
  }

  emitRegions(batch: RegionBatch): void {
    this.#say({ kind: 'regions', id: this.#id, ...batch });
    this.#emitted();
  }

  /** What parts there are is the business of the sink around this one. */
  async lookCloser(): Promise<void> {}

  async breathe(): Promise<void> {
    if (!this.#hasEmitted && performance.now() - this.#lastBreathMs < breathAfterMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#breathed();
  }

  async settle(): Promise<void> {
    if (this.#stopped || !this.#isUnsettled) return;
    this.#isUnsettled = false;
    this.#say({ kind: 'wait', id: this.#id });
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
    });
    this.#breathed();
  }

  /** The parent has answered: that it wants more, or no more. */
  hear(answer: 'go' | 'stop'): void {
    if (answer === 'stop') this.#stopped = true;
    this.#goOn?.();
    this.#goOn = undefined;
  }

  #emitted(): void {
    this.#isUnsettled = true;
    this.#hasEmitted = true;
  }

  #breathed(): void {
    this.#hasEmitted = false;
    this.#lastBreathMs = performance.now();
  }
}
