/**
 * An alignment: the frames of an upload and of one known content that lie on one line in time, and what they weigh.
 *
 * The weights follow the measurements behind docs/specs/matching.md: distances of unrelated frames are about normal
 * around 128 bits with a deviation of 8.4, so evidence begins at 96 bits, and a still picture must not count n times.
 */
import { bitsBetween } from './bits.ts';
import type { FrameMatch } from './frame-match.ts';
import type { PixelEvidence } from './pixel-check.ts';
import type { Region } from './region.ts';
import type { TimeSpan } from './time-span.ts';

/** knownTimeMs = speed * uploadTimeMs + offsetMs */
export interface TimeLine {
  readonly speed: number;
  readonly offsetMs: number;
}

export interface Alignment {
  readonly contentNumber: number;
  /** Position in `dihedralNames`. */
  readonly dihedral: number;
  readonly line: TimeLine;
  /** In order of upload time, one per upload frame; at least one. */
  readonly inliers: readonly FrameMatch[];
  /** The least distance of each distinct frame, in order of time: repeated frames share one entry. */
  readonly distinctBits: readonly number[];
  /** "LA": sum over distinct frames of (96 - distance) / 10, at most 4 each. */
  readonly score: number;
  readonly distanceBits: number;
  readonly medianDistanceBits: number;
  readonly upload: TimeSpan;
  readonly known: TimeSpan;
  /** Time of the upload between inliers that follow one another, without the stretches that did not match. */
  readonly matchedMs: number;
  /**
   * How far the match may reach in the upload: halfway to the nearest frames on either side that were looked at and are
   * not on the line; from 0, and to infinity, where there are none.
   */
  readonly reach: TimeSpan;
  /** Undefined when whole frames were compared and nothing else was looked at. */
  readonly picture?: PictureMatch;
}

/** Which part of the upload's picture shows which part of the known one, and how well their pixels agree. */
export interface PictureMatch {
  readonly uploadRegion: Region;
  readonly knownRegion: Region;
  /** The upload shows it as a negative. */
  readonly negative: boolean;
  /** Null when there were no pixels to compare. */
  readonly pixels: PixelEvidence | null;
}

/** Frames of an upload within this distance of an earlier one are the same picture and share one vote. */
const repeatRadiusBits = 20;
/** Leaders looked at; beyond it further frames join nobody and add nothing, since the score has long decided. */
const leadersMax = 256;
const evidenceBitsMax = 96;
const evidencePerFrameMax = 4;
/** So many usable frames in a row may miss within a stretch: fast motion costs single frames their match. */
const missedFramesMax = 1;
/**
 * Inliers that stand no further apart than neighbouring known frames, give or take, are joined whatever misses between
 * them: of fast footage nothing there can match, because the bank has no frame of it.
 */
const stepsBridgedMax = 1.25;

export interface AlignmentParts {
  readonly contentNumber: number;
  readonly dihedral: number;
  readonly line: TimeLine;
  /** In order of upload time, one per upload frame; at least one. */
  readonly inliers: readonly FrameMatch[];
  /** Times of all usable frames of the upload seen so far, ascending: those of the inliers are among them. */
  readonly frameTimesMs: readonly number[];
  /** Time from one known frame to the next, 0 for an image. */
  readonly knownStepMs: number;
  /** Hashes of the known content, where there are entries; without it only the upload's side is looked at. */
  readonly knownHashOf?: (entry: number) => Uint8Array;
}

export function summariseAlignment(parts: AlignmentParts): Alignment {
  const { contentNumber, dihedral, line, inliers } = parts;
  const distances = inliers.map((match) => match.distanceBits).sort((a, b) => a - b);
  const distinct = bestOfDistinct(inliers, parts);
  return {
    contentNumber,
    dihedral,
    line,
    inliers,
    distinctBits: distinct.map(({ distanceBits }) => distanceBits),
    score: distinct.reduce((score, { distanceBits }) => score + evidenceOf(distanceBits), 0),
    distanceBits: distances[0] ?? 0,
    medianDistanceBits: distances[distances.length >> 1] ?? 0,
    upload: spanOf(inliers.map((match) => match.uploadTimeMs)),
    known: spanOf(inliers.map((match) => match.knownTimeMs)),
    reach: reachOf(inliers, parts.frameTimesMs),
    matchedMs: matchedTime(inliers, parts.frameTimesMs, (parts.knownStepMs * stepsBridgedMax) / line.speed),
  };
}

/** What one frame at that distance is worth, 0 to 4. */
export function evidenceOf(distanceBits: number): number {
  return Math.min(evidencePerFrameMax, Math.max(0, (evidenceBitsMax - distanceBits) / 10));
}

