/** Which moments of a video to look at, and in which order. Pure arithmetic on milliseconds. */
import type { TimeSpan } from '../../match/time-span.ts';

export interface SparseBounds {
  readonly framesMin: number;
  readonly framesMax: number;
  readonly spacingMsMin: number;
  readonly gapMsMax: number;
}

export interface FillPlan {
  /** Ascending. */
  readonly timesMs: readonly number[];
  /** How far before such a moment a key frame may lie that does instead: it costs a fraction. */
  readonly toleranceMs: number;
}

/** 0 to `count` - 1 in bit-reversed order, so that every prefix is spread evenly over the whole. */
export function spreadOrder(count: number): number[] {
  const bits = Math.ceil(Math.log2(Math.max(count, 1)));
  const reversed = Array.from({ length: 2 ** bits }, (_, index) => reverseBits(index, bits));
  return reversed.filter((index) => index < count);
}

/** `count` moments at even distances from 0. */
export function evenTimes(durationMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.floor((durationMs * index) / count));
}

/** `count` of these moments, which ascend: again and again the one goes whose neighbours lie closest to each other. */
export function thinOut(timesMs: readonly number[], count: number): number[] {
  const kept = [...timesMs];
  while (kept.length > Math.max(2, count)) kept.splice(leastMissed(kept), 1);
  return kept;
}

/** All of these moments in an order whose every prefix is spread evenly over the duration, as far as they are. */
export function spreadFirst(timesMs: readonly number[], durationMs: number): number[] {
  const left = [...timesMs];
  const placesMs = evenTimes(durationMs, timesMs.length);
  return spreadOrder(timesMs.length).map((index) => {
    const placeMs = placesMs[index] ?? 0;
    const distances = left.map((timeMs) => Math.abs(timeMs - placeMs));
    return left.splice(distances.indexOf(Math.min(...distances)), 1)[0] ?? 0;
  });
}

/** Place of the moment whose neighbours lie closest to each other; neither the first nor the last of three or more. */
export function leastMissed(timesMs: readonly number[]): number {
  const spanAround = (place: number) => (timesMs[place + 1] ?? 0) - (timesMs[place - 1] ?? 0);
  let found = 1;
  for (let place = 2; place < timesMs.length - 1; place++) {
    if (spanAround(place) < spanAround(found)) found = place;
  }
  return found;
}

/**
 * The moments that a sparse pass still lacks, in order of time. `sampledMs` are the moments it has, ascending.
 * Afterwards no stretch is longer than `gapMsMax`; the budget of `framesMax` comes first, and widens the distances evenly.
 * Where there are fewer than `framesMin` frames, or than one every `spacingMsMin`, the others follow those that are there, as
 * close as that, for they cost least there ('onward'), or come from everywhere ('even').
 */
export function fillTimes(
  sampledMs: readonly number[],
  durationMs: number,
  bounds: SparseBounds,
  others: 'onward' | 'even',
): FillPlan {
  const { framesMin, framesMax, spacingMsMin, gapMsMax } = bounds;
  const budget = framesMax - sampledMs.length;
  const enough = Math.min(framesMin, Math.max(1, Math.ceil(durationMs / spacingMsMin)));
  const lacking = Math.max(0, enough - sampledMs.length);
  const onward = others === 'onward' ? onwardTimes(sampledMs, durationMs, spacingMsMin, lacking) : [];
  const known = [...sampledMs, ...onward].sort((a, b) => a - b);
  // What is taken lies up to the tolerance beside the moment asked for; what lies between key frames is as long as it is.
  const gapMs = gapMsMax - spacingMsMin;
  let stepMs = others === 'even' ? Math.min(gapMs, Math.max(spacingMsMin, durationMs / enough)) : gapMs;
  const closedMs = others === 'even' ? stepMs : gapMsMax;
  let between = divideGaps(known, durationMs, stepMs, closedMs);
  while (onward.length + between.length > budget && between.length > 0) {
    stepMs *= 1.25;
    between = divideGaps(known, durationMs, stepMs, closedMs);
  }
  const timesMs = [...onward, ...between].sort((a, b) => a - b).slice(0, Math.max(budget, 0));
  return { timesMs, toleranceMs: stepMs > gapMs ? stepMs / 4 : spacingMsMin / 2 };
}

