/**
 * How often what was never seen happens: the upper tail of a measured distribution, carried on by a generalised Pareto
 * distribution (peaks over threshold; fitted by probability-weighted moments, Hosking and Wallis, "Parameter and Quantile
 * Estimation for the Generalized Pareto Distribution", Technometrics 29, 1987).
 */
import { seededNumbers } from '../../support/synthetic-frames.ts';
import { quantile } from '../conditions.ts';

export interface TailEstimate {
  /** Values that the tail was fitted to. */
  readonly peaks: number;
  /** They lie above it. */
  readonly threshold: number;
  /** Above 0 the tail is heavier than exponential, below it ends somewhere. */
  readonly shape: number;
  readonly scale: number;
  /** Share of all values that is expected at `level` and above. */
  readonly share: number;
  /** That in 95 of 100 drawings of as many peaks from these. */
  readonly shareUpper95: number;
}

const drawings = 1_000;
/** From fewer peaks nothing can be told. */
export const peaksMin = 10;

/**
 * The share of `count` values that is at `level` and above, from the `peaks` greatest. `values` are those that were seen, in
 * any order; the others of `count` lie below all of them. Undefined when there are fewer values than that, or than ten.
 */
export function estimateTail(
  values: readonly number[],
  count: number,
  { peaks, level, seed }: { readonly peaks: number; readonly level: number; readonly seed: number },
): TailEstimate | undefined {
  const falling = [...values].sort((a, b) => b - a);
  const threshold = falling[peaks];
  if (threshold === undefined || peaks < peaksMin) return undefined;
  const excesses = falling.slice(0, peaks).map((value) => value - threshold);
  const fit = fitPareto(excesses);
  const shareOf = ({ shape, scale }: Pareto) => (peaks / count) * survival(level - threshold, shape, scale);
  const next = seededNumbers(seed);
  const drawn = Array.from({ length: drawings }, () =>
    shareOf(fitPareto(excesses.map(() => excesses[next() % peaks] ?? 0))),
  );
  return { peaks, threshold, ...fit, share: shareOf(fit), shareUpper95: quantile(drawn, 0.95) };
}

interface Pareto {
  readonly shape: number;
  readonly scale: number;
}

function fitPareto(excesses: readonly number[]): Pareto {
  const rising = [...excesses].sort((a, b) => a - b);
  const count = rising.length;
  const mean = rising.reduce((sum, value) => sum + value, 0) / count;
  const weighted = rising.reduce((sum, value, at) => sum + (1 - (at + 0.65) / count) * value, 0) / count;
  const spread = mean - 2 * weighted;
  // All alike: nothing beyond them.
  if (spread <= 0) return { shape: -1, scale: mean };
  return { shape: 2 - mean / spread, scale: (2 * mean * weighted) / spread };
}

/** The share of excesses above `excess`. */
function survival(excess: number, shape: number, scale: number): number {
  if (excess <= 0) return 1;
  if (scale <= 0) return 0;
  if (Math.abs(shape) < 1e-9) return Math.exp(-excess / scale);
  return Math.max(0, 1 + (shape * excess) / scale) ** (-1 / shape);
}