interface DistinctFrame {
  readonly uploadHash: Uint8Array;
  readonly knownTimeMs: number;
  /** Undefined for whole frames. */
  readonly knownHash: Uint8Array | undefined;
  /** The least of all frames that repeat it. */
  distanceBits: number;
}

/**
 * Greedy leaders over the upload's frames in order of time; each leader keeps the best distance of its followers. Frames
 * that show the same known picture are one as well: what differs between them is not in the known content. An image is one
 * picture throughout, so of it the upload alone tells.
 */
function bestOfDistinct(
  inliers: readonly FrameMatch[],
  { knownStepMs, knownHashOf }: Pick<AlignmentParts, 'knownStepMs' | 'knownHashOf'>,
): DistinctFrame[] {
  const leaders: DistinctFrame[] = [];
  for (const { uploadHash, knownTimeMs, distanceBits, knownEntry } of inliers) {
    const knownHash = knownEntry === undefined ? undefined : knownHashOf?.(knownEntry);
    const showsSame = (one: DistinctFrame) => one.knownTimeMs === knownTimeMs || isRepeat(one.knownHash, knownHash);
    const leader = leaders.find((one) => isRepeat(one.uploadHash, uploadHash) || (knownStepMs > 0 && showsSame(one)));
    if (leader !== undefined) {
      leader.distanceBits = Math.min(leader.distanceBits, distanceBits);
    } else if (leaders.length < leadersMax) {
      leaders.push({ uploadHash, knownTimeMs, knownHash, distanceBits });
    }
  }
  return leaders;
}

function isRepeat(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && bitsBetween(one, other) <= repeatRadiusBits;
}

function spanOf(timesMs: readonly number[]): TimeSpan {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = 0;
  for (const timeMs of timesMs) {
    startMs = Math.min(startMs, timeMs);
    endMs = Math.max(endMs, timeMs);
  }
  return { startMs, endMs };
}

function reachOf(inliers: readonly FrameMatch[], frameTimesMs: readonly number[]): TimeSpan {
  const firstMs = inliers[0]?.uploadTimeMs ?? 0;
  const lastMs = inliers[inliers.length - 1]?.uploadTimeMs ?? 0;
  const beforeMs = frameTimesMs.findLast((timeMs) => timeMs < firstMs);
  const afterMs = frameTimesMs.find((timeMs) => timeMs > lastMs);
  return {
    startMs: beforeMs === undefined ? 0 : (beforeMs + firstMs) / 2,
    endMs: afterMs === undefined ? Number.POSITIVE_INFINITY : (afterMs + lastMs) / 2,
  };
}

/**
 * The stretch of the upload that shows known content, and what it shows: along the line to the ends of either, as far
 * as the match reaches. A content of length 0 is a picture, or of unknown length, and bounds nothing.
 */
export function extentOf(
  { line, reach, upload, known }: Alignment,
  uploadMs: number,
  knownMs: number,
): { readonly upload: TimeSpan; readonly known: TimeSpan } {
  const toUpload = (knownTimeMs: number): number => (knownTimeMs - line.offsetMs) / line.speed;
  const endOfUpload = uploadMs > 0 ? uploadMs : upload.endMs;
  const endOfKnown = knownMs > 0 ? toUpload(knownMs) : Number.POSITIVE_INFINITY;
  const startMs = Math.min(upload.startMs, Math.max(reach.startMs, toUpload(0), 0));
  const endMs = Math.max(upload.endMs, Math.min(reach.endMs, endOfKnown, endOfUpload));
  return {
    upload: { startMs, endMs },
    known: {
      startMs: Math.min(known.startMs, Math.max(0, line.speed * startMs + line.offsetMs)),
      endMs: Math.max(known.endMs, Math.min(knownMs || Number.POSITIVE_INFINITY, line.speed * endMs + line.offsetMs)),
    },
  };
}

function matchedTime(inliers: readonly FrameMatch[], frameTimesMs: readonly number[], bridgedMs: number): number {
  let matchedMs = 0;
  let at = 0;
  for (let next = 1; next < inliers.length; next++) {
    const startMs = inliers[next - 1]?.uploadTimeMs ?? 0;
    const endMs = inliers[next]?.uploadTimeMs ?? 0;
    while ((frameTimesMs[at] ?? Number.POSITIVE_INFINITY) <= startMs) at += 1;
    let missed = 0;
    while ((frameTimesMs[at] ?? Number.POSITIVE_INFINITY) < endMs) {
      at += 1;
      missed += 1;
    }
    if (missed <= missedFramesMax || endMs - startMs <= bridgedMs) matchedMs += endMs - startMs;
  }
  return matchedMs;
}
