/** The pipeline as a running thing: the consume loop feeding `taskOf`, how it ends, and why it is not ready. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toFloodgateError } from '../errors.ts';
import type { Consumer } from '../log/log.ts';
import { type PipelineParts, taskOf } from '../pipeline.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { createEffortLadder } from './effort-ladder.ts';
import { Settler } from './settler.ts';

export interface RunningPipelineParts
  extends Omit<PipelineParts, 'settler' | 'ladder' | 'nowMs' | 'elapsedMs' | 'sleep'> {
  readonly consumer: Consumer;
  readonly inflightUploadsMax: number;
}

export class RunningPipeline {
  readonly #loop: ConsumeLoop;
  readonly #settler: Settler;
  readonly #telemetry: PipelineParts['telemetry'];
  #why: string | null = 'the pipeline has not started';
  #ended: Promise<void> = Promise.resolve();
  /** Rejects when the pipeline failed: the process must be restarted, and nothing is lost. */
  readonly failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};

  constructor(parts: RunningPipelineParts) {
    const { consumer, telemetry, inflightUploadsMax } = parts;
    this.#telemetry = telemetry;
    this.#settler = new Settler({
      consumer,
      sleep: (ms) => sleep(ms),
      onSettled: (records, seconds, partition) => {
        telemetry.settled(records, seconds);
        telemetry.partitionProgress(partition);
        telemetry.stageFinished('publish', seconds);
      },
      onRetry: (error) => {
        telemetry.retried('publish');
        telemetry.warned('a settled batch is retried', { code: error.code, detail: error.message });
      },
      nowMs: () => performance.now(),
    });
    const pipeline: PipelineParts = {
      ...parts,
      settler: this.#settler,
      ladder: createEffortLadder({
        elapsedMs: () => performance.now(),
        onChange: (rung) => telemetry.effortChanged(rung),
      }),
      nowMs: Date.now,
      elapsedMs: () => performance.now(),
      sleep: (ms) => sleep(ms),
    };
    this.#loop = new ConsumeLoop({
      consumer: {
        poll: async (max, signal) => {
          const records = await consumer.poll(max, signal);
          telemetry.uploadsConsumed(records.length);
          return records;
        },
      },
      taskOf: (record) => taskOf(record, pipeline),
      inflightMax: inflightUploadsMax,
      onInflight: (uploads) => telemetry.inflight(uploads),
    });
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    // Whoever starts the service awaits it; until then a failure must not count as unhandled.
    this.failed.catch(() => {});
  }

  get inflight(): number {
    return this.#loop.inflight;
  }

  /** Null while uploads are taken; otherwise why not. */
  unready(): string | null {
    return this.#why;
  }

  start(): void {
    this.#why = null;
    this.#ended = this.#loop.run().catch((error: unknown) => {
      this.#why = `the pipeline failed: ${toFloodgateError(error).message}`;
      this.#telemetry.failed('the pipeline failed', error);
      this.#fail(error);
    });
  }

  /** Takes nothing new; resolves when what was on its way has ended, or was abandoned at the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    this.#why ??= 'the service is stopping';
    this.#loop.drain(deadlineMs);
    const timer = setTimeout(() => this.#settler.stop(), deadlineMs);
    await this.#ended;
    clearTimeout(timer);
  }
}
