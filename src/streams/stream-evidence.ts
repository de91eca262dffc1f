/**
 * What the segments of one live stream add up to: their frame matches on one axis of time, aligned as those of a single
 * upload are. A line that runs through two seconds of each of five segments is ten seconds of a copy.
 *
 * The axis follows the sequence and not the order of arrival: a segment begins where the one before it ends, and segments
 * that are missing last as long as the one before them. Clocks of producers have no say. A late segment takes its place,
 * and what comes after it moves if that place was not as long as was thought. No I/O and no clock.
 */
import { limits } from '../config/limits.ts';
import type { SegmentsSeen } from '../contracts/stream.ts';
import type { Evidence } from '../decision/evidence.ts';
import { type Aligner, type AlignOptions, createAligner } from '../match/align.ts';
import type { FrameMatch } from '../match/frame-match.ts';
import type { KnownContent } from '../match/known-content.ts';

export interface EvidenceFrame {
  /** From the beginning of the segment. */
  readonly timeMs: number;
  readonly quality: number;
  readonly matches: readonly FrameMatch[];
}

export interface EvidenceSegment {
  readonly sequence: number;
  /** When the log got it, milliseconds since the epoch. */
  readonly receivedMs: number;
  /** Null when it is not known: then as long as the one before. */
  readonly durationMs: number | null;
  readonly sha256: string | undefined;
  readonly framesSampled: number;
  /** The searched ones, in order of time; at most limits.streamSegmentFramesMax. */
  readonly frames: readonly EvidenceFrame[];
}

/** How to go on with a stream of which the first segments are no longer at hand. */
export interface StreamOrigin {
  readonly segments: SegmentsSeen;
  /** The first segment that is kept, and where it begins. */
  readonly sequence: number;
  readonly streamTimeMs: number;
}

export interface KnownSource {
  readonly known: (contentNumber: number) => KnownContent | undefined;
  readonly findBySha256: (sha256: string) => readonly KnownContent[];
}

/** What is kept when the limit is passed, so that the axis is not built anew with each segment. */
const keptShare = 3 / 4;

export class StreamEvidence {
  readonly #source: KnownSource;
  readonly #aligner: Aligner;
  /** By sequence, ascending. */
  #segments: EvidenceSegment[] = [];
  #startsMs: number[] = [];
  /** Of the first segment kept. */
  #originMs: number;
  /** Everything up to it was let go of. */
  #passedSequence: number;
  #seen: { firstSequence: number; lastSequence: number; count: number } | null;
  #matches = 0;

  constructor(source: KnownSource, options: Pick<AlignOptions, 'counts'>, origin?: StreamOrigin) {
    this.#source = source;
    this.#aligner = createAligner({ known: source.known, counts: options.counts });
    this.#originMs = origin?.streamTimeMs ?? 0;
    const isWhole = origin === undefined || origin.sequence <= origin.segments.firstSequence;
    this.#passedSequence = isWhole ? -1 : origin.sequence - 1;
    this.#seen = origin === undefined ? null : { ...origin.segments };
  }

  /** Frame matches kept; they take the memory. */
  get matches(): number {
    return this.#matches;
  }

  get lastReceivedMs(): number {
    return this.#segments.reduce((latest, { receivedMs }) => Math.max(latest, receivedMs), 0);
  }

  get seconds(): number {
    return this.#endMs() / 1000;
  }

