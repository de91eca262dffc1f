/** Goal: whatever the order in which segments come, the evidence is that of the broadcast as it was shown. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { decide } from '../../../src/decision/decide.ts';
import { alignOptionsOf } from '../../../src/decision/evidence.ts';
import { defaultPolicy } from '../../../src/decision/policy.ts';
import { type EvidenceSegment, placeSegments, StreamEvidence } from '../../../src/streams/stream-evidence.ts';
import { frameMatch, knownContent } from '../../support/frame-matches.ts';
import { hashNumber } from '../../support/hashes.ts';

const segmentMs = 6_000;
const source = { known: () => knownContent({ durationMs: 600_000 }), findBySha256: () => [] };
const options = alignOptionsOf(defaultPolicy, source.known);

/** Frames half a second apart, of which the first `shown` lie on the line `known time = stream time + 20 s`. */
function segment(sequence: number, changes: Partial<EvidenceSegment> & { shown?: number } = {}): EvidenceSegment {
  const { shown = 2, ...rest } = changes;
  const frames = Array.from({ length: 12 }, (_, at) => {
    const knownTimeMs = 20_000 + sequence * segmentMs + at * 500;
    const match = frameMatch({
      knownTimeMs,
      knownUntilMs: knownTimeMs,
      distanceBits: 62,
      uploadHash: hashNumber(knownTimeMs),
    });
    return { timeMs: at * 500, quality: 90, matches: at < shown ? [match] : [] };
  });
  const receivedMs = sequence * segmentMs;
  return { sequence, receivedMs, durationMs: segmentMs, sha256: undefined, framesSampled: 12, frames, ...rest };
}

function evidenceOf(segments: readonly EvidenceSegment[]): StreamEvidence {
  const evidence = new StreamEvidence(source, options);
  for (const each of segments) evidence.add(each);
  return evidence;
}

const judge = (evidence: StreamEvidence) => decide(evidence.evidence(defaultPolicy.minFrameQuality), defaultPolicy);
const summary = (evidence: StreamEvidence) => {
  const { outcome, matches } = judge(evidence);
  return { outcome, upload: matches[0]?.upload, known: matches[0]?.known, frames: matches[0]?.framesMatched };
};

describe('a stream', () => {
  it('is decided by segments of which none is', () => {
    const outcomes = [0, 1, 2, 3].map((last) => {
      const alone = judge(evidenceOf([segment(last)])).outcome;
      const together = judge(evidenceOf([0, 1, 2, 3].slice(0, last + 1).map((sequence) => segment(sequence)))).outcome;
      return [alone, together];
    });
    expect(outcomes).toEqual([
      ['allow', 'allow'],
      ['allow', 'review'],
      ['allow', 'block'],
      ['allow', 'block'],
    ]);
  });

  it('tells the seconds of the stream and of what it shows', () => {
    expect(summary(evidenceOf([0, 1, 2].map((sequence) => segment(sequence))))).toEqual({
      outcome: 'block',
      upload: { startSeconds: 0, endSeconds: 12.75 },
      known: { startSeconds: 20, endSeconds: 32.75 },
      frames: 6,
    });
  });

  it.each([
    ['late', [0, 2, 1, 3]],
    ['all the wrong way round', [3, 2, 1, 0]],
    ['twice', [0, 1, 1, 2, 3, 0, 3]],
  ])('is the same when segments come %s', (_how, order) => {
    const evidence = evidenceOf(order.map((sequence) => segment(sequence)));
    expect(summary(evidence)).toEqual(summary(evidenceOf([0, 1, 2, 3].map((sequence) => segment(sequence)))));
    expect(evidence.segments()).toEqual({ firstSequence: 0, lastSequence: 3, count: 4, missing: 0 });
  });

  it('keeps the place of what is missing, so that the line goes on behind it', () => {
    const evidence = evidenceOf([0, 3, 4].map((sequence) => segment(sequence)));
    expect(summary(evidence)).toMatchObject({ outcome: 'block', upload: { startSeconds: 0, endSeconds: 24.75 } });
    expect(evidence.segments()).toEqual({ firstSequence: 0, lastSequence: 4, count: 3, missing: 2 });
  });

  it('makes room for a late segment that is not as long as was thought', () => {
    const evidence = evidenceOf([segment(0), segment(2)]);
    expect(evidence.startMs(2)).toBe(12_000);
    evidence.add(segment(1, { durationMs: 2_000 }));
    expect(evidence.startMs(2)).toBe(8_000);
    expect(evidence.seconds).toBe(14);
  });

  it('takes a new revision of a segment for the old one', () => {
    const evidence = evidenceOf([0, 1, 2].map((sequence) => segment(sequence)));
    evidence.add(segment(1, { shown: 0 }));
    expect(summary(evidence)).toMatchObject({ outcome: 'review', frames: 4 });
    expect(evidence.segments()?.count).toBe(3);
  });

  it('knows the very bytes of known content, whatever else it shows', () => {
    const exact = { ...source, findBySha256: (sha256: string) => (sha256 === 'same' ? [knownContent()] : []) };
    const evidence = new StreamEvidence(exact, options);
    evidence.add(segment(0, { shown: 0, sha256: 'other' }));
    evidence.add(segment(1, { shown: 0, sha256: 'same' }));
    expect(judge(evidence)).toMatchObject({ outcome: 'block', reason: 'exact_copy' });
  });
});

