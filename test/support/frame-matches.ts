/** Frame matches as a bank would give them, for tests of alignment and decisions. */
import type { AlignOptions } from '../../src/match/align.ts';
import { type Alignment, summariseAlignment } from '../../src/match/alignment.ts';
import type { FrameMatch } from '../../src/match/frame-match.ts';
import type { KnownContent } from '../../src/match/known-content.ts';
import { hashNumber } from './hashes.ts';

export function knownContent(changes: Partial<KnownContent> = {}): KnownContent {
  return {
    contentId: 'content-1',
    bank: 'default',
    labels: ['incident-42'],
    kind: 'video',
    revision: 1,
    durationMs: 60_000,
    framesPerSecond: 2,
    sha256: undefined,
    ...changes,
  };
}

export function frameMatch(changes: Partial<FrameMatch> = {}): FrameMatch {
  const uploadTimeMs = changes.uploadTimeMs ?? 0;
  const knownTimeMs = changes.knownTimeMs ?? 0;
  return {
    uploadTimeMs,
    knownTimeMs,
    knownUntilMs: knownTimeMs,
    contentNumber: 1,
    dihedral: 0,
    distanceBits: 10,
    quality: 90,
    uploadHash: hashNumber(uploadTimeMs),
    ...changes,
  };
}

/** Upload frames at `timesMs`, each matching the nearest known frame of a `framesPerSecond` bank on the line. */
export function copyMatches(
  timesMs: readonly number[],
  { speed = 1, offsetMs = 0, framesPerSecond = 2 }: { speed?: number; offsetMs?: number; framesPerSecond?: number },
  changes: Partial<FrameMatch> = {},
): FrameMatch[] {
  const stepMs = 1000 / framesPerSecond;
  return timesMs.map((uploadTimeMs) => {
    const knownTimeMs = Math.round((speed * uploadTimeMs + offsetMs) / stepMs) * stepMs;
    return frameMatch({ uploadTimeMs, knownTimeMs, knownUntilMs: knownTimeMs, ...changes });
  });
}

export const everythingCounts: AlignOptions = { known: () => knownContent(), counts: () => true };

/** `count` moments, `stepMs` apart, from 0. */
export function moments(count: number, stepMs: number): number[] {
  return Array.from({ length: count }, (_, at) => at * stepMs);
}

/** The alignment of matches at normal speed, of an upload of which nothing else was looked at. */
export function lineOf(inliers: readonly FrameMatch[]): Alignment {
  return summariseAlignment({
    contentNumber: 1,
    dihedral: 0,
    line: { speed: 1, offsetMs: 0 },
    inliers,
    frameTimesMs: inliers.map(({ uploadTimeMs }) => uploadTimeMs),
    knownStepMs: 500,
  });
}
