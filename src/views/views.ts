/**
 * The port to what can be queried. Everything here is derived by tailing the log and can be thrown away and rebuilt.
 */
import type { Outcome } from '../contracts/common.ts';
import type { Decision, Reason } from '../contracts/decision.ts';
import type { StreamDecision } from '../contracts/stream.ts';

export interface DecisionFilter {
  readonly outcome?: Outcome;
  readonly reason?: Reason;
  readonly bank?: string;
  readonly contentId?: string;
  /** Decided at or after; RFC 3339. */
  readonly since?: string;
}

export interface StoredDecision {
  /**
   * Grows from decision to decision as they come into this view; the cursor of pages and the id of server-sent events.
   * Where the topic has one partition it is the offset; with more, each replica counts in its own order of arrival.
   */
  readonly sequence: number;
  readonly decision: Decision;
}

export interface DecisionPage {
  /** Newest first. */
  readonly items: readonly StoredDecision[];
  /** Give it as `before` to get the next, older page; null at the end. */
  readonly nextCursor: number | null;
}

export interface LedgerEntry {
  /** Highest revision decided for the upload, 0 when there is none. */
  readonly lastRevision: number;
  /** True when this very event has been decided: a redelivery. */
  readonly eventDecided: boolean;
}

export interface DecisionView {
  /** The decision of the highest revision, or of the one asked for. */
  find(uploadId: string, revision?: number): Decision | undefined;
  list(filter: DecisionFilter, page: { readonly before?: number; readonly limit: number }): DecisionPage;
  /** What has been decided for an upload, from the decisions applied so far. */
  ledger(uploadId: string, eventId: string): LedgerEntry;
  /** Called with each decision once it is in the view, in order. Returns how to stop. */
  subscribe(listener: (stored: StoredDecision) => void): () => void;
  /** Decisions after `sequence`, oldest first, at most `max`: for a client that resumes. */
  after(sequence: number, max: number): StoredDecision[];
  /** Resolves once every decision appended before this call, to all partitions or to the one named, is in the view. */
  caughtUp(partition?: number): Promise<void>;
  counts(): { readonly block: number; readonly review: number; readonly allow: number };
}

export interface StreamDecisionView {
  /** The decision of the highest revision; undefined when there is none, or it is long ago. */
  find(streamId: string): StreamDecision | undefined;
  /** Called with each decision on a stream once it is in the view. Returns how to stop. */
  subscribe(listener: (decision: StreamDecision) => void): () => void;
  /** Resolves once every decision appended before this call, to all partitions or to the one named, is in the view. */
  caughtUp(partition?: number): Promise<void>;
}
