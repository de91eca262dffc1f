/** Lets records through to whoever applies them, or keeps them waiting while something must not change. */
import type { LogRecord } from '../log/log.ts';

export interface RecordGate {
  pass(record: LogRecord): void;
  /** Keeps records waiting from this very call on until `work` has ended. One at a time. */
  shutDuring<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing waits. */
  opened(): Promise<void>;
}

export function createRecordGate(apply: (record: LogRecord) => void): RecordGate {
  let waiting: LogRecord[] | undefined;
  let opening: Promise<void> = Promise.resolve();
  return {
    pass(record) {
      if (waiting === undefined) apply(record);
      else waiting.push(record);
    },
    async shutDuring(work) {
      if (waiting !== undefined) throw new Error('the gate is shut already');
      const kept: LogRecord[] = [];
      waiting = kept;
      let open = (): void => undefined;
      opening = new Promise((resolve) => {
        open = resolve;
      });
      try {
        return await work();
      } finally {
        waiting = undefined;
        for (const record of kept) apply(record);
        open();
      }
    },
    opened: () => opening,
  };
}
