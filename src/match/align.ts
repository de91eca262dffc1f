/**
 * Frame matches in, alignments out: which stretch of the upload is which stretch of what, in which rotation or flip, at
 * what speed. Images are the one-frame case. Pure: an `Aligner` only keeps what it was given, so that the pipeline can
 * ask after every frame.
 */
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import { type Alignment, summariseAlignment } from './alignment.ts';
import { addFrame, byClaim, byPromise, type Candidate, matchedFrameOf } from './candidate.ts';
import { type FittedLine, fitLine, fitStill, type SearchEffort } from './fit-line.ts';
import type { FrameMatch } from './frame-match.ts';
import type { KnownContent } from './known-content.ts';

export type KnownTimeline = Pick<KnownContent, 'kind' | 'framesPerSecond'>;

export interface AlignOptions {
  /** Facts of a content number; undefined when it was removed since, and its matches are then left out. */
  readonly known: (contentNumber: number) => KnownTimeline | undefined;
  /** Whether a frame match is evidence at all; the policy says so (`alignOptionsOf`). */
  readonly counts: (match: FrameMatch) => boolean;
}

export interface Aligner {
  /**
   * Takes one usable frame of the upload with all its matches; with none too, for it is a stretch that did not match.
   */
  add(uploadTimeMs: number, matches: readonly FrameMatch[]): void;
  /** The best first, by score and then by distance; at most limits.alignmentsMax. */
  alignments(): readonly Alignment[];
  /** True when a limit left matches or candidates out. */
  readonly capped: boolean;
  /** Forgets everything: a second attempt at the same upload begins. */
  reset(): void;
}

/** Aligns all matches of one upload. `frameTimesMs` are the times of its usable frames, matched or not. */
export function align(
  matches: readonly FrameMatch[],
  frameTimesMs: readonly number[],
  options: AlignOptions,
): readonly Alignment[] {
  const aligner = createAligner(options);
  const byTime = groupBy(matches, (match) => match.uploadTimeMs);
  for (const timeMs of new Set([...frameTimesMs, ...byTime.keys()])) aligner.add(timeMs, byTime.get(timeMs) ?? []);
  return aligner.alignments();
}

export function createAligner(options: AlignOptions): Aligner {
  let candidates = new Map<number, Candidate>();
  let fits = new WeakMap<Candidate, CachedFit>();
  let frameTimesMs: number[] = [];
  let capped = false;
  return {
    add(uploadTimeMs, matches) {
      insertSorted(frameTimesMs, uploadTimeMs);
      if (matches.length > limits.matchesPerFrameMax) capped = true;
      for (const [key, ofCandidate] of groupBy(closestOf(matches).filter(options.counts), keyOf)) {
        if (!addMatches(candidates, key, ofCandidate, frameTimesMs.length, options)) capped = true;
      }
      if (candidates.size <= limits.candidatesMax) return;
      capped = true;
      const kept = [...candidates.entries()].sort(([, a], [, b]) => byClaim(a, b)).slice(0, limits.candidatesMax);
      candidates = new Map(kept);
    },
    alignments() {
      const promising = [...candidates.values()].sort(byPromise).slice(0, limits.alignmentsMax);
      return promising
        .flatMap((candidate, rank) => {
          const effort = rank < limits.searchedCandidatesMax ? 'thorough' : 'plain';
          const known = options.known(candidate.contentNumber);
          if (known === undefined) return [];
          const fit = fitCached(fits, candidate, effort, known);
          const knownStepMs = known.kind === 'image' ? 0 : stepOf(known);
          return [summariseAlignment({ ...candidate, ...fit, frameTimesMs, knownStepMs })];
        })
        .sort(byStrength);
    },
    get capped() {
      return capped;
    },
    reset() {
      candidates = new Map();
      fits = new WeakMap();
      frameTimesMs = [];
      capped = false;
    },
  };
}

interface CachedFit {
  readonly frames: number;
  readonly effort: SearchEffort;
  readonly fit: FittedLine;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function keyOf(match: FrameMatch): number {
  return match.contentNumber * dihedralNames.length + match.dihedral;
}

function closestOf(matches: readonly FrameMatch[]): readonly FrameMatch[] {
  if (matches.length <= limits.matchesPerFrameMax) return matches;
  return [...matches].sort((a, b) => a.distanceBits - b.distanceBits).slice(0, limits.matchesPerFrameMax);
}

/** Returns false when something had to be left out. */
function addMatches(
  candidates: Map<number, Candidate>,
  key: number,
  matches: readonly FrameMatch[],
  arrival: number,
  options: AlignOptions,
): boolean {
  const first = matches[0];
  if (first === undefined) return true;
  const { contentNumber, dihedral } = first;
  const known = options.known(contentNumber);
  if (known === undefined) return true;
  let candidate = candidates.get(key);
  if (candidate === undefined) {
    candidate = { contentNumber, dihedral, frames: [], leastBits: limits.hashBits, lastFrame: arrival };
    candidates.set(key, candidate);
  }
  return addFrame(candidate, matchedFrameOf(matches, first, toleranceOf(known)), arrival);
}

/** A fit holds until the candidate gets another frame. */
function fitCached(
  fits: WeakMap<Candidate, CachedFit>,
  candidate: Candidate,
  effort: SearchEffort,
  known: KnownTimeline,
): FittedLine {
  const cached = fits.get(candidate);
  if (cached?.frames === candidate.frames.length && cached.effort === effort) return cached.fit;
  const fit = known.kind === 'image' ? fitStill(candidate) : fitLine(candidate, toleranceOf(known), effort);
  fits.set(candidate, { frames: candidate.frames.length, effort, fit });
  return fit;
}

const usualFramesPerSecond = 2;
const toleranceMsMin = 300;

/**
 * How far a known frame may stand from the line, milliseconds. The nearest known frame is up to half a step away; half
 * as much again allows for key frames that a re-encoding moved and for speeds between the listed ones.
 */
export function toleranceOf(known: KnownTimeline): number {
  return Math.max(toleranceMsMin, stepOf(known));
}

export function stepOf(known: KnownTimeline): number {
  return 1000 / (known.framesPerSecond > 0 ? known.framesPerSecond : usualFramesPerSecond);
}

function insertSorted(timesMs: number[], timeMs: number): void {
  let at = timesMs.length;
  while (at > 0 && (timesMs[at - 1] ?? 0) > timeMs) at -= 1;
  timesMs.splice(at, 0, timeMs);
}

function byStrength(a: Alignment, b: Alignment): number {
  return b.score - a.score || a.medianDistanceBits - b.medianDistanceBits || a.contentNumber - b.contentNumber;
}
