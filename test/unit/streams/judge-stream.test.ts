/** Goal: a stream is decided once, and again only when there is something new to say; what was found stays found. */
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/contracts/policy.ts';
import { decide } from '../../../src/decision/decide.ts';
import type { Evidence } from '../../../src/decision/evidence.ts';
import { defaultPolicy, parsePolicy } from '../../../src/decision/policy.ts';
import { align } from '../../../src/match/align.ts';
import { isRevision, judgeStream as judge, type StandingDecision } from '../../../src/streams/judge-stream.ts';
import { matchOf, streamDecisionOf } from '../../support/decisions.ts';
import { copyMatches, everythingCounts, knownContent, moments } from '../../support/frame-matches.ts';

/** A stream in which frames of the content with each number lie on a line. */
function evidenceOf(frames: Readonly<Record<number, number>>, changes: Partial<Evidence> = {}): Evidence {
  const alignments = Object.entries(frames).flatMap(([contentNumber, count]) => {
    const timesMs = moments(count, 500);
    return align(copyMatches(timesMs, {}, { contentNumber: Number(contentNumber) }), timesMs, everythingCounts);
  });
  return {
    kind: 'video',
    durationMs: 60_000,
    framesSampled: 100,
    framesSearched: 100,
    framesUsable: 100,
    complete: false,
    alignments,
    exact: [],
    known: (number) => knownContent({ contentId: `content-${number}` }),
    unjudged: null,
    ...changes,
  };
}

const everything = () => true;
const nothing = evidenceOf({});

function judgeStream(
  evidence: Evidence,
  standing: StandingDecision | undefined,
  policy: Policy,
  isKnown: (contentId: string) => boolean,
  segment = { evidence: nothing, startMs: 0 },
) {
  return judge({ evidence, segment, standing, isKnown }, policy);
}

describe('a stream without a decision', () => {
  it('has nothing to say while nothing matches, even if no frame can be judged', () => {
    const judgement = judgeStream(evidenceOf({}, { framesUsable: 0 }), undefined, defaultPolicy, everything);
    expect(judgement).toMatchObject({ outcome: 'allow', reason: 'no_match', decidedBy: [], matches: [] });
    expect(isRevision(judgement, undefined)).toBe(false);
  });

  it('is blocked by what suffices, and names what it is owed to', () => {
    const judgement = judgeStream(evidenceOf({ 1: 8, 2: 1 }), undefined, defaultPolicy, everything);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched', decidedBy: ['content-1'] });
    expect(judgement.matches.map(({ contentId }) => contentId)).toEqual(['content-1', 'content-2']);
    expect(isRevision(judgement, undefined)).toBe(true);
  });

  it('is blocked by a segment that is decided on its own, at the seconds of the stream', () => {
    const segment = { evidence: evidenceOf({ 1: 8 }), startMs: 60_000 };
    const judgement = judgeStream(nothing, undefined, defaultPolicy, everything, segment);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched', decidedBy: ['content-1'] });
    expect(judgement.matches[0]?.upload.startSeconds).toBe(60);
  });

  it('is not blocked by a short segment that is known content all over', () => {
    const whole = { complete: true, framesSampled: 2, framesSearched: 2, framesUsable: 2 };
    const segment = { evidence: evidenceOf({ 1: 2 }, whole), startMs: 0 };
    expect(decide(segment.evidence, defaultPolicy).outcome).toBe('block');
    expect(judgeStream(nothing, undefined, defaultPolicy, everything, segment).outcome).toBe('review');
  });

  it('says nothing of a segment that could not be judged', () => {
    const segment = { evidence: evidenceOf({}, { unjudged: 'undecodable', framesUsable: 0 }), startMs: 0 };
    expect(judgeStream(nothing, undefined, defaultPolicy, everything, segment).outcome).toBe('allow');
  });

  it('is decided in observe-only mode too, and not blocked', () => {
    const policy = parsePolicy({ mode: 'observe' });
    const judgement = judgeStream(evidenceOf({ 1: 8 }), undefined, policy, everything);
    expect(judgement).toMatchObject({ outcome: 'allow', observedOutcome: 'block', decidedBy: ['content-1'] });
    expect(isRevision(judgement, undefined)).toBe(true);
  });
});

describe('a stream with a decision', () => {
  const standing = streamDecisionOf('block', {
    matches: [matchOf({ contentId: 'content-1' })],
    decidedBy: ['content-1'],
  });

  it('has nothing new to say when it goes on as before', () => {
    const judgement = judgeStream(evidenceOf({ 1: 12 }), standing, defaultPolicy, everything);
    expect(isRevision(judgement, standing)).toBe(false);
  });

  it('stays blocked when the evidence is long ago', () => {
    const judgement = judgeStream(nothing, standing, defaultPolicy, everything);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched', matches: standing.matches });
    expect(isRevision(judgement, standing)).toBe(false);
  });

  it('does not speak of what merely comes close beside what blocks it', () => {
    expect(isRevision(judgeStream(evidenceOf({ 2: 1 }), standing, defaultPolicy, everything), standing)).toBe(false);
  });

  it('is revised when other content blocks it as well', () => {
    const judgement = judgeStream(evidenceOf({ 2: 8 }), standing, defaultPolicy, everything);
    expect(judgement).toMatchObject({ outcome: 'block', decidedBy: ['content-1', 'content-2'] });
    expect(isRevision(judgement, standing)).toBe(true);
  });

  it('is revised from review to block', () => {
    const held = streamDecisionOf('review', { ...standing, outcome: 'review', reason: 'near_match' });
    const judgement = judgeStream(evidenceOf({ 1: 8 }), held, defaultPolicy, everything);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched', decidedBy: ['content-1'] });
    expect(isRevision(judgement, held)).toBe(true);
  });

  it('is let go when what blocked it has left the bank', () => {
    const judgement = judgeStream(nothing, standing, defaultPolicy, () => false);
    expect(judgement).toMatchObject({ outcome: 'allow', reason: 'no_match', decidedBy: [], matches: [] });
    expect(isRevision(judgement, standing)).toBe(true);
    const allowed = streamDecisionOf('allow', { revision: 2, ...judgement });
    expect(isRevision(judgeStream(nothing, allowed, defaultPolicy, everything), allowed)).toBe(false);
  });

  it('follows the policy of today: observing lifts the block, and enforcing puts it back', () => {
    const observing = parsePolicy({ mode: 'observe' });
    const lifted = judgeStream(nothing, standing, observing, everything);
    expect(lifted).toMatchObject({ outcome: 'allow', observedOutcome: 'block', decidedBy: ['content-1'] });
    expect(isRevision(lifted, standing)).toBe(true);
    expect(judgeStream(nothing, { ...standing, ...lifted }, defaultPolicy, everything).outcome).toBe('block');
  });
});
