import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { Match, unjudgedReasons } from '../../../src/contracts/decision.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { decide, isDecisive } from '../../../src/decision/decide.ts';
import { alignOptionsOf, type Evidence, isSearched } from '../../../src/decision/evidence.ts';
import { defaultPolicy, parsePolicy } from '../../../src/decision/policy.ts';
import { align } from '../../../src/match/align.ts';
import { summariseAlignment } from '../../../src/match/alignment.ts';
import type { FrameMatch } from '../../../src/match/frame-match.ts';
import type { KnownContent } from '../../../src/match/known-content.ts';
import { copyMatches, frameMatch, knownContent, moments } from '../../support/frame-matches.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';

interface Scene {
  readonly matches?: readonly FrameMatch[];
  /** Times of all frames that were searched; those of the matches when left out. */
  readonly times?: readonly number[];
  readonly known?: readonly KnownContent[];
  readonly policy?: unknown;
  readonly evidence?: Partial<Evidence>;
}

/** Evidence as the pipeline puts it together; content number n is the n-th of `known`, from 1. */
function evidenceOf(scene: Scene): Evidence {
  const contents = scene.known ?? [knownContent()];
  const known = (contentNumber: number): KnownContent | undefined => contents[contentNumber - 1];
  const matches = scene.matches ?? [];
  const times = scene.times ?? [...new Set(matches.map((match) => match.uploadTimeMs))];
  return {
    kind: 'video',
    durationMs: 60_000,
    framesSampled: times.length,
    framesSearched: times.length,
    framesUsable: times.length,
    complete: true,
    alignments: align(matches, times, alignOptionsOf(parsePolicy(scene.policy ?? {}), known)),
    exact: [],
    known,
    unjudged: null,
    ...scene.evidence,
  };
}

function judge(scene: Scene) {
  return decide(evidenceOf(scene), parsePolicy(scene.policy ?? {}));
}

const sampled = moments(12, 2500);

describe('copies of videos', () => {
  it('blocks a re-encoded copy and says which seconds are which', () => {
    const judgement = judge({ matches: copyMatches(moments(6, 2000), { offsetMs: 30_000 }, { dihedral: 4 }) });
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched', matchesCapped: false });
    expect(judgement.matches).toEqual([
      {
        contentId: 'content-1',
        bank: 'default',
        labels: ['incident-42'],
        contentRevision: 1,
        kind: 'aligned',
        view: 'flipX',
        distanceBits: 10,
        medianDistanceBits: 10,
        framesMatched: 6,
        distinctFrames: 6,
        score: 24,
        speed: 1,
        upload: { startSeconds: 0, endSeconds: 30 },
        known: { startSeconds: 30, endSeconds: 60 },
        knownDurationSeconds: 60,
        matchedSeconds: 10,
      },
    ]);
    expect(validatorOf(Match, 'The match', 'internal').faults(judgement.matches[0])).toEqual([]);
  });

  it('blocks fast footage whose nearest known frames are 40 to 60 bits away', () => {
    const judgement = judge({ matches: copyMatches(moments(4, 700), {}, { distanceBits: 56 }), times: sampled });
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched' });
  });

  it('blocks a stretch of known content inside a long upload', () => {
    const judgement = judge({ matches: copyMatches([10_000, 12_500, 15_000], { offsetMs: 5000 }), times: sampled });
    expect(judgement.outcome).toBe('block');
  });

  it('blocks a still camera, though its frames are one picture', () => {
    const uploadHash = hashNumber(7);
    const matches = copyMatches(moments(5, 2500), {}, { uploadHash });
    expect(judge({ matches, times: sampled }).outcome).toBe('block');
  });

  it('holds one shared title card in a long upload for review', () => {
    const judgement = judge({ matches: [frameMatch({ distanceBits: 2 })], times: sampled });
    expect(judgement).toMatchObject({ outcome: 'review', reason: 'near_match' });
    expect(judgement.matches[0]).toMatchObject({ kind: 'frame', matchedSeconds: 0, framesMatched: 1 });
  });

  it('blocks a very short clip only when all of it matches and sampling has ended', () => {
    const matches = [frameMatch({ distanceBits: 12 })];
    expect(judge({ matches }).outcome).toBe('block');
    expect(judge({ matches, evidence: { complete: false } }).outcome).toBe('review');
    expect(judge({ matches, evidence: { unjudged: 'timed_out' } }).outcome).toBe('review');
    expect(judge({ matches, evidence: { framesSampled: 8 } }).outcome).toBe('review');
    expect(judge({ matches: [frameMatch({ distanceBits: 12, quality: 30 })] }).outcome).toBe('review');
  });

  it('allows what unrelated footage has in common', () => {
    expect(judge({ matches: [frameMatch({ distanceBits: 45 })], times: sampled })).toMatchObject({
      outcome: 'allow',
      reason: 'no_match',
      matches: [],
    });
  });

  it('does not let flat pages match widely', () => {
    const matches = copyMatches(moments(12, 2500), {}, { distanceBits: 50, quality: 35 });
    expect(judge({ matches })).toMatchObject({ outcome: 'allow', reason: 'no_match' });
  });
});

