/** Opens the bank: from its snapshot where there is one to go on from, else to be read from the first record of its log. */
import { limits } from '../config/limits.ts';
import { type ErrorCode, FloodgateError, toFloodgateError } from '../errors.ts';
import type { OwnedIndex } from '../kernel/hamming-index.ts';
import { createHammingIndex, type HammingIndexOptions, restoreHammingIndex } from '../kernel/segmented-index.ts';
import type { Log } from '../log/log.ts';
import type { Telemetry } from '../telemetry.ts';
import { createApplyLag } from './apply-lag.ts';
import { readBankSnapshot, snapshotFolders, writeBankSnapshot } from './bank-snapshot.ts';
import { createBank, type LiveBank } from './live-bank.ts';
import { createSnapshotKeeper, type SnapshotKeeper } from './snapshot-keeper.ts';
import type { SnapshotManifest, SnapshotSituation } from './snapshot-manifest.ts';

export interface OpenBankOptions {
  readonly log: Log;
  readonly hashesMax: number;
  /** Frames below it are banked and not searched; the policy's `faintFrameQualityMin`. */
  readonly frameQualityMin: number;
  /** Whether segments of the index are built; see HammingIndexOptions. */
  readonly merging: 'background' | 'never';
  readonly snapshots: {
    readonly folder: string;
    /** 0: none are written and none are read. */
    readonly everyMs: number;
  };
  readonly telemetry: BankTelemetry;
  readonly nowMs?: () => number;
}

type BankTelemetry = Pick<
  Telemetry,
  | 'bankApplied'
  | 'bankRejected'
  | 'bankSized'
  | 'bankBehind'
  | 'bankRestored'
  | 'bankRebuilding'
  | 'bankSnapshotWritten'
  | 'componentReadiness'
  | 'indexMerged'
  | 'failed'
>;

export interface OpenedBank {
  readonly bank: LiveBank;
  readonly index: OwnedIndex;
  /**
   * Reads on to the end that the log has now, and lets segments be built; resolves when all of it is searchable. From
   * then on snapshots are written.
   */
  start(): Promise<void>;
  /** Writes a last snapshot when enough has changed, and closes bank and index. */
  close(): Promise<void>;
}

interface Parts {
  readonly bank: LiveBank;
  readonly index: OwnedIndex;
  readonly deepIndex: OwnedIndex;
  readonly restored: SnapshotManifest | undefined;
}

/** Throws kernel_failed, log_failed. A snapshot that is not usable is told of and not an error. */
export async function openBank(options: OpenBankOptions): Promise<OpenedBank> {
  const parts = await openParts(options);
  const { bank, index, deepIndex } = parts;
  const keeper = createKeeper(options, parts);
  const lag = createApplyLag({
    ends: () => options.log.ends('bank'),
    position: () => bank.position,
    onMeasured: (records, seconds) => options.telemetry.bankBehind(records, seconds),
    onFailure: (error) => options.telemetry.failed('measuring how far the bank is behind', error),
    intervalMs: limits.bankLagIntervalMs,
  });
  return {
    bank,
    index,
    async start() {
      lag.start();
      // A large bank takes a while, and whoever waits for it should see it move.
      const tellProgress = (): void => options.telemetry.componentReadiness('bank', false, bank.unready());
      const progress = setInterval(tellProgress, limits.bankProgressMs);
      await bank.start().finally(() => clearInterval(progress));
      // Segments are built once of everything, rather than again and again on the way.
      await index.startMerging();
      await deepIndex.startMerging();
      keeper?.start();
    },
    async close() {
      await keeper?.close();
      await lag.stop();
      await bank.close();
      await index.close();
      await deepIndex.close();
    },
  };
}

async function openParts(options: OpenBankOptions): Promise<Parts> {
  const { log, telemetry, frameQualityMin, hashesMax, nowMs = Date.now } = options;
  const indexOptions: HammingIndexOptions = {
    hashesMax,
    merging: options.merging === 'never' ? 'never' : 'later',
    events: {
      merged: (facts) => telemetry.indexMerged(facts),
      mergeFailed: (error) => telemetry.failed('building a segment of the index', error),
    },
  };
  const deepOptions: HammingIndexOptions = {
    ...indexOptions,
    // What is told of segments is told of the index of whole frames.
    events: { merged: () => {}, mergeFailed: (error) => indexOptions.events?.mergeFailed(error) },
  };
  const bankOptions = { log, telemetry, hashesMax, frameQualityMin: () => frameQualityMin, nowMs };
  const restored = await restoreNewest(options, (folder, situation) =>
    restoreParts(folder, situation, { indexOptions, deepOptions, bankOptions }),
  );
  if (typeof restored !== 'string') return restored;
  telemetry.bankRebuilding(restored);
  const index = createHammingIndex(indexOptions);
  const deepIndex = createHammingIndex(deepOptions);
  return { index, deepIndex, bank: createBank({ ...bankOptions, index, deepIndex }), restored: undefined };
}

