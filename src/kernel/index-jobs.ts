/** What the index has done by its worker: the jobs, their answers, and who does them. */
import { type BuildOrder, type BuiltSegment, buildSegment } from './build-segment.ts';
import { type RestoredIndex, type RestoreOrder, readSnapshot, type SaveOrder, writeSnapshot } from './snapshot.ts';

/** For each job: what it is given, what it answers. */
export interface IndexJobs {
  build: { readonly order: BuildOrder; readonly answer: BuiltSegment };
  save: { readonly order: SaveOrder; readonly answer: null };
  restore: { readonly order: RestoreOrder; readonly answer: RestoredIndex };
}

export type IndexJobName = keyof IndexJobs;

export const indexJobs: { readonly [N in IndexJobName]: (order: IndexJobs[N]['order']) => IndexJobs[N]['answer'] } = {
  build: buildSegment,
  save: writeSnapshot,
  restore: readSnapshot,
};

export interface IndexJobFailure {
  readonly code: 'kernel_failed' | 'snapshot_failed' | 'snapshot_damaged';
  readonly message: string;
}

export type IndexJobResult = { readonly answer: unknown } | { readonly failure: IndexJobFailure };
