/**
 * The banks of this process, derived by tailing the bank log: no rebuild job, no polling. A change is appended to the
 * log, and acknowledged once the tail of this very process has applied it; then it is searchable.
 */
import { limits } from '../config/limits.ts';
import type { BankContent } from '../contracts/bank.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { HammingIndex } from '../kernel/hamming-index.ts';
import type { Log, LogRecord, NewRecord, Tail } from '../log/log.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Bank } from './bank.ts';
import { type BankEntry, framesPerPartMax, readBankRecord, recordsOfRevision, tombstones } from './bank-records.ts';
import { type BankTable, createBankTable } from './bank-table.ts';

export interface LiveBankOptions {
  readonly log: Log;
  readonly index: HammingIndex;
  /** Frames below it are banked and not searched; the policy's `faintFrameQualityMin`. */
  readonly frameQualityMin: () => number;
  readonly telemetry: Pick<Telemetry, 'bankApplied' | 'bankRejected' | 'bankSized'>;
  /** Unique hashes that the bank may hold; limits.bankHashesMax when left out. */
  readonly hashesMax?: number;
  /** Frames in one record; framesPerPartMax when left out. */
  readonly framesPerPart?: number;
  readonly nowMs?: () => number;
}

export interface BankPage {
  readonly items: readonly BankContent[];
  /** Give it as `after` to get the next page; null at the end. */
  readonly nextCursor: string | null;
}

export interface LiveBank extends Bank {
  /** Starts to tail the log; resolves once everything in the log at this moment is searchable. */
  start(): Promise<void>;
  /** Null once `start` has resolved and until `close`; otherwise why not, for /readyz. */
  unready(): string | null;
  /**
   * Adds content, or puts a new revision in place of the one before; resolves once it is searchable. Throws bank_full,
   * invalid_request (too many frames), log_full, log_failed.
   */
  add(entry: BankEntry): Promise<BankContent>;
  /** Resolves with false when there is no such content, otherwise once it is no longer searchable. */
  remove(contentId: string): Promise<boolean>;
  /** In order of contentId. `after` is the cursor of the page before. */
  list(filter: { readonly bank?: string }, page: { readonly after?: string; readonly limit: number }): BankPage;
  get(contentId: string): BankContent | undefined;
  /** Known contents. */
  readonly size: number;
  close(): Promise<void>;
}

export function createBank(options: LiveBankOptions): LiveBank {
  const { log, index, telemetry } = options;
  const table = createBankTable(index, options.frameQualityMin);
  const inTurn = createTurns();
  const now = (): string => new Date((options.nowMs ?? Date.now)()).toISOString();
  let tail: Tail | undefined;
  let position = -1;
  let why: string | null = 'the bank has not been read yet';

  const onRecord = (record: LogRecord): void => {
    applyRecord(table, record, telemetry);
    position = record.offset;
    const { size: hashes, freshHashes, bytes } = index;
    telemetry.bankSized({ hashes, freshHashes, contents: table.size, bytes, position });
  };
  const appendAndApply = async (records: readonly NewRecord[]): Promise<void> => {
    if (tail === undefined) throw new FloodgateError('not_ready', 'The bank is not being read.');
    await log.append(records);
    await tail.caughtUp();
  };

  return {
    get position() {
      return position;
    },
    get size() {
      return table.size;
    },
    search: (frame, radiusBits, views) => table.frames.search(frame, radiusBits, views),
    findBySha256: (sha256) => table.findBySha256(sha256),
    content: (contentNumber) => table.findByNumber(contentNumber)?.known,
    async start() {
      if (tail !== undefined) throw new FloodgateError('internal', 'The bank was started before.');
      tail = await log.tail({ topic: 'bank', from: [], onRecord });
      await tail.caughtUp();
      why = null;
    },
    unready: () => why,
    add: (entry) =>
      inTurn(entry.contentId, async () => {
        requireRoom(entry, index, options.hashesMax ?? limits.bankHashesMax);
        const before = table.find(entry.contentId);
        const revision = (before?.known.revision ?? 0) + 1;
        const framesPerPart = options.framesPerPart ?? framesPerPartMax;
        await appendAndApply(recordsOfRevision(entry, revision, before?.parts ?? 0, now(), framesPerPart));
        return requireApplied(table, entry.contentId, revision);
      }),
    remove: (contentId) =>
      inTurn(contentId, async () => {
        const active = table.find(contentId);
        if (active === undefined) return false;
        await appendAndApply(tombstones(contentId, 0, active.parts, now()));
        return true;
      }),
    list: (filter, page) => listContents(table, filter, page),
    get: (contentId) => table.find(contentId)?.summary,
    async close() {
      why = 'the bank is closed';
      await tail?.close();
    },
  };
}

/** Bad records are counted and skipped: one producer's fault must not stop everybody's bank. */
function applyRecord(table: BankTable, record: LogRecord, telemetry: LiveBankOptions['telemetry']): void {
  const startedMs = performance.now();
  try {
    const applied = table.apply(readBankRecord(record), record.offset);
    if (applied !== undefined) telemetry.bankApplied(applied, (performance.now() - startedMs) / 1000);
  } catch (thrown) {
    telemetry.bankRejected(`record ${record.offset}: ${toFloodgateError(thrown).message}`);
  }
}

/** Refused before it is in the log, where it would be in the way of every restart. */
function requireRoom(entry: BankEntry, index: HammingIndex, hashesMax: number): void {
  if (entry.frames.length > limits.denseFramesMax) {
    throw new FloodgateError('invalid_request', `At most ${limits.denseFramesMax} frames make one content.`);
  }
  if (index.size + entry.frames.length > hashesMax) {
    throw new FloodgateError('bank_full', `The bank holds ${index.size} of at most ${hashesMax} hashes.`);
  }
}

function requireApplied(table: BankTable, contentId: string, revision: number): BankContent {
  const active = table.find(contentId);
  if (active !== undefined && active.known.revision >= revision) return active.summary;
  throw new FloodgateError('conflict', `Content ${contentId} was removed or refused while it was being added.`);
}

function listContents(
  table: BankTable,
  filter: { readonly bank?: string },
  { after, limit }: { readonly after?: string; readonly limit: number },
): BankPage {
  const ids = table.contentIds();
  const items: BankContent[] = [];
  for (let at = after === undefined ? 0 : firstAfter(ids, after); at < ids.length; at++) {
    const summary = table.find(ids[at] ?? '')?.summary;
    if (summary === undefined || (filter.bank !== undefined && summary.bank !== filter.bank)) continue;
    if (items.length === limit) return { items, nextCursor: items[limit - 1]?.contentId ?? null };
    items.push(summary);
  }
  return { items, nextCursor: null };
}

function firstAfter(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Runs the changes of one content one after the other: each revision follows the one before. */
function createTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    const leave = (): void => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(leave, leave);
    return turn;
  };
}
