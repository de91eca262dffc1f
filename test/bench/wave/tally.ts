/** What became of uploads, counted. Plain data in, figures out. */
import type { Reason } from '../../../src/contracts/decision.ts';
import { quantile } from '../conditions.ts';
import type { UploadKind } from './schedule.ts';

export interface Offered {
  readonly uploadId: string;
  readonly kind: UploadKind;
  /** Of the file, for a list of what was let through: the edits of a copy, the source of a clip. */
  readonly about: string;
  /** When it was due, on the clock of the bench, milliseconds. */
  readonly dueMs: number;
  /** Undefined until its decision has come. */
  decided?: Decided;
}

export interface Decided {
  readonly atMs: number;
  readonly outcome: 'block' | 'review' | 'allow';
  readonly reason: Reason;
  readonly degraded: readonly string[];
  /** The best match names the incident. */
  readonly isIncident: boolean;
}

export interface Tally {
  readonly offered: number;
  readonly decided: number;
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of all copies that are blocked as the incident, 0 to 1, and of the edited ones alone. */
  readonly recall: number;
  readonly recallEdited: number;
  /** Copies let through, and copies held for a person. */
  readonly leaked: number;
  readonly held: number;
  /** Unrelated clips that are blocked, and held. */
  readonly falseBlocks: number;
  readonly falseHolds: number;
  readonly degraded: number;
  readonly degradations: Readonly<Record<string, number>>;
  /** Of copies that are not blocked: how many by outcome and reason, and how many by file. */
  readonly missedReasons: Readonly<Record<string, number>>;
  readonly missedFiles: Readonly<Record<string, number>>;
  /** Of unrelated clips that are held or blocked. */
  readonly wrongFiles: Readonly<Record<string, number>>;
  /** Of the slowest uploads, two in a hundred: what the quantile 0.99 is made of. */
  readonly slowFiles: Readonly<Record<string, number>>;
}

const slowShare = 0.02;

export function latencyMs(upload: Offered): number | undefined {
  return upload.decided === undefined ? undefined : upload.decided.atMs - upload.dueMs;
}

export function latenciesMs(uploads: readonly Offered[]): number[] {
  return uploads.flatMap((upload) => latencyMs(upload) ?? []);
}

export function tallyOf(uploads: readonly Offered[]): Tally {
  const latencies = latenciesMs(uploads);
  const decided = uploads.flatMap(({ kind, about, decided: made }) =>
    made === undefined ? [] : { kind, about, made },
  );
  const copies = decided.filter(({ kind }) => kind !== 'unrelated');
  const edited = decided.filter(({ kind }) => kind === 'edited');
  const missed = copies.filter((copy) => !isCaught(copy.made));
  const unrelated = decided.filter(({ kind }) => kind === 'unrelated');
  const wrong = unrelated.filter(({ made }) => made.outcome !== 'allow');
  const degraded = decided.filter(({ made }) => made.degraded.length > 0);
  return {
    offered: uploads.length,
    decided: decided.length,
    lost: uploads.length - decided.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    recall: share(copies.length - missed.length, copies.length),
    recallEdited: share(edited.filter(({ made }) => isCaught(made)).length, edited.length),
    leaked: copies.filter(({ made }) => made.outcome === 'allow').length,
    held: copies.filter(({ made }) => made.outcome === 'review').length,
    falseBlocks: unrelated.filter(({ made }) => made.outcome === 'block').length,
    falseHolds: unrelated.filter(({ made }) => made.outcome === 'review').length,
    degraded: degraded.length,
    degradations: countBy(degraded.flatMap(({ made }) => made.degraded)),
    missedReasons: countBy(missed.map(({ made }) => `${made.outcome} ${made.reason}`)),
    missedFiles: countBy(missed.map(({ about }) => about)),
    wrongFiles: countBy(wrong.map(({ about, made }) => `${made.outcome} ${about}`)),
    slowFiles: countBy(slowestOf(uploads, slowShare).map(({ about }) => about)),
  };
}

/** Of the parts into which the uploads fall by the time they were due: least and greatest of a quantile. */
export function spreadOf(uploads: readonly Offered[], quantileShare: number, parts: number): readonly [number, number] {
  const size = Math.max(1, Math.ceil(uploads.length / parts));
  const values = Array.from({ length: parts }, (_, part) => {
    return quantile(latenciesMs(uploads.slice(part * size, (part + 1) * size)), quantileShare);
  });
  return [Math.min(...values), Math.max(...values)];
}

function slowestOf(uploads: readonly Offered[], shareOfAll: number): Offered[] {
  const decided = uploads.filter((upload) => latencyMs(upload) !== undefined);
  const slowestFirst = decided.sort((a, b) => (latencyMs(b) ?? 0) - (latencyMs(a) ?? 0));
  return slowestFirst.slice(0, Math.ceil(decided.length * shareOfAll));
}

function isCaught({ outcome, isIncident }: Decided): boolean {
  return outcome === 'block' && isIncident;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort((a, b) => b[1] - a[1]));
}
