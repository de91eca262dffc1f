/**
 * The banks of this process, derived by tailing the bank log: no rebuild job, no polling. A change is appended to the
 * log, and acknowledged once the tail of this very process has applied it; then it is searchable.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../config/limits.ts';
import type { BankContent } from '../contracts/bank.ts';
import { packedFrameBytes } from '../contracts/packed-frames.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { HammingIndex } from '../kernel/hamming-index.ts';
import type { Log, LogRecord, NewRecord, Tail } from '../log/log.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Bank } from './bank.ts';
import { type BankEntry, framesPerPartMax, readBankRecord, recordsOfRevision, tombstones } from './bank-records.ts';
import { type BankTable, createBankTable } from './bank-table.ts';
import type { ImagePiece, TableImage } from './columns.ts';
import { summaryOf } from './content-rows.ts';
import { createRecordGate } from './record-gate.ts';

export interface LiveBankOptions {
  readonly log: Log;
  readonly index: HammingIndex;
  /** Of the views of deep content: empty, whatever `resume` has. */
  readonly deepIndex: HammingIndex;
  /** Frames below it are banked and not searched; the policy's `faintFrameQualityMin`. */
  readonly frameQualityMin: () => number;
  readonly telemetry: Pick<Telemetry, 'bankApplied' | 'bankRejected' | 'bankSized'>;
  /** Unique hashes that either index may hold; limits.bankHashesMax when left out. */
  readonly hashesMax?: number;
  /** Frames in one record; framesPerPartMax when left out. */
  readonly framesPerPart?: number;
  readonly nowMs?: () => number;
  /** Where to go on: a table with the index of the same moment. Without it the log is read from its first record. */
  readonly resume?: BankState;
}

/** The bank as it is when the record at `position` has been applied, -1 before the first. */
export interface BankState {
  readonly position: number;
  readonly contents: number;
  readonly image: TableImage;
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
  /**
   * The state at the moment of this very call, as copies; changes wait while they are made, turn by turn. What the index
   * is in the same turn belongs to it.
   */
  copyState(): Promise<BankState>;
  close(): Promise<void>;
}

export function createBank(options: LiveBankOptions): LiveBank {
  const { log } = options;
  const table = createBankTable(options, options.resume?.image);
  const inTurn = createTurns();
  const now = (): string => new Date((options.nowMs ?? Date.now)()).toISOString();
  const reading = createReading(options, table);
  const appendAndApply = async (records: readonly NewRecord[]): Promise<void> => {
    reading.requireStarted();
    await log.append(records);
    await reading.caughtUp();
  };

  return {
    get position() {
      return reading.position();
    },
    get size() {
      return table.size;
    },
    get deepContents() {
      return table.deep.contents;
    },
    get deepHashes() {
      return table.deep.hashes;
    },
    search: (frame, wideBits, views) => table.frames.search(frame, wideBits, views),
    nameDeep: (queries, wideBits) => table.deep.name(queries, wideBits),
    deep: (contentNumber) => table.findDeep(contentNumber),
    findBySha256: (sha256) => table.findBySha256(sha256),
    content: (contentNumber) => table.findByNumber(contentNumber),
    start: reading.start,
    unready: reading.unready,
    add: (entry) =>
      inTurn(entry.contentId, async () => {
        requireRoom(entry, options);
        const before = table.find(entry.contentId);
        const revision = (before?.revision ?? 0) + 1;
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
    get(contentId) {
      const facts = table.find(contentId);
      return facts === undefined ? undefined : summaryOf(facts);
    },
    copyState: reading.copyState,
    close: reading.close,
  };
}

/** The half that follows the log: it alone changes the table. */
function createReading(options: LiveBankOptions, table: BankTable) {
  const { log, index, deepIndex, telemetry, nowMs = Date.now } = options;
  let tail: Tail | undefined;
  let position = options.resume?.position ?? -1;
  const fromOffset = position + 1;
  let endAtStart: number | undefined;
  let why: string | null = 'the bank has not been read yet';

  const tellSize = oncePerTurn(() => {
    const { size: hashes, freshHashes } = index;
    const bytes = index.bytes + deepIndex.bytes;
    telemetry.bankSized({ hashes, freshHashes, contents: table.size, bytes, position });
  });
  const gate = createRecordGate((record) => {
    // How long it took to be searchable says something of changes that came while this process was there for them.
    const seconds = why === null ? Math.max(0, nowMs() - record.timestampMs) / 1000 : undefined;
    applyRecord(table, record, telemetry, seconds);
    position = record.offset;
    tellSize();
  });
  const started = (): Tail => {
    if (tail === undefined) throw new FloodgateError('not_ready', 'The bank is not being read.');
    return tail;
  };
  const caughtUp = async (): Promise<void> => {
    await started().caughtUp();
    await gate.opened();
  };

  return {
    position: () => position,
    requireStarted: (): void => void started(),
    caughtUp,
    async start(): Promise<void> {
      if (endAtStart !== undefined) throw new FloodgateError('internal', 'The bank was started before.');
      endAtStart = fromOffset;
      // The bank's topic has one partition: its order is the order of changes.
      endAtStart = (await log.ends('bank'))[0]?.endOffset ?? fromOffset;
      tail = await log.tail({ topic: 'bank', from: [{ partition: 0, offset: fromOffset }], onRecord: gate.pass });
      await caughtUp();
      tellSize();
      why = null;
    },
    unready(): string | null {
      if (why === null || tail === undefined || endAtStart === undefined) return why;
      return `${groups(position + 1 - fromOffset)} of ${groups(endAtStart - fromOffset)} records read`;
    },
    copyState: (): Promise<BankState> =>
      gate.shutDuring(async () => ({ position, contents: table.size, image: await copyInTurns(table.image()) })),
    async close(): Promise<void> {
      why = 'the bank is closed';
      await tail?.close();
      tail = undefined;
    },
  };
}

/** 120,000 rather than 120000. */
function groups(count: number): string {
  return count.toLocaleString('en-US');
}

/** At most once a turn of the event loop: a chunk of the log is thousands of records. */
function oncePerTurn(tell: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      tell();
    });
  };
}

