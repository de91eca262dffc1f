import { describe, expect, it } from 'vitest';
import type { Bank } from '../../../src/bank/bank.ts';
import { limits } from '../../../src/config/limits.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import type { SampledFrame } from '../../../src/fingerprint/fingerprinter.ts';
import { Examination } from '../../../src/flow/examination.ts';
import { bankOf } from '../../support/fake-bank.ts';
import { frameMatch, knownContent } from '../../support/frame-matches.ts';
import { unrelated, videoFrames, videoResult } from '../../support/pipeline-rig.ts';

const policy = parsePolicy({});

function examinationOver(bank: Partial<Bank> = {}, given: Parameters<typeof parsePolicy>[0] = {}): Examination {
  let nowMs = 0;
  const clock = () => {
    nowMs += 10;
    return nowMs;
  };
  return new Examination({ bank: bankOf(bank), policy: parsePolicy(given), elapsedMs: clock });
}

/** Finds each frame in content 1, at the same time, at `distanceBits`. */
const copyAt =
  (distanceBits: number): Bank['search'] =>
  ({ timeMs, hashes }, radiusBits) => ({
    matches: [
      frameMatch({ uploadTimeMs: timeMs, knownTimeMs: timeMs, distanceBits, uploadHash: hashes.subarray(0, 32) }),
    ],
    capped: false,
    radiusBits,
  });

const answersTo = (examination: Examination, frames: readonly SampledFrame[]) =>
  frames.map((frame) => examination.addFrame(frame));

describe('adding frames', () => {
  it('has enough as soon as nothing that comes can change the outcome', () => {
    const answers = answersTo(examinationOver({ search: copyAt(8) }), videoFrames(4));
    expect(answers).toEqual(['more', 'more', 'enough', 'enough']);
  });

  it('never has enough where the bank does not block, or nothing matches', () => {
    const watching = { banks: { default: { action: 'review' as const } } };
    expect(answersTo(examinationOver({ search: copyAt(8) }, watching), videoFrames(6))).not.toContain('enough');
    expect(answersTo(examinationOver(), videoFrames(6))).not.toContain('enough');
  });

  it('counts a frame of the same moment once', () => {
    const examination = examinationOver();
    answersTo(examination, [...videoFrames(3), ...videoFrames(3)]);
    expect(examination.sampling()?.framesSampled).toBe(3);
  });

  it('tells frames that are sampled from those that are searched and those that can decide', () => {
    const radii: number[] = [];
    const search: Bank['search'] = (_frame, radiusBits) => {
      radii.push(radiusBits);
      return { matches: [], capped: false, radiusBits };
    };
    const examination = examinationOver({ search });
    const [none, faint, clear] = [policy.faintFrameQualityMin - 1, policy.minFrameQuality - 1, policy.minFrameQuality];
    const frames = videoFrames(3).map((frame, at) => ({ ...frame, quality: [none, faint, clear][at] ?? 0 }));
    answersTo(examination, frames);
    expect(examination.evidence()).toMatchObject({ framesSampled: 3, framesSearched: 2, framesUsable: 1 });
    expect(examination.frames().map(({ usable }) => usable)).toEqual([false, false, true]);
    expect(radii).toEqual([policy.alignedRadiusBits, policy.alignedRadiusBits]);
  });

  it('says so when more matched than may be reported, and measures searching and aligning', () => {
    const examination = examinationOver({
      search: (_frame, radiusBits) => ({ matches: [], capped: true, radiusBits }),
    });
    answersTo(examination, videoFrames(2));
    expect(examination.degraded()).toEqual(['hits_capped']);
    expect(examination.timings()).toEqual({ searchSeconds: 0.02, alignSeconds: 0.02, searches: [0.01, 0.01] });
  });

  it('forgets them at a restart', () => {
    const examination = examinationOver({ search: copyAt(8) });
    answersTo(examination, videoFrames(2));
    examination.restart();
    expect(examination.evidence()).toMatchObject({ framesSampled: 0, framesSearched: 0, framesUsable: 0 });
    expect(examination.evidence().alignments).toEqual([]);
    expect(examination.frames()).toEqual([]);
    expect(answersTo(examination, videoFrames(3))).toEqual(['more', 'more', 'enough']);
  });
});