  /** A segment with the sequence of another one takes its place. One from before all that is kept comes too late. */
  add(segment: EvidenceSegment): void {
    if (segment.sequence <= this.#passedSequence) return;
    const at = this.#segments.findIndex(({ sequence }) => sequence >= segment.sequence);
    const place = at < 0 ? this.#segments.length : at;
    const replaced = this.#segments[place]?.sequence === segment.sequence;
    if (!replaced) this.#count(segment.sequence);
    const kept = this.#segments.toSpliced(place, replaced ? 1 : 0, closestOnly(segment));
    // Ahead of the first of a stream whose beginning is known, the axis begins earlier, and all of it moves.
    this.#arrange(kept, this.#originMs, replaced);
    this.#letGo();
  }

  /** Already counted by the origin. */
  restore(segment: EvidenceSegment): void {
    const seen = this.#seen;
    this.add(segment);
    if (seen === null || this.#seen === null) return;
    const { firstSequence, lastSequence } = this.#seen;
    this.#seen = { firstSequence, lastSequence, count: seen.count };
  }

  /** Where a segment begins on the axis; undefined when it is not kept. */
  startMs(sequence: number): number | undefined {
    return this.#startsMs[this.#segments.findIndex((segment) => segment.sequence === sequence)];
  }

  segments(): SegmentsSeen | null {
    if (this.#seen === null) return null;
    const { firstSequence, lastSequence, count } = this.#seen;
    return { firstSequence, lastSequence, count, missing: Math.max(0, lastSequence - firstSequence + 1 - count) };
  }

  get capped(): boolean {
    return this.#aligner.capped;
  }

  /** A broadcast is never complete: what takes the whole of an upload to decide does not decide a stream. */
  evidence(usableQualityMin: number): Evidence {
    const frames = this.#segments.flatMap((segment) => segment.frames);
    const digests = new Set(this.#segments.flatMap(({ sha256 }) => sha256 ?? []));
    return {
      kind: 'video',
      durationMs: this.#endMs(),
      framesSampled: this.#segments.reduce((sum, { framesSampled }) => sum + framesSampled, 0),
      framesSearched: frames.length,
      framesUsable: frames.filter(({ quality }) => quality >= usableQualityMin).length,
      complete: false,
      alignments: this.#aligner.alignments(),
      exact: [...digests].flatMap((sha256) => this.#source.findBySha256(sha256)),
      known: this.#source.known,
      unjudged: null,
    };
  }

  #count(sequence: number): void {
    const seen = this.#seen ?? { firstSequence: sequence, lastSequence: sequence, count: 0 };
    this.#seen = {
      firstSequence: Math.min(seen.firstSequence, sequence),
      lastSequence: Math.max(seen.lastSequence, sequence),
      count: seen.count + 1,
    };
  }

  /** Puts the segments on the axis. What only grew at its end is added; anything else is aligned anew. */
  #arrange(segments: EvidenceSegment[], originMs: number, replaced: boolean): void {
    const before = this.#segments;
    const startsMs = placeSegments(segments, originMs);
    const grew =
      !replaced && before.every((segment, at) => segments[at] === segment && startsMs[at] === this.#startsMs[at]);
    if (!grew) this.#aligner.reset();
    this.#segments = segments;
    this.#startsMs = startsMs;
    this.#originMs = originMs;
    for (let at = grew ? before.length : 0; at < segments.length; at += 1) this.#align(segments[at], startsMs[at] ?? 0);
    this.#matches = segments.reduce((sum, { frames }) => sum + matchesOf(frames), 0);
  }

  #align(segment: EvidenceSegment | undefined, startMs: number): void {
    for (const { timeMs, matches } of segment?.frames ?? []) {
      const uploadTimeMs = startMs + timeMs;
      this.#aligner.add(
        uploadTimeMs,
        matches.map((match) => ({ ...match, uploadTimeMs })),
      );
    }
  }

  /** The oldest go when there are too many frames, or when they are too old; the newest segment stays. */
  #letGo(): void {
    const latestMs = this.lastReceivedMs;
    const framesOf = (segments: readonly EvidenceSegment[]) =>
      segments.reduce((sum, { frames }) => sum + frames.length, 0);
    const isOver = framesOf(this.#segments) > limits.streamFramesMax;
    const framesMax = isOver ? limits.streamFramesMax * keptShare : limits.streamFramesMax;
    let going = 0;
    while (going < this.#segments.length - 1) {
      const isOld = (this.#segments[going]?.receivedMs ?? 0) < latestMs - limits.streamEvidenceMsMax;
      if (!isOld && framesOf(this.#segments.slice(going)) <= framesMax) break;
      going += 1;
    }
    if (going === 0) return;
    this.#passedSequence = this.#segments[going - 1]?.sequence ?? this.#passedSequence;
    this.#arrange(this.#segments.slice(going), this.#startsMs[going] ?? 0, true);
  }

  #endMs(): number {
    const last = this.#segments.at(-1);
    return (this.#startsMs.at(-1) ?? 0) + (last?.durationMs ?? 0);
  }
}

/** Where each segment begins, milliseconds; they are in order of their sequences. Exported for its tests. */
export function placeSegments(
  segments: readonly Pick<EvidenceSegment, 'sequence' | 'durationMs'>[],
  originMs: number,
): number[] {
  const startsMs: number[] = [];
  // Until a duration is known, the first one that will be.
  let usualMs = segments.find(({ durationMs }) => durationMs !== null)?.durationMs ?? 0;
  let endMs = originMs;
  let nextSequence = segments[0]?.sequence ?? 0;
  for (const { sequence, durationMs } of segments) {
    const missing = sequence - nextSequence;
    startsMs.push(endMs + (missing > limits.streamGapSegmentsMax ? 0 : missing * usualMs));
    usualMs = durationMs ?? usualMs;
    endMs = (startsMs.at(-1) ?? 0) + usualMs;
    nextSequence = sequence + 1;
  }
  return startsMs;
}

function closestOnly(segment: EvidenceSegment): EvidenceSegment {
  const { streamFrameMatchesMax } = limits;
  const frames = segment.frames.map((frame) => {
    if (frame.matches.length <= streamFrameMatchesMax) return frame;
    const byDistance = [...frame.matches].sort((a, b) => a.distanceBits - b.distanceBits);
    return { ...frame, matches: byDistance.slice(0, streamFrameMatchesMax) };
  });
  return { ...segment, frames };
}

function matchesOf(frames: readonly EvidenceFrame[]): number {
  return frames.reduce((sum, { matches }) => sum + matches.length, 0);
}