/** Longest stretch without a sampled moment, the head and the tail of the duration included. */
export function largestGap(sampledMs: readonly number[], durationMs: number): number {
  const borders = [0, ...sampledMs, Math.max(durationMs, sampledMs.at(-1) ?? 0)];
  return borders.slice(1).reduce((widest, time, index) => Math.max(widest, time - (borders[index] as number)), 0);
}

/** `count` of `pages` pages, evenly spread, the first included, in order. */
export function spreadPages(pages: number, count: number): number[] {
  const taken = Math.min(pages, count);
  return Array.from({ length: taken }, (_, index) => Math.floor((index * pages) / taken));
}

/** `count` moments at most: the next one behind each that was sampled, then the one after that, and so on. */
function onwardTimes(sampledMs: readonly number[], durationMs: number, spacingMs: number, count: number): number[] {
  const starts = [...new Set([0, ...sampledMs])];
  const order = spreadOrder(starts.length).map((place) => starts[place] ?? 0);
  const taken = [...sampledMs];
  for (let awayMs = 0; awayMs < Math.max(durationMs, 1); awayMs += spacingMs) {
    for (const start of order) {
      const timeMs = start + awayMs;
      const isFree = taken.every((time) => Math.abs(time - timeMs) > spacingMs / 2);
      if (taken.length - sampledMs.length >= count) return taken.slice(sampledMs.length);
      if (isFree && (timeMs === 0 || timeMs < durationMs)) taken.push(timeMs);
    }
  }
  return taken.slice(sampledMs.length);
}

/** Moments that divide each gap of more than `closedMs` into pieces of `stepMs` at most. */
function divideGaps(knownMs: readonly number[], durationMs: number, stepMs: number, closedMs: number): number[] {
  const borders = [0, ...knownMs, durationMs];
  const found: number[] = [];
  for (let index = 1; index < borders.length; index++) {
    const from = borders[index - 1] as number;
    const gapMs = (borders[index] as number) - from;
    const pieces = gapMs <= closedMs ? 1 : Math.ceil(gapMs / stepMs);
    for (let piece = 1; piece < pieces; piece++) found.push(Math.round(from + (gapMs * piece) / pieces));
  }
  return found;
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) reversed |= ((value >> bit) & 1) << (bits - 1 - bit);
  return reversed;
}

/** Moments to stop at while decoding in order of time. */
export interface Ticks {
  /** Infinity when there are no more. */
  readonly nextMs: number;
  /** From a moment to the tick nearest to it, passed or not. */
  distanceMs(timeMs: number): number;
  /** Goes on to the next moment; an endless row leaps to the last one at or before `passedMs`. */
  advance(passedMs: number): void;
}

/** The moments of a plan, one after the other. */
export function listedTicks(timesMs: readonly number[]): Ticks {
  let at = 0;
  return {
    get nextMs() {
      return timesMs[at] ?? Number.POSITIVE_INFINITY;
    },
    distanceMs(timeMs) {
      return timesMs.reduce((least, tickMs) => Math.min(least, Math.abs(tickMs - timeMs)), Number.POSITIVE_INFINITY);
    },
    advance() {
      at++;
    },
  };
}

/** A moment every `stepMs` from 0 on, without an end. */
export function evenTicks(stepMs: number): Ticks {
  let count = 0;
  return {
    get nextMs() {
      return count * stepMs;
    },
    distanceMs(timeMs) {
      return Math.abs(Math.max(0, Math.round(timeMs / stepMs)) * stepMs - timeMs);
    },
    advance(passedMs) {
      count = Math.max(count + 1, Math.floor(passedMs / stepMs));
    },
  };
}

/** Moments of the row every `stepMs` from 0 on that lie within a span, both ends included, and within the duration. */
export function ticksWithin({ startMs, endMs }: TimeSpan, stepMs: number, durationMs: number): number[] {
  const first = Math.ceil(startMs / stepMs);
  const last = Math.floor(Math.min(endMs, durationMs) / stepMs);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => (first + place) * stepMs);
}

/** For a duration that nobody knows: dense at first, each distance an eighth of the way so far. */
export function wideningTicks(stepMsMin: number): Ticks {
  let nextMs = 0;
  return {
    get nextMs() {
      return nextMs;
    },
    // Those to come depend on what was passed: any moment may be one.
    distanceMs: () => 0,
    advance(passedMs) {
      nextMs += Math.max(stepMsMin, nextMs / 8);
      if (nextMs < passedMs) nextMs = passedMs;
    },
  };
}