describe('images', () => {
  const image = { kind: 'image', durationMs: 0 } as const;

  it.each([
    [0, 90, 'block', 'matched'],
    [31, 90, 'block', 'matched'],
    [32, 90, 'review', 'near_match'],
    [47, 90, 'review', 'near_match'],
    [48, 90, 'allow', 'no_match'],
    [5, 49, 'review', 'near_match'],
  ] as const)('at %i bits and quality %i leads to %s', (distanceBits, quality, outcome, reason) => {
    const matches = [frameMatch({ distanceBits, quality })];
    expect(judge({ matches, evidence: image })).toMatchObject({ outcome, reason });
  });

  it('matches a frame of a known video, and says when in the video', () => {
    const matches = [frameMatch({ knownTimeMs: 12_500, knownUntilMs: 12_500 })];
    expect(judge({ matches, evidence: image }).matches[0]).toMatchObject({
      kind: 'frame',
      speed: 1,
      known: { startSeconds: 12.5, endSeconds: 12.5 },
    });
  });

  it('holds a video for review that shows a known image for one moment, and blocks one that is the image', () => {
    const known = [knownContent({ kind: 'image', durationMs: 0, framesPerSecond: 0 })];
    const uploadHash = hashNumber(3);
    expect(judge({ matches: [frameMatch({ uploadTimeMs: 5000 })], times: sampled, known }).outcome).toBe('review');
    const throughout = sampled.map((uploadTimeMs) => frameMatch({ uploadTimeMs, uploadHash }));
    expect(judge({ matches: throughout, times: sampled, known }).outcome).toBe('block');
  });
});

describe('exact copies', () => {
  it('block without a frame', () => {
    const evidence = { framesSampled: 0, framesSearched: 0, framesUsable: 0, exact: [knownContent()] };
    const judgement = judge({ evidence });
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'exact_copy' });
    expect(judgement.matches[0]).toMatchObject({ kind: 'exact', framesMatched: 0, known: { endSeconds: 60 } });
    expect(isDecisive(evidenceOf({ evidence }), defaultPolicy)).toBe(true);
  });

  it('do not stop the search when their bank only observes', () => {
    const policy = parsePolicy({ defaultBank: { action: 'observe' } });
    const evidence = evidenceOf({ evidence: { exact: [knownContent()] } });
    expect(isDecisive(evidence, policy)).toBe(false);
    expect(decide(evidence, policy)).toMatchObject({
      outcome: 'allow',
      observedOutcome: 'block',
      reason: 'exact_copy',
    });
  });
});

describe('banks and modes', () => {
  const matches = copyMatches(moments(6, 2000), {});

  it('a bank for review never blocks', () => {
    const policy = { banks: { default: { action: 'review' } } };
    expect(judge({ matches, policy })).toMatchObject({ outcome: 'review', reason: 'matched' });
  });

  it('an observing bank reports and allows', () => {
    const judgement = judge({ matches, policy: { defaultBank: { action: 'observe' } } });
    expect(judgement).toMatchObject({ outcome: 'allow', observedOutcome: 'block', reason: 'matched' });
    expect(judgement.matches).toHaveLength(1);
  });

  it('an observing policy says what it would have done', () => {
    expect(judge({ matches, policy: { mode: 'observe' } })).toMatchObject({
      outcome: 'allow',
      observedOutcome: 'block',
    });
    const evidence = { unjudged: 'undecodable' } as const;
    expect(judge({ policy: { mode: 'observe' }, evidence })).toMatchObject({
      outcome: 'allow',
      reason: 'undecodable',
      observedOutcome: 'review',
    });
  });

  it('the bank that blocks wins over those that do not, and comes first', () => {
    const known = [knownContent({ bank: 'watch', contentId: 'a' }), knownContent({ contentId: 'b' })];
    const both = [1, 2].flatMap((contentNumber) => copyMatches(moments(6, 2000), {}, { contentNumber }));
    const judgement = judge({ matches: both, known, policy: { banks: { watch: { action: 'observe' } } } });
    expect(judgement.outcome).toBe('block');
    expect(judgement.matches.map((match) => match.contentId)).toEqual(['b', 'a']);
  });

  it('lists each content once, best first, and says when there were more', () => {
    const known = moments(30, 1).map((at) => knownContent({ contentId: `content-${at}` }));
    const many = known.flatMap((_, at) => [
      ...copyMatches(moments(4, 2000), {}, { contentNumber: at + 1, distanceBits: at }),
      ...copyMatches(moments(4, 2000), {}, { contentNumber: at + 1, distanceBits: 60, dihedral: 2 }),
    ]);
    const judgement = judge({ matches: many, known });
    expect(judgement.matchesCapped).toBe(true);
    expect(judgement.matches).toHaveLength(limits.decisionMatchesMax);
    expect(judgement.matches[0]?.distanceBits).toBe(0);
    expect(new Set(judgement.matches.map((match) => match.contentId)).size).toBe(judgement.matches.length);
  });

  it('leaves content out that was removed since', () => {
    const evidence = evidenceOf({ matches });
    expect(decide({ ...evidence, known: () => undefined }, defaultPolicy)).toMatchObject({ outcome: 'allow' });
  });
});

