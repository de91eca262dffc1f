/**
 * What has been decided, ready to be asked: follows the decisions topic into a file of its own.
 *
 * The file is derived. It is thrown away and rebuilt from the log when it came from another log, from another version,
 * or is damaged. Records that arrive in one turn of the event loop share one transaction.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { limits } from '../config/limits.ts';
import { Outcome } from '../contracts/common.ts';
import type { Decision } from '../contracts/decision.ts';
import { FloodgateError, toFloodgateError } from '../errors.ts';
import type { Log, LogRecord, PartitionEnd, Position, Tail } from '../log/log.ts';
import { DecisionRows, type NewRow } from './decision-rows.ts';
import type { DecisionFilter, DecisionPage, DecisionView, LedgerEntry, StoredDecision } from './views.ts';

export interface DecisionViewOptions {
  /** The view's file; its folder is made when it is missing. */
  readonly path: string;
  readonly log: Pick<Log, 'id' | 'ends' | 'tail'>;
  readonly retention?: {
    readonly ageMsMax?: number;
    readonly decisionsMax?: number;
  };
  /** A record of the decisions topic that is not a decision; it is counted and left out. */
  readonly onUnreadable?: (offset: number, why: string) => void;
  /** The file could not be written, or a subscriber threw. Writing is tried again. */
  readonly onFailure?: (error: FloodgateError) => void;
}

export interface OpenDecisionView extends DecisionView {
  /** Records left out since the view was opened. */
  unreadable(): number;
  close(): Promise<void>;
}

const retryMs = 1_000;
const trimIntervalMs = 1_000;

/** What the view reads of a decision. Fields that a later release adds do not make one unreadable. */
const readable = Compile(
  Type.Object({
    uploadId: Type.String(),
    revision: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    eventId: Type.String(),
    outcome: Outcome,
    reason: Type.String(),
    matches: Type.Array(Type.Object({ bank: Type.String(), contentId: Type.String() })),
    decidedAt: Type.String({ format: 'date-time' }),
  }),
);

/** Resolves once the file is open and the log is followed; `caughtUp` tells when the view is complete. */
export async function openDecisionView(options: DecisionViewOptions): Promise<OpenDecisionView> {
  await mkdir(dirname(options.path), { recursive: true });
  const ends = await options.log.ends('decisions');
  const rows = DecisionRows.open(options.path, options.log.id, ends);
  const view = new TailedDecisionView(options, rows, beginAt(rows, ends));
  await view.follow();
  return view;
}

/** An empty view takes no more of a long topic than it would keep: shared evenly, as keys spread evenly. */
function beginAt(rows: DecisionRows, ends: readonly PartitionEnd[]): Position[] {
  const known = new Map(rows.positions.map(({ partition, offset }) => [partition, offset]));
  const share = Math.ceil(limits.viewDecisionsMax / Math.max(1, ends.length));
  return ends.map(({ partition, startOffset, endOffset }) => ({
    partition,
    offset: Math.max(known.get(partition) ?? startOffset, startOffset, endOffset - share),
  }));
}

class TailedDecisionView implements OpenDecisionView {
  readonly #options: DecisionViewOptions;
  readonly #rows: DecisionRows;
  readonly #from: readonly Position[];
  readonly #listeners = new Set<(stored: StoredDecision) => void>();
  readonly #trimTimer: NodeJS.Timeout;
  /** Taken from the log and not yet in the file; `row` is null where the record is not a decision. */
  #pending: { readonly position: Position; readonly row: NewRow | null }[] = [];
  #flushing: { cancel(): void } | null = null;
  #tail: Tail | null = null;
  #failure: FloodgateError | null = null;
  #unreadable = 0;

  constructor(options: DecisionViewOptions, rows: DecisionRows, from: readonly Position[]) {
    this.#options = options;
    this.#rows = rows;
    this.#from = from;
    this.#trimTimer = setInterval(() => this.#guard(() => this.#trim()), trimIntervalMs).unref();
  }

