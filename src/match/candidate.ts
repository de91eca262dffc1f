/**
 * A candidate: everything of one known content, in one rotation or flip, that frames of the upload have matched so far.
 * Hypotheses never mix on one line: geometry is constant within a copy.
 */
import { limits } from '../config/limits.ts';
import type { FrameMatch } from './frame-match.ts';

/** A stretch of known time within the tolerance of one or more matches of one upload frame. */
export interface KnownInterval {
  readonly startMs: number;
  readonly endMs: number;
  readonly leastBits: number;
}

/** One upload frame with its matches in the candidate. */
export interface MatchedFrame {
  readonly uploadTimeMs: number;
  /** By known time, ascending. */
  readonly matches: readonly FrameMatch[];
  /** The known times at which a line passes this frame: disjoint, ascending. A still camera makes one long interval. */
  readonly intervals: readonly KnownInterval[];
  readonly closest: FrameMatch;
  /** The longest that one match lasts; how far before a moment a match that covers it may begin. */
  readonly longestMs: number;
}

export interface Candidate {
  readonly contentNumber: number;
  readonly dihedral: number;
  /** In order of upload time. */
  readonly frames: MatchedFrame[];
  leastBits: number;
  /** Which of the upload's frames, in order of arrival, matched last. */
  lastFrame: number;
}

/** Returns false when the candidate has no room left for the frame. */
export function addFrame(candidate: Candidate, frame: MatchedFrame, arrival: number): boolean {
  if (candidate.frames.length >= limits.candidateFramesMax) return false;
  let at = candidate.frames.length;
  while (at > 0 && (candidate.frames[at - 1]?.uploadTimeMs ?? 0) > frame.uploadTimeMs) at -= 1;
  candidate.frames.splice(at, 0, frame);
  candidate.lastFrame = arrival;
  candidate.leastBits = Math.min(candidate.leastBits, frame.closest.distanceBits);
  return true;
}

/** Orders candidates by how much there is of them: more frames first, then the closer match. */
export function byPromise(a: Candidate, b: Candidate): number {
  return b.frames.length - a.frames.length || a.leastBits - b.leastBits || a.contentNumber - b.contentNumber;
}

/**
 * Which candidates stay when there are too many: of those with one frame the latest, or a title card that everything
 * shares would keep the true content out for good.
 */
export function byClaim(a: Candidate, b: Candidate): number {
  return b.frames.length - a.frames.length || b.lastFrame - a.lastFrame || byPromise(a, b);
}

/** All matches of one upload frame in a candidate; `first` is any of them. */
export function matchedFrameOf(matches: readonly FrameMatch[], first: FrameMatch, toleranceMs: number): MatchedFrame {
  const byTime = [...matches].sort((a, b) => a.knownTimeMs - b.knownTimeMs);
  const closest = byTime.reduce((best, match) => (match.distanceBits < best.distanceBits ? match : best), first);
  const longestMs = byTime.reduce((longest, match) => Math.max(longest, match.knownUntilMs - match.knownTimeMs), 0);
  const intervals = intervalsOf(byTime, toleranceMs);
  return { uploadTimeMs: first.uploadTimeMs, matches: byTime, intervals, closest, longestMs };
}

function intervalsOf(byTime: readonly FrameMatch[], toleranceMs: number): KnownInterval[] {
  const intervals: { startMs: number; endMs: number; leastBits: number }[] = [];
  for (const { knownTimeMs, knownUntilMs, distanceBits } of byTime) {
    const last = intervals[intervals.length - 1];
    if (last !== undefined && knownTimeMs - toleranceMs <= last.endMs) {
      last.endMs = Math.max(last.endMs, knownUntilMs + toleranceMs);
      last.leastBits = Math.min(last.leastBits, distanceBits);
    } else {
      intervals.push({
        startMs: knownTimeMs - toleranceMs,
        endMs: knownUntilMs + toleranceMs,
        leastBits: distanceBits,
      });
    }
  }
  return intervals;
}

/**
 * The closest match within the tolerance of `knownTimeMs`; of equally close ones the nearest in time. A match that lasts
 * is given at the moment of it that is nearest.
 */
export function matchNear(frame: MatchedFrame, knownTimeMs: number, toleranceMs: number): FrameMatch | undefined {
  let best: FrameMatch | undefined;
  let bestAwayMs = 0;
  const earliestMs = knownTimeMs - toleranceMs - frame.longestMs;
  for (let at = lowerBound(frame.matches, earliestMs); at < frame.matches.length; at++) {
    const match = frame.matches[at];
    if (match === undefined || match.knownTimeMs > knownTimeMs + toleranceMs) break;
    const awayMs = Math.abs(momentNear(match, knownTimeMs) - knownTimeMs);
    if (awayMs > toleranceMs) continue;
    const isBetter =
      best === undefined ||
      match.distanceBits < best.distanceBits ||
      (match.distanceBits === best.distanceBits && awayMs < bestAwayMs);
    if (isBetter) {
      best = match;
      bestAwayMs = awayMs;
    }
  }
  if (best === undefined || best.knownUntilMs === best.knownTimeMs) return best;
  const momentMs = momentNear(best, knownTimeMs);
  return { ...best, knownTimeMs: momentMs, knownUntilMs: momentMs };
}

function momentNear(match: FrameMatch, knownTimeMs: number): number {
  return Math.min(Math.max(knownTimeMs, match.knownTimeMs), match.knownUntilMs);
}

/** Index of the first match at or after `knownTimeMs`. */
function lowerBound(matches: readonly FrameMatch[], knownTimeMs: number): number {
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((matches[middle]?.knownTimeMs ?? 0) < knownTimeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
