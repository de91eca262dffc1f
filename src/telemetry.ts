/**
 * One function per business event. This file and `metrics/` alone log and count: each event owns its log line and its
 * metrics, so that both say the same. Labels are closed sets; never an upload, a user, a hash, a URL or a content.
 */
import type { MediaKind, Outcome } from './contracts/common.ts';
import type { DeadLetterCode } from './contracts/dead-letter.ts';
import type { Decision } from './contracts/decision.ts';
import type { ErrorCode } from './errors.ts';

export const stages = ['admit', 'fetch', 'fingerprint', 'search', 'align', 'decide', 'publish'] as const;
export type Stage = (typeof stages)[number];

export const components = ['log', 'bank', 'children', 'views'] as const;
export type Component = (typeof components)[number];

export interface Telemetry {
  // Life of the process
  serviceStarting(facts: Record<string, unknown>): void;
  serviceReady(facts: Record<string, unknown>): void;
  serviceStopping(reason: string): void;
  serviceStopped(): void;
  componentReadiness(component: Component, ready: boolean, why: string | null): void;
  /** What a person should know and act on, though nothing is lost. */
  warned(what: string, facts?: Record<string, unknown>): void;
  failed(what: string, error: unknown): void;

  // Pipeline
  uploadsConsumed(count: number): void;
  duplicateSkipped(reason: 'idempotency'): void;
  exactCopyFound(): void;
  stageFinished(stage: Stage, seconds: number): void;
  stageFailed(stage: Stage, code: ErrorCode): void;
  retried(stage: Stage): void;
  inflight(uploads: number): void;
  contentFetched(media: MediaKind, bytes: number): void;
  frameJudged(media: MediaKind, quality: number, usable: boolean): void;
  decided(decision: Decision, latencySeconds: number): void;
  deadLettered(code: DeadLetterCode, detail: string): void;
  settled(records: number, seconds: number): void;
  lagMeasured(records: number, seconds: number): void;

  // Children
  childPool(processes: number, busy: number, queued: number): void;
  childRestarted(reason: 'crash' | 'timeout' | 'memory' | 'recycle' | 'start_failed', detail: string): void;

  // Bank
  bankApplied(kind: 'add' | 'remove', seconds: number): void;
  bankRejected(detail: string): void;
  bankSized(facts: { hashes: number; contents: number; bytes: number; position: number }): void;
  searchFinished(seconds: number, queries: number): void;

  // HTTP
  requestFinished(method: string, route: string, status: number, seconds: number): void;
  streamClients(count: number): void;
  streamEventDropped(): void;
}

/** Outcome of a decision as the metrics count it: in observe-only mode what would have been done is told apart. */
export type CountedOutcome = Outcome | 'observed_block' | 'observed_review';
