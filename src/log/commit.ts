/** What the embedded log commits, as it crosses to the thread that owns the database. Plain data throughout. */
import { FloodgateError } from '../errors.ts';
import type { LogRecord, NewRecord, Topic } from './log.ts';

export interface AppendRequest {
  readonly kind: 'append';
  readonly records: readonly NewRecord[];
}

export interface SettleRequest {
  readonly kind: 'settle';
  readonly topic: Topic;
  readonly group: string;
  /** Offsets that are done; all become settled, together with the outputs, or none. */
  readonly offsets: readonly number[];
  readonly outputs: readonly NewRecord[];
}

export type CommitRequest = AppendRequest | SettleRequest;

/** An error as data: classes do not survive the way between threads. */
export interface Refusal {
  readonly code: 'log_full' | 'log_failed' | 'internal';
  readonly message: string;
}

/** Offsets of the records written, in order; or why nothing of this request was written. */
export type CommitResult = { readonly offsets: readonly number[] } | { readonly refusal: Refusal };

export interface ReadResult {
  readonly records: readonly LogRecord[];
  /** Where to read on: behind the last record, or the end of the topic when there is nothing more. */
  readonly nextOffset: number;
}

export function toError(refusal: Refusal): FloodgateError {
  return new FloodgateError(refusal.code, refusal.message);
}
