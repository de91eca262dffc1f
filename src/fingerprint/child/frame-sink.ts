/** Where sampled frames go, and how a sampler hears that it may stop. */
import type { RegionBatch, SampledFrame } from '../fingerprinter.ts';

export interface FrameSink {
  /** `aspect` is the picture's width over its height. */
  emit(frame: SampledFrame, aspect: number): void;
  emitRegions(batch: RegionBatch): void;
  /** Emits parts of the frames so far, where they were asked for: dearer than a frame at hand, cheaper than far ones. */
  lookCloser(): Promise<void>;
  /** True once the parent has said "enough". Changes only during `breathe` and `settle`. */
  readonly stopped: boolean;
  /** Lets the event loop turn when something was emitted or a while has passed, so that a stop is heard. */
  breathe(): Promise<void>;
  /**
   * Waits until the parent has taken all that was emitted: before steps that cost many times what the answer does. To wait
   * after every frame saves some that are needless, and costs as much in turns.
   */
  settle(): Promise<void>;
}
