/** Measures how far the pipeline is behind, from time to time and after each settled batch at most. */
import type { Consumer, PartitionLag } from '../log/log.ts';

/** Of all partitions that this process has: the sum of records, the age of the oldest. */
export interface Lag {
  readonly records: number;
  readonly seconds: number;
}

export interface BacklogParts {
  readonly consumer: Pick<Consumer, 'lag'>;
  /** In all partitions, and in each. */
  readonly onMeasured: (lag: Lag, partitions: readonly PartitionLag[]) => void;
  /**
   * Partitions that were measured before and are another process's now. The log tells of a loss at once, but a measurement
   * that was on its way then brings the partition back; the next one takes it out for good.
   */
  readonly onLost: (partition: number) => void;
  readonly onFailure: (error: unknown) => void;
  readonly intervalMs: number;
}

export class Backlog {
  readonly #parts: BacklogParts;
  #lag: Lag = { records: 0, seconds: 0 };
  #partitions = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BacklogParts) {
    this.#parts = parts;
  }

  /** As last measured. */
  get lag(): Lag {
    return this.#lag;
  }

  async start(): Promise<void> {
    await this.measure();
    this.#timer = setInterval(() => void this.measure(), this.#parts.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async measure(): Promise<void> {
    try {
      const partitions = await this.#parts.consumer.lag();
      this.#lag = totalLag(partitions);
      this.#parts.onMeasured(this.#lag, partitions);
      this.#tellLost(new Set(partitions.map(({ partition }) => partition)));
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }

  #tellLost(partitions: Set<number>): void {
    for (const partition of this.#partitions) if (!partitions.has(partition)) this.#parts.onLost(partition);
    this.#partitions = partitions;
  }
}

export function totalLag(partitions: readonly PartitionLag[]): Lag {
  return partitions.reduce(
    (total, { records, seconds }) => ({
      records: total.records + records,
      seconds: Math.max(total.seconds, seconds),
    }),
    { records: 0, seconds: 0 },
  );
}