describe('bytes that are known', () => {
  it('decide at once where they block', () => {
    const examination = examinationOver({ findBySha256: () => [knownContent()] });
    expect(examination.recognise('0'.repeat(64))).toBe(true);
    expect(examination.evidence().exact).toHaveLength(1);
  });

  it.each([
    ['the policy only reviews exact copies', { exactCopy: 'review' as const }],
    ['the bank only observes', { banks: { default: { action: 'observe' as const } } }],
  ])('are kept as evidence, and looked at further, when %s', (_when, given) => {
    const examination = examinationOver({ findBySha256: () => [knownContent()] }, given);
    expect(examination.recognise('0'.repeat(64))).toBe(false);
    expect(examination.evidence().exact).toHaveLength(1);
  });
});

describe('doubt', () => {
  /** One close frame, then others that match nothing. */
  const nearOnce: Bank['search'] = (frame, radiusBits) =>
    frame.timeMs === 0 ? copyAt(8)(frame, radiusBits) : { matches: [], capped: false, radiusBits };

  function lookedAt(changes: Parameters<typeof videoResult>[0], search = nearOnce): Examination {
    const examination = examinationOver({ search });
    answersTo(examination, [...videoFrames(1), ...videoFrames(6, unrelated, 1_000)]);
    examination.end(videoResult(changes));
    return examination;
  }

  const { doubtDurationMsMax, doubtReachMs } = limits;

  it('is what comes near in a short video that was sampled to its end', () => {
    expect(lookedAt({}).isInDoubt()).toBe(true);
    expect(lookedAt({ durationMs: doubtDurationMsMax }).isInDoubt()).toBe(true);
  });

  it('is looked at around what came near first, unless that is most of the video', () => {
    const around = [{ startMs: 0, endMs: doubtReachMs }];
    expect(lookedAt({ durationMs: 2 * doubtReachMs }).doubtfulSpans()).toEqual(around);
    expect(lookedAt({ durationMs: 2 * doubtReachMs - 1 }).doubtfulSpans()).toBeUndefined();
  });

  it('is not what is long, stopped early, far from everything, or not seen at all', () => {
    expect(lookedAt({ durationMs: doubtDurationMsMax + 1 }).isInDoubt()).toBe(false);
    expect(lookedAt({ complete: false }).isInDoubt()).toBe(false);
    expect(lookedAt({}, (_frame, radiusBits) => ({ matches: [], capped: false, radiusBits })).isInDoubt()).toBe(false);
    expect(examinationOver().isInDoubt()).toBe(false);
  });

  it('does not make the gaps of the first look wider than they were', () => {
    const examination = lookedAt({ largestGapMs: 1_000 });
    examination.end(videoResult({ largestGapMs: 50_000 }));
    expect(examination.sampling()).toMatchObject({ largestGapSeconds: 1 });
  });
});

describe('what is told of it', () => {
  it('is nothing before anything was looked at', () => {
    const examination = examinationOver({ position: 17 });
    expect(examination.sampling()).toBeNull();
    expect(examination.media()).toEqual({ kind: 'unknown' });
    expect(examination.bankPosition).toBe(17);
  });

  it('is what was sampled, though it did not come to an end', () => {
    const examination = examinationOver();
    answersTo(examination, videoFrames(2));
    examination.giveUp('undecodable', 'the rest is broken');
    expect(examination.sampling()).toEqual({
      framesSampled: 2,
      framesUsable: 2,
      durationSeconds: null,
      largestGapSeconds: null,
      complete: false,
    });
    expect(examination.evidence().unjudged).toBe('undecodable');
  });

  it('is the first reason, for what follows is its consequence', () => {
    const examination = examinationOver();
    examination.giveUp('digest_mismatch', 'other bytes');
    examination.giveUp('undecodable', 'of course');
    expect([examination.evidence().unjudged, examination.detail]).toEqual(['digest_mismatch', 'other bytes']);
  });

  it('is in seconds, and gathers what made it weaker', () => {
    const examination = examinationOver();
    answersTo(examination, videoFrames(1));
    examination.end(videoResult({ durationMs: 9_500, largestGapMs: 2_250, degraded: ['decode_errors'] }));
    examination.end(videoResult({ durationMs: 9_500, largestGapMs: 2_250, degraded: ['truncated_content'] }));
    expect(examination.sampling()).toMatchObject({ durationSeconds: 9.5, largestGapSeconds: 2.25, complete: true });
    expect(examination.degraded()).toEqual(['decode_errors', 'truncated_content']);
  });
});
