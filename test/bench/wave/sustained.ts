/** The search for the highest rate that is kept up, step by step, and what keeping up means. */
import { quantile } from '../conditions.ts';

export interface Step {
  readonly rate: number;
  readonly held: boolean;
}

export interface StepMeasures {
  readonly rate: number;
  /** From the event to the decision, of every upload of the step. */
  readonly latenciesMs: readonly number[];
  /** Undecided uploads at each second of the step, from its first to its last. */
  readonly backlog: readonly number[];
  /** The step was ended early, for the backlog could not be caught up with any more. */
  readonly givenUp: boolean;
  readonly lost: number;
}

const sustainedP99MsMax = 2_000;
/** A rate and the next higher one that is tried are not closer than this. */
const rateRatioMin = 1.06;

/** Undecided uploads that come and go by chance: the bunches in which uploads arrive. */
function backlogSlack(rate: number): number {
  return Math.max(4, rate / 4);
}

/** p99 below two seconds, nothing lost, and at the end no more undecided uploads than at the middle. */
export function isHeld({ rate, latenciesMs, backlog, givenUp, lost }: StepMeasures): boolean {
  if (givenUp || lost > 0 || latenciesMs.length === 0) return false;
  return quantile(latenciesMs, 0.99) < sustainedP99MsMax && backlogGrowth(backlog) <= backlogSlack(rate);
}

/** Mean of the last fifth less mean of the middle fifth: one second alone says little. */
export function backlogGrowth(backlog: readonly number[]): number {
  const width = Math.max(1, Math.round(backlog.length / 5));
  const middle = Math.floor((backlog.length - width) / 2);
  return mean(backlog.slice(-width)) - mean(backlog.slice(middle, middle + width));
}

/** The rate to try next: doubled or halved until one is held and one is not, then between them; null when done. */
export function nextRate(steps: readonly Step[], first: number, stepsMax: number): number | null {
  if (steps.length >= stepsMax) return null;
  const held = sustainedRate(steps);
  const failed = Math.min(...steps.filter((step) => !step.held).map((step) => step.rate));
  if (steps.length === 0) return first;
  if (failed === Number.POSITIVE_INFINITY) return held * 2;
  if (held === 0) return failed / 2;
  return failed / held < rateRatioMin ** 2 ? null : Math.sqrt(held * failed);
}

/** The highest rate that was held while none below it failed; 0 for none. */
export function sustainedRate(steps: readonly Step[]): number {
  const failed = Math.min(...steps.filter((step) => !step.held).map((step) => step.rate));
  return Math.max(0, ...steps.filter((step) => step.held && step.rate < failed).map((step) => step.rate));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