  async follow(): Promise<void> {
    this.#tail = await this.#options.log.tail({
      topic: 'decisions',
      from: this.#from,
      onRecord: (record) => this.#take(record),
    });
  }

  find(uploadId: string, revision?: number): Decision | undefined {
    return this.#rows.find(uploadId, revision);
  }

  list(filter: DecisionFilter, page: { readonly before?: number; readonly limit: number }): DecisionPage {
    return this.#rows.list(filter, page);
  }

  ledger(uploadId: string, eventId: string): LedgerEntry {
    return this.#rows.ledger(uploadId, eventId);
  }

  subscribe(listener: (stored: StoredDecision) => void): () => void {
    // Wrapped, so that one function may subscribe twice and stop once.
    const own = (stored: StoredDecision) => listener(stored);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  after(sequence: number, max: number): StoredDecision[] {
    return this.#rows.after(sequence, max);
  }

  async caughtUp(partition?: number): Promise<void> {
    await this.#tail?.caughtUp(partition);
    this.#flush();
    if (this.#pending.length > 0)
      throw this.#failure ?? new FloodgateError('log_failed', 'the decision view is behind');
  }

  counts() {
    return this.#rows.counts();
  }

  unreadable(): number {
    return this.#unreadable;
  }

  async close(): Promise<void> {
    clearInterval(this.#trimTimer);
    await this.#tail?.close();
    this.#flush();
    this.#flushing?.cancel();
    this.#rows.close(this.#failure === null);
  }

  #take(record: LogRecord): void {
    if (this.#pending.length >= limits.viewPendingMax) {
      throw this.#failure ?? new FloodgateError('overloaded', 'the decision view cannot keep up');
    }
    this.#pending.push({ position: record, row: this.#toRow(record) });
    if (this.#flushing !== null) return;
    const immediate = setImmediate(() => this.#flush());
    this.#flushing = { cancel: () => clearImmediate(immediate) };
  }

  /** On failure everything stays pending and is tried again: decisions must not go missing from the view. */
  #flush(): void {
    this.#flushing?.cancel();
    this.#flushing = null;
    if (this.#pending.length === 0) return;
    const rows = this.#pending.flatMap(({ row }) => (row === null ? [] : [row]));
    // Offsets ascend within a partition, so the last one of each stands.
    const positions = new Map(this.#pending.map(({ position }) => [position.partition, position.offset + 1]));
    let stored: StoredDecision[];
    try {
      stored = this.#rows.apply(
        rows,
        [...positions].map(([partition, offset]) => ({ partition, offset })),
      );
    } catch (thrown) {
      this.#noteFailure(thrown);
      const timer = setTimeout(() => this.#flush(), retryMs).unref();
      this.#flushing = { cancel: () => clearTimeout(timer) };
      return;
    }
    this.#failure = null;
    this.#pending = [];
    for (const each of stored) this.#publish(each);
  }

  #toRow(record: LogRecord): NewRow | null {
    try {
      const json = new TextDecoder('utf-8', { fatal: true }).decode(record.value ?? new Uint8Array());
      const decision: unknown = JSON.parse(json);
      if (!readable.Check(decision)) throw new Error('it is not a decision');
      if (Number.isNaN(Date.parse(decision.decidedAt))) throw new Error('decidedAt is not a time');
      const { partition, offset } = record;
      return { partition, offset, decision: decision as Decision, json };
    } catch (thrown) {
      this.#unreadable += 1;
      this.#options.onUnreadable?.(record.offset, toFloodgateError(thrown).message);
      return null;
    }
  }

  #publish(stored: StoredDecision): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(stored);
      } catch (thrown) {
        this.#options.onFailure?.(toFloodgateError(thrown));
      }
    }
  }

  #trim(): void {
    const { ageMsMax = limits.decisionsRetentionMs, decisionsMax = limits.viewDecisionsMax } =
      this.#options.retention ?? {};
    const beforeMs = Date.now() - ageMsMax;
    // A few chunks a second outpace any rate of decisions, and never hold the event loop for long.
    for (let chunk = 0; chunk < 4; chunk += 1) if (!this.#rows.trim({ decisionsMax, beforeMs })) return;
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#noteFailure(thrown);
    }
  }

  #noteFailure(thrown: unknown): void {
    this.#failure = toFloodgateError(thrown);
    this.#options.onFailure?.(this.#failure);
  }
}