describe('what could not be judged', () => {
  it.each(unjudgedReasons)('%s is its own reason, with the action of the policy', (reason) => {
    const evidence = { unjudged: reason };
    expect(judge({ evidence })).toMatchObject({ outcome: 'review', reason });
    expect(judge({ evidence, policy: { unjudged: { [reason]: 'allow' } } })).toMatchObject({
      outcome: 'allow',
      reason,
    });
  });

  it('is no_detail when no frame was usable', () => {
    expect(judge({ times: sampled, evidence: { framesUsable: 0 } })).toMatchObject({ reason: 'no_detail' });
  });

  it('still blocks on what was seen before the failure', () => {
    const matches = copyMatches(moments(6, 2000), {});
    expect(judge({ matches, evidence: { unjudged: 'timed_out', complete: false } })).toMatchObject({
      outcome: 'block',
      reason: 'matched',
    });
  });

  it('is not hidden by a match that only an observing bank has', () => {
    const matches = copyMatches(moments(6, 2000), {});
    const policy = { defaultBank: { action: 'observe' } };
    expect(judge({ matches, policy, evidence: { unjudged: 'timed_out' } })).toMatchObject({
      outcome: 'review',
      reason: 'timed_out',
    });
  });
});

describe('stopping early', () => {
  it('stops once a copy is beyond doubt, and not for what the rest may yet refute', () => {
    const decisive = (matches: readonly FrameMatch[], policy: unknown = {}) =>
      isDecisive(evidenceOf({ matches, policy, evidence: { kind: 'unknown', complete: false } }), parsePolicy(policy));
    expect(decisive(copyMatches(moments(3, 1000), {}))).toBe(true);
    expect(decisive(copyMatches(moments(2, 1000), {}))).toBe(false);
    expect(decisive(copyMatches(moments(3, 1000), {}), { defaultBank: { action: 'review' } })).toBe(false);
  });

  it('searches faint frames and no fainter ones', () => {
    expect(isSearched(defaultPolicy.faintFrameQualityMin, defaultPolicy)).toBe(true);
    expect(isSearched(defaultPolicy.faintFrameQualityMin - 1, defaultPolicy)).toBe(false);
  });
});

describe('properties', () => {
  const severity = { allow: 0, review: 1, block: 2 };
  const frames = fc.array(
    fc.record({
      distanceBits: fc.integer({ min: 0, max: 64 }),
      closer: fc.nat(64),
      quality: fc.integer({ min: 20, max: 100 }),
      picture: fc.nat(4),
    }),
    { minLength: 1, maxLength: 10 },
  );

  it('a closer match never leads to a milder outcome, and what is decisive blocks', () => {
    const scene = fc.record({
      frames,
      stepMs: fc.constantFrom(300, 1000, 4000),
      missed: fc.nat(12),
      kind: fc.constantFrom('image' as const, 'video' as const, 'unknown' as const),
      complete: fc.boolean(),
    });
    fc.assert(
      fc.property(scene, ({ frames: drawn, stepMs, missed, kind, complete }) => {
        const evidenceAt = (distanceOf: (frame: (typeof drawn)[number]) => number): Evidence => {
          const inliers = drawn.map((frame, at) =>
            frameMatch({
              uploadTimeMs: at * stepMs,
              distanceBits: distanceOf(frame),
              quality: frame.quality,
              uploadHash: flipped(hashNumber(frame.picture), at),
            }),
          );
          const times = moments(drawn.length + missed, stepMs);
          const line = { speed: 1, offsetMs: 0 };
          const alignment = summariseAlignment({
            contentNumber: 1,
            dihedral: 0,
            line,
            inliers,
            frameTimesMs: times,
            knownStepMs: 500,
          });
          return evidenceOf({ times, evidence: { alignments: [alignment], kind, complete } });
        };
        const far = evidenceAt((frame) => frame.distanceBits);
        const near = evidenceAt((frame) => Math.max(0, frame.distanceBits - frame.closer));
        const farOutcome = decide(far, defaultPolicy).outcome;
        expect(severity[decide(near, defaultPolicy).outcome]).toBeGreaterThanOrEqual(severity[farOutcome]);
        if (isDecisive(far, defaultPolicy)) expect(farOutcome).toBe('block');
      }),
      { numRuns: 400 },
    );
  });
});
