/**
 * Finds the line knownTime = speed * uploadTime + offset on which a candidate's frames weigh most.
 *
 * For each of a few speeds every frame's intervals are projected on the offset axis, and a sweep finds the offset that
 * most of them share (a Hough transform with exact intervals instead of bins). The best lines are then refined by least
 * squares on their inliers, and lines through pairs of close matches catch the speeds between the listed ones.
 */
import type { TimeLine } from './alignment.ts';
import { type Candidate, type KnownInterval, type MatchedFrame, matchNear } from './candidate.ts';
import type { FrameMatch } from './frame-match.ts';
import type { TimeSpan } from './time-span.ts';

const speedMin = 0.5;
const speedMax = 2;
/** Nearest to 1 first: a later speed must be better, not as good. */
const speeds = [1, 1.05, 0.95, 1.1, 0.9, 1.25, 0.8, 1.5, 0.67, 2, 0.5];
/** Intervals in one sweep; beyond it each frame keeps its closest ones, so that a crowded bank cannot slow matching. */
const sweepIntervalsMax = 512;
/** Frames whose closest matches, alone and in pairs, propose lines. */
const closestFramesMax = 6;
const refinementsMax = 4;
/** Which of the inliers' own offsets are tried at normal speed: the middle one first. */
const normalOffsetShares = [0.5, 0, 1, 0.25, 0.75];
/** What a frame counts for being on the line at all, beside the closeness of its match. */
const presenceWeight = 40;
const farthestBits = 96;

export interface FittedLine {
  readonly line: TimeLine;
  /** In order of upload time, one per upload frame. */
  readonly inliers: readonly FrameMatch[];
  readonly weight: number;
}

/**
 * How hard to look. plain: at normal speed only, refined on the inliers; what most copies need. thorough: at any speed,
 * about half a millisecond for a candidate whose frames do not agree.
 */
export type SearchEffort = 'plain' | 'thorough';

/** The best line of a candidate with at least one frame. `toleranceMs` allows for the known side's sampling step. */
export function fitLine(candidate: Candidate, toleranceMs: number, effort: SearchEffort): FittedLine {
  const { frames } = candidate;
  const closest = closestFrames(frames);
  let best = refine(throughClosest(frames, closest, toleranceMs), frames, toleranceMs);
  if (effort === 'thorough' && best.inliers.length < frames.length) {
    best = heavier(best, refine(searchSpeeds(frames, closest, toleranceMs), frames, toleranceMs));
    best = refine(tryPairs(best, frames, closest, toleranceMs), frames, toleranceMs);
  }
  return preferNormalSpeed(best, frames, toleranceMs);
}

function searchSpeeds(
  frames: readonly MatchedFrame[],
  closest: readonly MatchedFrame[],
  toleranceMs: number,
): FittedLine {
  const intervals = sweepIntervals(frames);
  return speeds
    .flatMap((speed) =>
      bestOffsets(sweep(intervals, speed), speed, closest, toleranceMs).map((offsetMs) =>
        collect(frames, { speed, offsetMs }, toleranceMs),
      ),
    )
    .reduce(heavier);
}

/** The few frames with the closest matches, in order of upload time. */
function closestFrames(frames: readonly MatchedFrame[]): MatchedFrame[] {
  return [...frames]
    .sort((a, b) => a.closest.distanceBits - b.closest.distanceBits)
    .slice(0, closestFramesMax)
    .sort((a, b) => a.uploadTimeMs - b.uploadTimeMs);
}

function heavier(best: FittedLine, other: FittedLine): FittedLine {
  return other.weight > best.weight ? other : best;
}

/** Normal speed through each of the closest matches: the plain copy, and the start that every search improves on. */
function throughClosest(
  frames: readonly MatchedFrame[],
  closest: readonly MatchedFrame[],
  toleranceMs: number,
): FittedLine {
  return closest
    .map(({ closest: { knownTimeMs, uploadTimeMs } }) =>
      collect(frames, { speed: 1, offsetMs: knownTimeMs - uploadTimeMs }, toleranceMs),
    )
    .reduce(heavier);
}

/** The inliers of a line: of each frame the closest match within the tolerance. */
function collect(frames: readonly MatchedFrame[], line: TimeLine, toleranceMs: number): FittedLine {
  const inliers: FrameMatch[] = [];
  let weight = 0;
  for (const frame of frames) {
    const match = matchNear(frame, line.speed * frame.uploadTimeMs + line.offsetMs, toleranceMs);
    if (match === undefined) continue;
    inliers.push(match);
    weight += weightOf(match.distanceBits);
  }
  return { line, inliers, weight };
}

function weightOf(distanceBits: number): number {
  return presenceWeight + farthestBits - Math.min(distanceBits, farthestBits);
}

interface SweepInterval extends KnownInterval {
  readonly uploadTimeMs: number;
}

function sweepIntervals(frames: readonly MatchedFrame[]): SweepInterval[] {
  const framesInSweep = frames.slice(0, sweepIntervalsMax);
  const perFrameMax = Math.max(1, Math.floor(sweepIntervalsMax / framesInSweep.length));
  return framesInSweep.flatMap(({ intervals, uploadTimeMs }) => {
    const kept =
      intervals.length <= perFrameMax
        ? intervals
        : [...intervals].sort((a, b) => a.leastBits - b.leastBits).slice(0, perFrameMax);
    return kept.map((interval) => ({ ...interval, uploadTimeMs }));
  });
}

