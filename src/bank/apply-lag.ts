/** Measures from time to time how far this instance is behind the end of the bank log. */
import type { PartitionEnd } from '../log/log.ts';

export interface ApplyLagParts {
  readonly ends: () => Promise<readonly PartitionEnd[]>;
  /** Offset of the last record that has been applied. */
  readonly position: () => number;
  /** `seconds` since it was last level with an end of the log that it was shown. */
  readonly onMeasured: (records: number, seconds: number) => void;
  readonly onFailure: (error: unknown) => void;
  readonly intervalMs: number;
  readonly nowMs?: () => number;
}

export interface ApplyLag {
  start(): void;
  /** Resolves when nothing is being measured any more. */
  stop(): Promise<void>;
  measure(): Promise<void>;
}

export function createApplyLag(parts: ApplyLagParts): ApplyLag {
  const { nowMs = Date.now } = parts;
  let levelMs = nowMs();
  let timer: NodeJS.Timeout | undefined;
  let measuring: Promise<void> = Promise.resolve();
  let isMeasuring = false;

  const measure = async (): Promise<void> => {
    const askedMs = nowMs();
    try {
      const [end] = await parts.ends();
      const records = Math.max(0, (end?.endOffset ?? 0) - parts.position() - 1);
      if (records === 0) levelMs = askedMs;
      parts.onMeasured(records, records === 0 ? 0 : Math.max(0, nowMs() - levelMs) / 1000);
    } catch (error) {
      parts.onFailure(error);
    }
  };
  const look = (): void => {
    // A log that answers slowly is not asked again meanwhile.
    if (isMeasuring) return;
    isMeasuring = true;
    measuring = measure().finally(() => {
      isMeasuring = false;
    });
  };
  return {
    measure,
    start() {
      timer ??= setInterval(look, parts.intervalMs);
    },
    async stop() {
      clearInterval(timer);
      await measuring;
    },
  };
}