/** Some milliseconds of copying a turn. What nobody writes into need not be copied. */
async function copyInTurns(image: TableImage): Promise<TableImage> {
  const copies = new Map<string, ImagePiece>();
  let copiedBytes = 0;
  for (const [name, bytes] of image) {
    if (!(bytes instanceof Uint8Array)) {
      copies.set(name, bytes);
      continue;
    }
    const copy = new Uint8Array(bytes.length);
    for (let at = 0; at < bytes.length; at += limits.bankCopyBytesPerTurn) {
      const part = bytes.subarray(at, at + limits.bankCopyBytesPerTurn);
      copy.set(part, at);
      copiedBytes += part.length;
      if (copiedBytes < limits.bankCopyBytesPerTurn) continue;
      copiedBytes = 0;
      await nextTurn();
    }
    copies.set(name, copy);
  }
  return copies;
}

/** Bad records are counted and skipped: one producer's fault must not stop everybody's bank. */
function applyRecord(
  table: BankTable,
  record: LogRecord,
  telemetry: LiveBankOptions['telemetry'],
  seconds: number | undefined,
): void {
  try {
    const applied = table.apply(readBankRecord(record), record.offset);
    if (applied !== undefined) telemetry.bankApplied(applied, seconds);
  } catch (thrown) {
    telemetry.bankRejected(`record ${record.offset}: ${toFloodgateError(thrown).message}`);
  }
}

/** Refused before it is in the log, where it would be in the way of every restart. */
function requireRoom(entry: BankEntry, { index, deepIndex, hashesMax = limits.bankHashesMax }: LiveBankOptions): void {
  if (entry.frames.length > limits.denseFramesMax) {
    throw new FloodgateError('invalid_request', `At most ${limits.denseFramesMax} frames make one content.`);
  }
  const views = (entry.views?.length ?? 0) / packedFrameBytes;
  const fuller = index.size + entry.frames.length > hashesMax ? index : deepIndex;
  if (fuller === index || deepIndex.size + views > hashesMax) {
    throw new FloodgateError('bank_full', `The bank holds ${fuller.size} of at most ${hashesMax} hashes.`);
  }
}

function requireApplied(table: BankTable, contentId: string, revision: number): BankContent {
  const active = table.find(contentId);
  if (active !== undefined && active.revision >= revision) return summaryOf(active);
  throw new FloodgateError('conflict', `Content ${contentId} was removed or refused while it was being added.`);
}

function listContents(
  table: BankTable,
  filter: { readonly bank?: string },
  { after, limit }: { readonly after?: string; readonly limit: number },
): BankPage {
  const items: BankContent[] = [];
  for (const facts of table.list(filter, after)) {
    if (items.length === limit) return { items, nextCursor: items[limit - 1]?.contentId ?? null };
    items.push(summaryOf(facts));
  }
  return { items, nextCursor: null };
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
