/** Measures how far the pipeline is behind, from time to time and after each settled batch at most. */
import type { Consumer, Lag } from '../log/log.ts';

export interface BacklogParts {
  readonly consumer: Pick<Consumer, 'lag'>;
  readonly onMeasured: (lag: Lag) => void;
  readonly onFailure: (error: unknown) => void;
  readonly intervalMs: number;
}

export class Backlog {
  readonly #parts: BacklogParts;
  #lag: Lag = { records: 0, seconds: 0 };
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
      this.#lag = await this.#parts.consumer.lag();
      this.#parts.onMeasured(this.#lag);
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }
}
