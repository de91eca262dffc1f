/** An overload second by second: what was offered and decided, what waited, and when it was over. */
import { median } from '../conditions.ts';
import { latencyMs, type Offered } from './tally.ts';

export interface CurvePoint {
  /** Seconds from the beginning of the overload. */
  readonly second: number;
  readonly offered: number;
  readonly decided: number;
  /** Undecided uploads at the end of this second. */
  readonly backlog: number;
  /** Of the uploads that were decided in this second; null for none. */
  readonly p50Ms: number | null;
  /** Of these, decisions that say that something was left out. */
  readonly degraded: number;
  /** Rungs of the ladder of effort below full effort; null when the service does not tell. */
  readonly rung: number | null;
}

/** `rungs` by second, as they were read. */
export function curveOf(
  uploads: readonly Offered[],
  startMs: number,
  rungs: ReadonlyMap<number, number>,
): CurvePoint[] {
  const secondOf = (atMs: number) => Math.max(0, Math.floor((atMs - startMs) / 1000));
  const ends = uploads.map(({ dueMs, decided }) => secondOf(Math.max(dueMs, decided?.atMs ?? dueMs)));
  const length = uploads.length === 0 ? 0 : Math.max(...ends) + 1;
  const seconds = Array.from({ length }, () => ({ offered: 0, degraded: 0, latencies: [] as number[] }));
  for (const upload of uploads) {
    const due = seconds[secondOf(upload.dueMs)];
    if (due !== undefined) due.offered += 1;
    const [latency, made] = [latencyMs(upload), upload.decided];
    const done = made === undefined ? undefined : seconds[secondOf(made.atMs)];
    if (done === undefined || latency === undefined) continue;
    done.latencies.push(latency);
    if (made !== undefined && made.degraded.length > 0) done.degraded += 1;
  }
  let backlog = 0;
  return seconds.map(({ offered, degraded, latencies }, second) => {
    backlog += offered - latencies.length;
    const p50Ms = latencies.length === 0 ? null : Math.round(median(latencies));
    return { second, offered, decided: latencies.length, backlog, p50Ms, degraded, rung: rungs.get(second) ?? null };
  });
}

/**
 * Seconds from the end of the overload until no more than `backlogMax` uploads are undecided at the end of a second; null
 * when that does not come while uploads go on coming. A backlog that goes when nothing comes any more is no recovery.
 */
export function recoveredSeconds(
  curve: readonly CurvePoint[],
  overloadSeconds: number,
  backlogMax: number,
): number | null {
  const lastOffered = curve.findLast(({ offered }) => offered > 0)?.second ?? 0;
  const over = curve.find(({ second, backlog }) => {
    return second >= overloadSeconds && second <= lastOffered && backlog <= backlogMax;
  });
  return over === undefined ? null : over.second + 1 - overloadSeconds;
}

/** Seconds from the end of the overload until the ladder is back at full effort; null when it is not, or does not tell. */
export function fullEffortSeconds(curve: readonly CurvePoint[], overloadSeconds: number): number | null {
  const lastDown = curve.findLast(({ rung }) => rung !== null && rung > 0);
  if (!curve.some(({ rung }) => rung !== null)) return null;
  if (lastDown === undefined) return 0;
  const back = curve.find(({ second, rung }) => second > lastDown.second && rung === 0);
  return back === undefined ? null : Math.max(0, back.second - overloadSeconds);
}

const bars = '▁▂▃▄▅▆▇█';

/** One sign for each value, as high as its share of the greatest. */
export function sparkline(values: readonly (number | null)[]): string {
  const greatest = Math.max(1, ...values.map((value) => value ?? 0));
  return values
    .map((value) => (value === null ? ' ' : bars[Math.round((value / greatest) * (bars.length - 1))]))
    .join('');
}

/**
 * The curve in at most `groupsMax` stretches of the same length: what was offered and decided in each, the backlog at its
 * end, and the slowest second and the lowest rung of it, for a peak must not vanish.
 */
export function condense(curve: readonly CurvePoint[], groupsMax: number): CurvePoint[] {
  const size = Math.max(1, Math.ceil(curve.length / groupsMax));
  return Array.from({ length: Math.ceil(curve.length / size) }, (_, group) => {
    const points = curve.slice(group * size, (group + 1) * size);
    const sum = (name: 'offered' | 'decided' | 'degraded') => points.reduce((total, point) => total + point[name], 0);
    return {
      second: group * size,
      offered: sum('offered'),
      decided: sum('decided'),
      backlog: points.at(-1)?.backlog ?? 0,
      p50Ms: greatest(points.map(({ p50Ms }) => p50Ms)),
      degraded: sum('degraded'),
      rung: greatest(points.map(({ rung }) => rung)),
    };
  });
}

function greatest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
