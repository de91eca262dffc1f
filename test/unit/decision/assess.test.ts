/** Goal: what the hashes of regions have in common is never enough alone; their pixels have to bear it out. */
import { describe, expect, it } from 'vitest';
import { assess, isSettled } from '../../../src/decision/assess.ts';
import { decide } from '../../../src/decision/decide.ts';
import type { Evidence } from '../../../src/decision/evidence.ts';
import { defaultPolicy } from '../../../src/decision/policy.ts';
import { type Alignment, type PictureMatch, summariseAlignment } from '../../../src/match/alignment.ts';
import type { FrameMatch } from '../../../src/match/frame-match.ts';
import { fullRegion, type Region } from '../../../src/match/region.ts';
import { copyMatches, frameMatch, knownContent, moments } from '../../support/frame-matches.ts';
import { hashNumber } from '../../support/hashes.ts';

const { regions, block } = defaultPolicy;
const pasted: Region = { left: 0.1, top: 0.2, width: 0.6, height: 0.5, degrees: 0 };
const turned: Region = { left: 0.05, top: 0.05, width: 0.9, height: 0.9, degrees: 5 };
const barely = 0.001;

/** Undefined means no pixels to compare. */
function pictureOf(agreement?: number, changes: Partial<PictureMatch> = {}): PictureMatch {
  const pixels = agreement === undefined ? null : { agreement, change: null };
  return { uploadRegion: pasted, knownRegion: fullRegion, pixels, ...changes };
}

function alignmentOf(inliers: readonly FrameMatch[], picture?: PictureMatch, times: readonly number[] = []): Alignment {
  const alignment = summariseAlignment({
    contentNumber: 1,
    dihedral: 0,
    line: { speed: 1, offsetMs: 0 },
    inliers,
    frameTimesMs: [...new Set([...inliers.map(({ uploadTimeMs }) => uploadTimeMs), ...times])].sort((a, b) => a - b),
    knownStepMs: 500,
  });
  return picture === undefined ? alignment : { ...alignment, picture };
}

/** Of an upload of which twelve frames were looked at. */
function evidenceOf(alignment: Alignment, changes: Partial<Evidence> = {}): Evidence {
  return {
    kind: 'video',
    durationMs: 30_000,
    framesSampled: 12,
    framesSearched: 12,
    framesUsable: 12,
    complete: true,
    alignments: [alignment],
    exact: [],
    known: () => knownContent(),
    unjudged: null,
    ...changes,
  };
}

const strength = (alignment: Alignment, changes: Partial<Evidence> = {}) =>
  assess(alignment, evidenceOf(alignment, changes), defaultPolicy);

/** Far enough apart that no rule for whole frames would call it a copy: the score is 2.6 a frame. */
const line = (count: number, distanceBits = 70) => copyMatches(moments(count, 1_000), {}, { distanceBits });

