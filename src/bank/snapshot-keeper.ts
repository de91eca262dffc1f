/** When a snapshot of the bank is written: from time to time if enough has changed, and at the end. */
import { limits } from '../config/limits.ts';
import type { SnapshotManifest } from './snapshot-manifest.ts';

export interface SnapshotKeeperOptions {
  readonly everyMs: number;
  readonly position: () => number;
  /** Of the snapshot that was restored, if one was. */
  readonly last: Pick<SnapshotManifest, 'position' | 'createdAtMs'> | undefined;
  readonly write: () => Promise<Pick<SnapshotManifest, 'position' | 'createdAtMs'>>;
  /** The one before is still there, and it is tried again. */
  readonly onFailure: (error: unknown) => void;
  readonly nowMs?: () => number;
}

export interface SnapshotKeeper {
  /** To be called once the bank is as it should be. Writes at once when that is worth it. */
  start(): void;
  /** Writes what is due, within limits.bankSnapshotStopMs. */
  close(): Promise<void>;
}

export function createSnapshotKeeper(options: SnapshotKeeperOptions): SnapshotKeeper {
  const { everyMs, position, write, onFailure, nowMs = Date.now } = options;
  let { position: savedPosition, createdAtMs } = options.last ?? { position: -1, createdAtMs: 0 };
  let writing: Promise<void> = Promise.resolve();
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;

  const isDue = (): boolean => {
    const changes = position() - savedPosition;
    if (changes >= limits.bankSnapshotChangesMin) return true;
    // A few changes are read again in no time; but a snapshot must not become too old to go on from.
    return savedPosition >= 0 && changes > 0 && nowMs() - createdAtMs >= limits.bankSnapshotRenewMs;
  };
  const writeOne = async (): Promise<void> => {
    isWriting = true;
    try {
      ({ position: savedPosition, createdAtMs } = await write());
    } catch (error) {
      onFailure(error);
    }
    isWriting = false;
  };
  const look = (): void => {
    if (!isWriting && isDue()) writing = writeOne();
  };

  return {
    start() {
      if (timer !== undefined) return;
      timer = setInterval(look, everyMs);
      timer.unref();
      look();
    },
    async close() {
      if (timer === undefined) return;
      clearInterval(timer);
      const writeLast = async (): Promise<void> => {
        await writing;
        look();
        await writing;
      };
      let patience: NodeJS.Timeout | undefined;
      const outOfTime = new Promise<void>((resolve) => {
        patience = setTimeout(resolve, limits.bankSnapshotStopMs);
      });
      // What is not finished by then is thrown away at the next start; the one before serves.
      await Promise.race([writeLast(), outOfTime]);
      clearTimeout(patience);
    },
  };
}
