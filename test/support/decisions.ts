/** Builds decisions that look like real ones. */
import type { Outcome } from '../../src/contracts/common.ts';
import type { Decision, Match } from '../../src/contracts/decision.ts';
import type { StreamDecision } from '../../src/contracts/stream.ts';

export function matchOf(overrides: Partial<Match> = {}): Match {
  return {
    contentId: 'incident-42/video-1',
    bank: 'default',
    labels: ['incident-42'],
    contentRevision: 1,
    kind: 'aligned',
    view: 'original',
    distanceBits: 12,
    medianDistanceBits: 18,
    framesMatched: 9,
    distinctFrames: 9,
    score: 9.4,
    speed: 1,
    upload: { startSeconds: 4, endSeconds: 25.5 },
    known: { startSeconds: 10, endSeconds: 31.5 },
    knownDurationSeconds: 48,
    matchedSeconds: 21.5,
    ...overrides,
  };
}

const reasonOf = { block: 'matched', review: 'near_match', allow: 'no_match' } as const;

export function decisionOf(outcome: Outcome, overrides: Partial<Decision> = {}): Decision {
  return {
    decisionId: '5df41881-3aed-5515-88a7-2f4a814cf09e',
    uploadId: 'upload-1',
    revision: 1,
    eventId: 'event-1',
    outcome,
    reason: reasonOf[outcome],
    matches: outcome === 'allow' ? [] : [matchOf()],
    sampling: {
      framesSampled: 12,
      framesUsable: 11,
      durationSeconds: 30,
      largestGapSeconds: 2.5,
      complete: outcome === 'allow',
    },
    media: { kind: 'video', container: 'mp4', codec: 'h264', width: 1280, height: 720, bytes: 1_482_113 },
    bankPosition: 7,
    policyVersion: 'default-1',
    kernelVersion: '1',
    degraded: [],
    eventTime: '2026-11-22T10:00:00.000Z',
    decidedAt: '2026-11-22T10:00:00.120Z',
    decisionMs: 87,
    ...overrides,
  };
}

export function streamDecisionOf(outcome: Outcome, overrides: Partial<StreamDecision> = {}): StreamDecision {
  const matches = outcome === 'allow' ? [] : [matchOf()];
  return {
    decisionId: '0e0dd5a2-94b9-5a3c-8a5b-4c1a3c5f9a10',
    streamId: 'stream-1',
    revision: 1,
    outcome,
    reason: outcome === 'block' ? 'matched' : outcome === 'review' ? 'near_match' : 'no_match',
    decidedBy: matches.map(({ contentId }) => contentId),
    matches,
    segments: { firstSequence: 0, lastSequence: 4, count: 5, missing: 0 },
    uploadId: 'upload-1',
    eventId: 'event-1',
    sequence: 4,
    bankPosition: 7,
    policyVersion: 'default-1',
    kernelVersion: '1',
    degraded: [],
    eventTime: '2026-11-22T10:00:00.000Z',
    decidedAt: '2026-11-22T10:00:00.120Z',
    ...overrides,
  };
}
