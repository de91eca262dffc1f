/**
 * How much is done for each upload, by how well the pipeline keeps up. Under overload the dearest work goes first, one
 * rung after the other while that does not help, and comes back the same way; each decision says what was left out of it.
 */
import { limits } from '../config/limits.ts';

/** The dearest first: what each rung leaves out, together with all rungs before it. */
export const shedSteps = ['second_look', 'frames', 'far_regions', 'regions'] as const;
export type ShedStep = (typeof shedSteps)[number];

/** What may be done for one upload. */
export interface Effort {
  /** A dense second look, in doubt. */
  readonly secondLook: boolean;
  /** Frames between key frames: they cost the decoding of all that lies between. */
  readonly framesBetween: boolean;
  /** Regions that few copies need: crops, halves, quarters. */
  readonly farRegions: boolean;
  readonly regions: boolean;
}

export const fullEffort: Effort = effortOf(0);

/** Of two halves of what was observed lately, how much less the later one takes where a backlog goes away. */
const fallingShare = 0.97;

export interface EffortLadder {
  /** What may be done for the next upload. */
  effort(): Effort;
  /** Rungs down from full effort, 0 to `shedSteps.length`. */
  readonly rung: number;
  /** Takes how long an upload has taken from its event, waiting included, milliseconds: at its decision, or so far. */
  observe(latencyMs: number): void;
}

export interface EffortLadderParts {
  readonly elapsedMs: () => number;
  readonly onChange: (rung: number) => void;
}

export function createEffortLadder({ elapsedMs, onChange }: EffortLadderParts): EffortLadder {
  let rung = 0;
  let movedMs = elapsedMs();
  let calmSinceMs = movedMs;
  let hasRisen = false;
  /** How long it must have kept up before it rises to each rung. */
  const calmsMs = Array.from({ length: shedSteps.length + 1 }, (): number => limits.effortCalmMs);
  let recent: { readonly atMs: number; readonly latencyMs: number }[] = [];

  const moveTo = (to: number, nowMs: number): void => {
    // What could not be kept up is tried less and less often; what could be for long enough, as soon as at first.
    const calmMs = calmsMs[rung] ?? limits.effortCalmMs;
    if (nowMs - movedMs >= limits.effortKeptUpMs) calmsMs[rung] = limits.effortCalmMs;
    else if (to > rung && hasRisen) calmsMs[rung] = Math.min(calmMs * 2, limits.effortCalmMsMax);
    hasRisen = to < rung;
    rung = to;
    movedMs = nowMs;
    calmSinceMs = nowMs;
    // What was begun on the rung before says nothing of this one.
    recent = [];
    onChange(rung);
  };
  return {
    effort: () => effortOf(rung),
    get rung() {
      return rung;
    },
    observe(latencyMs) {
      const nowMs = elapsedMs();
      recent.push({ atMs: nowMs, latencyMs });
      if (recent.length > limits.effortSamplesMax) recent.shift();
      while ((recent[0]?.atMs ?? nowMs) < nowMs - limits.effortWindowMs) recent.shift();
      const usualMs = middleOf(recent.map((one) => one.latencyMs));
      if (usualMs > limits.effortCalmLatencyMs) calmSinceMs = nowMs;
      const mayMove = nowMs - movedMs >= limits.effortHoldMs && rung < shedSteps.length;
      if (mayMove && usualMs > limits.effortLatencyMsMax && !isFalling(recent)) moveTo(rung + 1, nowMs);
      else if (rung > 0 && nowMs - calmSinceMs >= (calmsMs[rung - 1] ?? 0)) moveTo(rung - 1, nowMs);
    },
  };
}

function effortOf(rung: number): Effort {
  return {
    secondLook: rung < 1,
    framesBetween: rung < 2,
    farRegions: rung < 3,
    regions: rung < 4,
  };
}

/** What has piled up before the last rung goes away by itself: to shed more for it would cost what need not be lost. */
function isFalling(recent: readonly { readonly latencyMs: number }[]): boolean {
  const latenciesMs = recent.map(({ latencyMs }) => latencyMs);
  const half = latenciesMs.length >> 1;
  return middleOf(latenciesMs.slice(half)) < fallingShare * middleOf(latenciesMs.slice(0, half));
}

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
