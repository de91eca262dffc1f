/** The messages between the log and the thread that owns its database. */
import type { CommitRequest, CommitResult, ReadResult, Refusal } from './commit.ts';
import type { PartitionEnd, PartitionLag, Topic } from './log.ts';
import type { RetentionRules } from './sqlite-retention.ts';
import type { RoomLimits } from './sqlite-room.ts';

export interface WorkerSettings extends RoomLimits {
  readonly path: string;
  readonly retention: RetentionRules;
  readonly retentionIntervalMs: number;
  readonly roomCheckMs: number;
}

/** What the thread can be asked for: the arguments and the answer of each call. */
export interface Calls {
  commit: { args: { requests: readonly CommitRequest[] }; answer: CommitAnswer };
  read: { args: { topic: Topic; fromOffset: number; max: number }; answer: ReadResult };
  end: { args: { topic: Topic }; answer: PartitionEnd };
  openGroup: { args: { topic: Topic; group: string }; answer: { committed: number; settled: number[] } };
  lag: { args: { topic: Topic; group: string }; answer: PartitionLag };
  retain: { args: { nowMs: number }; answer: null };
  close: { args: Record<string, never>; answer: null };
}

export type CallName = keyof Calls;

export interface CommitAnswer {
  readonly results: readonly CommitResult[];
  readonly ends: Readonly<Record<Topic, number>>;
  readonly unwritable: string | null;
}

export interface Call<N extends CallName = CallName> {
  readonly id: number;
  readonly name: N;
  readonly args: Calls[N]['args'];
}

export type FromWorker =
  | {
      readonly kind: 'opened';
      readonly logId: string;
      readonly ends: Record<Topic, number>;
      readonly unwritable: string | null;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Calls[CallName]['answer'] }
  | { readonly kind: 'failure'; readonly id: number; readonly refusal: Refusal }
  | { readonly kind: 'room'; readonly unwritable: string | null }
  | { readonly kind: 'retention-failed'; readonly refusal: Refusal };