describe('a video judged by its pixels', () => {
  it('is a copy when several frames lie on a line, and their pixels agree', () => {
    const alignment = alignmentOf(line(4), pictureOf(regions.agreementMin));
    expect(alignment.score).toBeGreaterThanOrEqual(regions.scoreMin);
    expect(strength(alignment)).toBe('strong');
    expect(isSettled(alignment, defaultPolicy)).toBe(true);
  });

  it('is no copy without the line: whatever its pixels say of one moment', () => {
    expect(strength(alignmentOf(line(1), pictureOf(1)))).not.toBe('strong');
    const hurried = copyMatches(moments(4, 100), {}, { distanceBits: 70 });
    expect(strength(alignmentOf(hurried, pictureOf(1)))).toBe('doubtful');
  });

  it('is doubtful when pixels agree less, and nothing when they do not agree', () => {
    const less = alignmentOf(line(4), pictureOf(regions.agreementMin - barely));
    expect(strength(less)).toBe('doubtful');
    expect(isSettled(less, defaultPolicy)).toBe(false);
    expect(strength(alignmentOf(line(4), pictureOf(regions.reviewAgreementMin - barely)))).toBe('weak');
  });

  it('is nothing when the score is what unrelated content has in common', () => {
    const chance = alignmentOf(line(1), pictureOf(regions.agreementMin - barely));
    expect(chance.score).toBeLessThan(regions.reviewScoreMin);
    expect(strength(chance)).toBe('weak');
  });

  it.each([
    ['a region of the upload', {}],
    ['a view of the known content', { uploadRegion: fullRegion, knownRegion: turned }],
  ])('is nothing when %s matched, and no pixels are there to bear it out', (_what, changes) => {
    const close = copyMatches(moments(6, 1_000), {}, { distanceBits: 4 });
    expect(strength(alignmentOf(close, pictureOf(undefined, changes)))).toBe('weak');
    expect(isSettled(alignmentOf(close, pictureOf(undefined, changes)), defaultPolicy)).toBe(false);
  });

  it('is a copy when one picture stands still for long', () => {
    const uploadHash = hashNumber(7);
    const still = copyMatches(moments(block.stillFramesMin, 2_000), {}, { uploadHash, distanceBits: 20 });
    expect(strength(alignmentOf(still, pictureOf(regions.agreementMin)))).toBe('strong');
    expect(strength(alignmentOf(still, pictureOf(regions.agreementMin - barely)))).not.toBe('strong');
  });

  it('is a copy when all of a clip matches that is too short for a line, and only then', () => {
    const whole = alignmentOf([frameMatch({ distanceBits: 12 })], pictureOf(regions.agreementMin));
    const all = { framesSampled: 1, framesSearched: 1, framesUsable: 1 };
    expect(strength(whole, all)).toBe('strong');
    expect(strength(whole)).not.toBe('strong');
    expect(strength(whole, { ...all, complete: false })).not.toBe('strong');
    expect(strength(whole, { ...all, unjudged: 'shed' })).not.toBe('strong');
    const other = alignmentOf([frameMatch({ distanceBits: 12 })], pictureOf(regions.agreementMin - barely));
    expect(strength(other, all)).not.toBe('strong');
    // More frames may yet refute it: it does not end the search.
    expect(isSettled(whole, defaultPolicy)).toBe(false);
  });
});

describe('whole frames', () => {
  const whole = { uploadRegion: fullRegion, knownRegion: fullRegion };
  const close = copyMatches(moments(6, 1_000), {}, { distanceBits: 10 });

  it('are judged by their hashes where the bank has no pixels of them', () => {
    const alignment = alignmentOf(close, pictureOf(undefined, whole));
    expect(strength(alignment)).toBe(strength(alignmentOf(close)));
    expect(strength(alignment)).toBe('strong');
  });

  it('are judged by their pixels where it has: flat pictures look alike to a hash', () => {
    expect(strength(alignmentOf(close, pictureOf(0.95, whole)))).toBe('strong');
    expect(strength(alignmentOf(close, pictureOf(0.1, whole)))).toBe('weak');
  });
});

describe('an image judged by its pixels', () => {
  const { imageRadiusBits, imageAgreementMin, reviewImageRadiusBits, reviewImageAgreementMin } = regions;
  it.each([
    [imageRadiusBits, imageAgreementMin, 'strong'],
    [imageRadiusBits + 1, imageAgreementMin, 'doubtful'],
    [imageRadiusBits, imageAgreementMin - barely, 'doubtful'],
    [reviewImageRadiusBits, reviewImageAgreementMin, 'doubtful'],
    [reviewImageRadiusBits + 1, 1, 'weak'],
    [0, reviewImageAgreementMin - barely, 'weak'],
  ] as const)('at %i bits and an agreement of %f is %s', (distanceBits, agreement, expected) => {
    const alignment = alignmentOf([frameMatch({ distanceBits })], pictureOf(agreement));
    expect(strength(alignment, { kind: 'image', durationMs: 0, framesSampled: 1, framesSearched: 1 })).toBe(expected);
  });
});

describe('the decision', () => {
  it('says which part of the picture showed what, and how well the pixels agreed', () => {
    const picture = pictureOf(0.91234, {
      knownRegion: turned,
      pixels: { agreement: 0.91234, change: { agreement: 0.87654, levels: 9 } },
    });
    const judgement = decide(evidenceOf(alignmentOf(line(4), picture)), defaultPolicy);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched' });
    expect(judgement.matches[0]).toMatchObject({
      uploadRegion: pasted,
      knownRegion: turned,
      pixelAgreement: 0.912,
      changeAgreement: 0.877,
    });
  });

  it('says nothing of pixels that were not compared', () => {
    const judgement = decide(evidenceOf(alignmentOf(copyMatches(moments(6, 1_000), {}))), defaultPolicy);
    expect(judgement.outcome).toBe('block');
    expect(Object.keys(judgement.matches[0] ?? {}).filter((key) => /region|agreement/i.test(key))).toEqual([]);
  });
});