describe('bounds', () => {
  const many = Math.ceil(limits.streamFramesMax / 12) + 20;

  it('keep the newest frames, on the axis as it was', () => {
    const evidence = evidenceOf(Array.from({ length: many }, (_, sequence) => segment(sequence)));
    const { framesSearched, alignments } = evidence.evidence(50);
    expect(framesSearched).toBeLessThanOrEqual(limits.streamFramesMax);
    expect(framesSearched).toBeGreaterThan(limits.streamFramesMax / 2);
    expect(evidence.startMs(many - 1)).toBe((many - 1) * segmentMs);
    expect(alignments[0]?.line).toMatchObject({ speed: 1, offsetMs: 20_000 });
    expect(evidence.segments()).toEqual({ firstSequence: 0, lastSequence: many - 1, count: many, missing: 0 });
  });

  it('leave out what comes after its time was let go of', () => {
    const evidence = evidenceOf(Array.from({ length: many }, (_, sequence) => segment(sequence)));
    const before = evidence.evidence(50).framesSearched;
    evidence.add(segment(3));
    expect(evidence.evidence(50).framesSearched).toBe(before);
    expect(evidence.segments()?.count).toBe(many);
  });

  it('let old segments go', () => {
    const receivedMs = limits.streamEvidenceMsMax + 1;
    const evidence = evidenceOf([segment(0, { receivedMs: 0 }), segment(1, { receivedMs })]);
    expect(evidence.evidence(50).framesSearched).toBe(12);
    expect(evidence.startMs(0)).toBeUndefined();
    expect(evidence.startMs(1)).toBe(segmentMs);
  });

  it('keep the closest matches of a frame', () => {
    const matches = Array.from({ length: 200 }, (_, at) => frameMatch({ distanceBits: 200 - at }));
    const evidence = evidenceOf([segment(0, { frames: [{ timeMs: 0, quality: 90, matches }] })]);
    expect(evidence.matches).toBe(limits.streamFrameMatchesMax);
  });

  it('are those of a stream that was taken up, too', () => {
    const segments = { firstSequence: 2, lastSequence: 9, count: 7, missing: 1 };
    const evidence = new StreamEvidence(source, options, { segments, sequence: 8, streamTimeMs: 36_000 });
    for (const sequence of [8, 9]) evidence.restore(segment(sequence));
    evidence.add(segment(4));
    expect(evidence.startMs(9)).toBe(42_000);
    expect(evidence.segments()).toEqual(segments);
    evidence.add(segment(10));
    expect(evidence.segments()).toEqual({ ...segments, lastSequence: 10, count: 8 });
    expect(evidence.startMs(10)).toBe(48_000);
    expect(evidence.seconds).toBe(54);
  });
});

describe('placeSegments', () => {
  const at = (sequence: number, durationMs: number | null) => ({ sequence, durationMs });
  it.each([
    ['in a row', [at(4, 1_000), at(5, 3_000), at(6, 1_000)], [0, 1_000, 4_000]],
    ['with a gap', [at(0, 1_000), at(3, 2_000), at(5, 1_000)], [0, 3_000, 7_000]],
    ['of unknown length', [at(0, null), at(1, 2_000), at(2, null), at(3, 5_000)], [0, 2_000, 4_000, 6_000]],
    ['of no known length', [at(0, null), at(9, null)], [0, 0]],
    ['far apart', [at(0, 1_000), at(1_700_000_000, 1_000)], [0, 1_000]],
  ])('places segments %s', (_how, segments, startsMs) => {
    expect(placeSegments(segments, 0)).toEqual(startsMs);
    expect(placeSegments(segments, 500)).toEqual(startsMs.map((startMs) => startMs + 500));
  });
});