/** Offsets are shifted to be positive and packed with the interval's index, so that numbers sort without a comparer. */
const offsetShiftMs = 2 ** 35;
const eventStride = 2 * sweepIntervalsMax;

/**
 * The offsets worth trying at a speed: the middle of the stretch that most intervals share, and, when that stretch is
 * long (a still camera agrees with every offset), those at which single frames are closest.
 */
function bestOffsets(
  stretch: TimeSpan,
  speed: number,
  closest: readonly MatchedFrame[],
  toleranceMs: number,
): number[] {
  const middle = (stretch.startMs + stretch.endMs) / 2;
  if (stretch.endMs - stretch.startMs <= toleranceMs) return [middle];
  const within = closest
    .map((frame) => frame.closest.knownTimeMs - speed * frame.uploadTimeMs)
    .filter((offsetMs) => offsetMs >= stretch.startMs && offsetMs <= stretch.endMs);
  return [middle, ...within];
}

/** The stretch of offsets that weighs most at a speed. */
function sweep(intervals: readonly SweepInterval[], speed: number): TimeSpan {
  const events = new Float64Array(intervals.length * 2);
  intervals.forEach(({ startMs, endMs, uploadTimeMs }, index) => {
    const shiftMs = offsetShiftMs - speed * uploadTimeMs;
    events[index * 2] = Math.round(startMs + shiftMs) * eventStride + index;
    events[index * 2 + 1] = Math.round(endMs + shiftMs) * eventStride + sweepIntervalsMax + index;
  });
  events.sort();
  let weight = 0;
  let bestWeight = -1;
  let best: TimeSpan = { startMs: 0, endMs: 0 };
  events.forEach((event, at) => {
    const index = event % eventStride;
    const interval = intervals[index % sweepIntervalsMax];
    weight += weightOf(interval?.leastBits ?? farthestBits) * (index < sweepIntervalsMax ? 1 : -1);
    if (weight <= bestWeight) return;
    bestWeight = weight;
    best = { startMs: offsetOf(event), endMs: offsetOf(events[at + 1] ?? event) };
  });
  return best;
}

function offsetOf(event: number): number {
  return Math.floor(event / eventStride) - offsetShiftMs;
}

function refine(from: FittedLine, frames: readonly MatchedFrame[], toleranceMs: number): FittedLine {
  let best = from;
  for (let round = 0; round < refinementsMax; round++) {
    const line = leastSquares(best.inliers);
    if (line === undefined) break;
    const refined = collect(frames, line, toleranceMs);
    if (refined.weight < best.weight) break;
    const settled = refined.weight === best.weight;
    best = refined;
    if (settled) break;
  }
  return best;
}

/** Undefined when the inliers do not span time, or their slope is no speed that copies are played at. */
function leastSquares(inliers: readonly FrameMatch[]): TimeLine | undefined {
  const count = inliers.length;
  if (count < 2) return undefined;
  const meanUploadMs = inliers.reduce((sum, match) => sum + match.uploadTimeMs, 0) / count;
  const meanKnownMs = inliers.reduce((sum, match) => sum + match.knownTimeMs, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const match of inliers) {
    const awayMs = match.uploadTimeMs - meanUploadMs;
    covariance += awayMs * (match.knownTimeMs - meanKnownMs);
    variance += awayMs * awayMs;
  }
  const speed = covariance / variance;
  if (!(speed >= speedMin && speed <= speedMax)) return undefined;
  return { speed, offsetMs: meanKnownMs - speed * meanUploadMs };
}

function tryPairs(
  from: FittedLine,
  frames: readonly MatchedFrame[],
  closest: readonly MatchedFrame[],
  toleranceMs: number,
): FittedLine {
  let best = from;
  closest.forEach(({ closest: early }, index) => {
    for (const { closest: late } of closest.slice(index + 1)) {
      const speed = (late.knownTimeMs - early.knownTimeMs) / (late.uploadTimeMs - early.uploadTimeMs);
      if (!(speed >= speedMin && speed <= speedMax)) continue;
      const offsetMs = early.knownTimeMs - speed * early.uploadTimeMs;
      best = heavier(best, collect(frames, { speed, offsetMs }, toleranceMs));
    }
  });
  return best;
}

/**
 * A few frames that are sampled half a second apart cannot tell 1.2 from 1, and a slow scene lets a wrong slope pass
 * through closer frames. When normal speed loses no frame, the plain answer is the honest one.
 */
function preferNormalSpeed(best: FittedLine, frames: readonly MatchedFrame[], toleranceMs: number): FittedLine {
  if (best.line.speed === 1) return best;
  const offsets = best.inliers.map((match) => match.knownTimeMs - match.uploadTimeMs).sort((a, b) => a - b);
  const normal = normalOffsetShares
    .map((share) => offsets[Math.floor(share * (offsets.length - 1))] ?? 0)
    .map((offsetMs) => collect(frames, { speed: 1, offsetMs }, toleranceMs))
    .reduce(heavier);
  return normal.inliers.length >= best.inliers.length ? normal : best;
}

/** A known image has no time: every frame of the upload that shows it counts, wherever it stands. */
export function fitStill(candidate: Candidate): FittedLine {
  const inliers = candidate.frames.map((frame) => frame.closest);
  const weight = inliers.reduce((sum, match) => sum + weightOf(match.distanceBits), 0);
  return { line: { speed: 1, offsetMs: -(inliers[0]?.uploadTimeMs ?? 0) }, inliers, weight };
}