type Restored = Parts & { readonly restored: SnapshotManifest };

/** From the newest snapshot that can be gone on from; where there is none, why. */
async function restoreNewest(
  { log, telemetry, frameQualityMin, snapshots, nowMs = Date.now }: OpenBankOptions,
  restore: (folder: string, situation: SnapshotSituation) => Promise<Restored>,
): Promise<Restored | string> {
  if (snapshots.everyMs === 0) return 'snapshots are off';
  const [end] = await log.ends('bank');
  const { startOffset, endOffset } = end ?? { startOffset: 0, endOffset: 0 };
  const situation = { logId: log.id, startOffset, endOffset, frameQualityMin, nowMs: nowMs() };
  const startedMs = performance.now();
  let reason = 'there is no snapshot';
  try {
    for (const folder of await snapshotFolders(snapshots.folder)) {
      const parts = await restore(folder, situation).catch((thrown: unknown) => {
        reason = reasonOf(thrown);
      });
      if (parts === undefined) continue;
      const { position, contents, hashes } = parts.restored;
      const seconds = (performance.now() - startedMs) / 1000;
      telemetry.bankRestored({ position, contents, hashes, seconds, recordsBehind: endOffset - position - 1 });
      return parts;
    }
  } catch (thrown) {
    reason = reasonOf(thrown);
  }
  return reason;
}

async function restoreParts(
  folder: string,
  situation: SnapshotSituation,
  {
    indexOptions,
    deepOptions,
    bankOptions,
  }: {
    readonly indexOptions: HammingIndexOptions;
    readonly deepOptions: HammingIndexOptions;
    readonly bankOptions: Omit<Parameters<typeof createBank>[0], 'index' | 'deepIndex'>;
  },
): Promise<Restored> {
  const { manifest, indexFolder, state } = await readBankSnapshot(folder, situation);
  const index = await restoreHammingIndex(indexFolder, indexOptions);
  const deepIndex = createHammingIndex(deepOptions);
  try {
    const bank = createBank({ ...bankOptions, index, deepIndex, resume: state });
    if (bank.size === manifest.contents && index.size === manifest.hashes) {
      return { bank, index, deepIndex, restored: manifest };
    }
    throw new FloodgateError('snapshot_damaged', 'its table and its index do not belong together');
  } catch (thrown) {
    await index.close();
    await deepIndex.close();
    throw thrown;
  }
}

const unusable: readonly ErrorCode[] = ['snapshot_damaged', 'snapshot_failed', 'kernel_failed'];

/** Why a snapshot cannot be used. What is not about the snapshot is thrown on. */
function reasonOf(thrown: unknown): string {
  const { code, message } = toFloodgateError(thrown);
  if (!unusable.includes(code)) throw thrown;
  return `the snapshot cannot be used: ${message}`;
}

function createKeeper(options: OpenBankOptions, { bank, index, restored }: Parts): SnapshotKeeper | undefined {
  const { log, snapshots, telemetry, frameQualityMin, nowMs = Date.now } = options;
  if (snapshots.everyMs === 0) return undefined;
  return createSnapshotKeeper({
    everyMs: snapshots.everyMs,
    position: () => bank.position,
    last: restored,
    onFailure: (error) => telemetry.failed('writing a snapshot of the bank', error),
    nowMs,
    async write() {
      const startedMs = performance.now();
      const { folder } = snapshots;
      const source = { folder, bank, index, logId: log.id, frameQualityMin, nowMs: nowMs() };
      const manifest = await writeBankSnapshot(source);
      const { position, contents, hashes } = manifest;
      telemetry.bankSnapshotWritten({ position, contents, hashes, seconds: (performance.now() - startedMs) / 1000 });
      return manifest;
    },
  });
}
