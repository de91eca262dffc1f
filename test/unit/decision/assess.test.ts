/** Goal: what the hashes of regions have in common is never enough alone; their pixels have to bear it out. */
import { describe, expect, it } from 'vitest';
import { assess, isSettled } from '../../../src/decision/assess.ts';
import { decide } from '../../../src/decision/decide.ts';
import type { Evidence } from '../../../src/decision/evidence.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import { type Alignment, evidenceOf as evidenceOfBits, type PictureMatch } from '../../../src/match/alignment.ts';
import type { FrameMatch } from '../../../src/match/frame-match.ts';
import type { PixelEvidence } from '../../../src/match/pixel-check.ts';
import { fullRegion, type Region } from '../../../src/match/region.ts';
import { copyMatches, frameMatch, knownContent, lineOf, moments } from '../../support/frame-matches.ts';
import { hashNumber } from '../../support/hashes.ts';

/** Numbers of its own: the built-in ones follow measurements, and the rules hold for any. */
const policy = parsePolicy({
  regions: {
    framesMin: 2,
    scoreMin: 8,
    agreementMin: 0.5,
    changeMin: 0.75,
    likenessMin: 2.25,
    usualFramesMin: 5,
    missingFrameLikeness: 0.1,
    usualSecondsMin: 3,
    missingSecondLikeness: 0.1,
    extraSecondLikeness: 0.05,
    extraLikenessMax: 0.12,
    pictureLikenessMin: 1.8,
    stillLikenessMin: 1.7,
    imageAgreementMin: 0.65,
    imageLikenessMin: 1.4,
    reviewScoreMin: 4,
    reviewNearnessMin: 1.3,
    reviewPictureNearnessMin: 1.6,
    reviewLongScoreMin: 12,
    reviewLongAgreementMin: 0.35,
    reviewImageAgreementMin: 0.5,
    reviewImageNearnessMin: 1.2,
  },
});
const { regions, block } = policy;
const pasted: Region = { left: 0.1, top: 0.2, width: 0.6, height: 0.5, degrees: 0 };
const turned: Region = { left: 0.05, top: 0.05, width: 0.9, height: 0.9, degrees: 5 };
const barely = 0.001;

type Pixels = PictureMatch['pixels'];

/** Pixels that agree so far, of content that changes and of an upload that changes with it so far. */
const moving = (agreement: number, change: number): PixelEvidence => ({
  agreement,
  residualAgreement: agreement,
  change: { agreement: change, levels: 20 },
});
/** Pixels that agree so far, of content that stands still. */
const standing = (agreement: number): PixelEvidence => ({ agreement, residualAgreement: agreement, change: null });

/** Null means no pixels to compare. */
function pictureOf(pixels: Pixels, changes: Partial<PictureMatch> = {}): PictureMatch {
  return { uploadRegion: pasted, knownRegion: fullRegion, negative: false, pixels, ...changes };
}

function alignmentOf(inliers: readonly FrameMatch[], picture?: PictureMatch): Alignment {
  const alignment = lineOf(inliers);
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
  assess(alignment, evidenceOf(alignment, changes), policy);

/** Moments a second apart. At 70 bits no rule for whole frames would call it a copy: the score is 2.6 a frame. */
const line = (count: number, distanceBits = 70) => copyMatches(moments(count, 1_000), {}, { distanceBits });
/** What the hashes of such a line add to its likeness. */
const hashShare = (distanceBits: number) => evidenceOfBits(distanceBits) / evidenceOfBits(0);

describe('a video judged by its pixels', () => {
  const sure = pictureOf(moving(1, 1));

  it('is a copy when frames lie on a line, and hashes, pixels and changes agree', () => {
    const alignment = alignmentOf(line(4), sure);
    expect(alignment.score).toBeGreaterThanOrEqual(regions.scoreMin);
    expect(strength(alignment)).toBe('strong');
    expect(isSettled(alignment, policy)).toBe(true);
  });

  it('is no copy without the line: whatever its pixels say of one moment', () => {
    expect(strength(alignmentOf(line(1), pictureOf(standing(1))))).not.toBe('strong');
    const hurried = copyMatches(moments(4, 100), {}, { distanceBits: 70 });
    expect(strength(alignmentOf(hurried, sure))).toBe('doubtful');
    expect(isSettled(alignmentOf(hurried, sure), policy)).toBe(false);
  });

  it.each([
    ['the pixels do not agree', moving(regions.agreementMin - barely, 1)],
    ['it changes otherwise than the known content', moving(1, regions.changeMin - barely)],
    ['it changes against the known content', moving(1, -1)],
  ])('is no copy when %s, whatever the rest says', (_what, pixels) => {
    const close = alignmentOf(line(6, 10), pictureOf(pixels));
    expect(strength(close)).not.toBe('strong');
    expect(isSettled(close, policy)).toBe(false);
    // Each is the only thing that is missing.
    expect(strength(alignmentOf(line(6, 10), pictureOf(moving(1, 1))))).toBe('strong');
  });

  it('needs the three together to say enough, where each alone would pass', () => {
    const change = 0.9;
    const agreement = regions.likenessMin - hashShare(70) - change;
    expect(agreement).toBeGreaterThan(regions.agreementMin);
    const stepMs = (regions.usualSecondsMin * 1_000) / (regions.usualFramesMin - 1);
    const usual = copyMatches(moments(regions.usualFramesMin, stepMs), {}, { distanceBits: 70 });
    expect(strength(alignmentOf(usual, pictureOf(moving(agreement + barely, change))))).toBe('strong');
    expect(strength(alignmentOf(usual, pictureOf(moving(agreement - barely, change))))).not.toBe('strong');
  });

  it('needs more of few frames, for of many pairs some few always look alike', () => {
    const few = line(regions.usualFramesMin - 1, 66);
    const [change, more] = [0.85, regions.missingFrameLikeness];
    const agreement = regions.likenessMin + more - hashShare(66) - change;
    expect(agreement + change).toBeLessThan(regions.pictureLikenessMin);
    expect(strength(alignmentOf(few, pictureOf(moving(agreement + barely, change))))).toBe('strong');
    expect(strength(alignmentOf(few, pictureOf(moving(agreement - barely, change))))).not.toBe('strong');
  });

  it('needs more of few seconds, however many frames are in them', () => {
    // Frames enough, half a second apart: one second less than usual.
    const short = copyMatches(moments(regions.usualFramesMin, 500), {}, { distanceBits: 66 });
    const [change, missingSeconds] = [0.85, regions.usualSecondsMin - (regions.usualFramesMin - 1) / 2];
    expect(missingSeconds).toBeGreaterThan(0);
    const agreement = regions.likenessMin + missingSeconds * regions.missingSecondLikeness - hashShare(66) - change;
    expect(agreement + change).toBeLessThan(regions.pictureLikenessMin);
    expect(strength(alignmentOf(short, pictureOf(moving(agreement + barely, change))))).toBe('strong');
    expect(strength(alignmentOf(short, pictureOf(moving(agreement - barely, change))))).not.toBe('strong');
  });

  it.each([
    ['a little less of a long line of many frames', 6, 1_000, 2 * regions.extraSecondLikeness],
    ['no less than so much of the longest', 31, 1_000, regions.extraLikenessMax],
    ['no less of a long line of few frames', 4, 10_000, -regions.missingFrameLikeness],
  ])('needs %s', (_what, frames, stepMs, less) => {
    const long = copyMatches(moments(frames, stepMs), {}, { distanceBits: 66 });
    const change = 0.85;
    const agreement = regions.likenessMin - less - hashShare(66) - change;
    expect(agreement + change).toBeLessThan(regions.pictureLikenessMin);
    expect(strength(alignmentOf(long, pictureOf(moving(agreement + barely, change))))).toBe('strong');
    expect(strength(alignmentOf(long, pictureOf(moving(agreement - barely, change))))).not.toBe('strong');
  });

  it('is doubtful when it goes on for long, though hashes and pixels say little', () => {
    const { reviewLongAgreementMin: agreement, usualSecondsMin } = regions;
    const of = (frames: number, seconds: number, agreed: number) =>
      strength(
        alignmentOf(
          copyMatches(moments(frames, (seconds * 1_000) / (frames - 1)), {}, { distanceBits: 76 }),
          pictureOf(moving(agreed, 0)),
        ),
      );
    expect(of(6, usualSecondsMin, agreement)).toBe('doubtful');
    expect(of(6, usualSecondsMin, agreement - barely)).toBe('weak');
    expect(of(6, usualSecondsMin - 0.1, agreement)).toBe('weak');
    expect(of(5, usualSecondsMin, agreement)).toBe('weak');
  });

  it('needs more of hashes and pixels where nothing moves, for nothing is known of change', () => {
    const agreement = regions.stillLikenessMin - hashShare(60);
    expect(strength(alignmentOf(line(4, 60), pictureOf(standing(agreement + barely))))).toBe('strong');
    expect(strength(alignmentOf(line(4, 60), pictureOf(standing(agreement - barely))))).toBe('doubtful');
  });

  it('needs a share of what is left for each missing second where nothing moves', () => {
    const missing = regions.usualSecondsMin - 2;
    const least = regions.stillLikenessMin + missing * regions.missingSecondLikeness * (2 - regions.stillLikenessMin);
    const agreement = least - hashShare(60);
    const short = line(3, 60);
    expect(alignmentOf(short).matchedMs).toBe(2_000);
    expect(strength(alignmentOf(short, pictureOf(standing(agreement + barely))))).toBe('strong');
    expect(strength(alignmentOf(short, pictureOf(standing(agreement - barely))))).toBe('doubtful');
  });

  it('is a copy when pixels and changes say nearly all, though cuts and covers have left little of the hashes', () => {
    const faint = line(2, 74);
    expect(alignmentOf(faint).score).toBeLessThan(regions.scoreMin);
    const half = regions.pictureLikenessMin / 2;
    const seen = alignmentOf(faint, pictureOf(moving(half + barely, half)));
    expect(strength(seen)).toBe('strong');
    expect(isSettled(seen, policy)).toBe(true);
    expect(strength(alignmentOf(faint, pictureOf(moving(half - barely, half))))).toBe('doubtful');
    // Without a line, without enough of the hashes, or with one of the two against it, it is not seen.
    const hurried = copyMatches(moments(2, 100), { offsetMs: 200 }, { distanceBits: 74 });
    expect(strength(alignmentOf(hurried, sure))).toBe('doubtful');
    expect(strength(alignmentOf(line(2, 77), sure))).toBe('weak');
    expect(strength(alignmentOf(faint, pictureOf(moving(1, regions.changeMin - barely))))).not.toBe('strong');
  });

  it('goes by what rows and columns do not tell where that agrees less: boxes that stand alike share their edges', () => {
    const strengthOf = (length: number, bits: number, pixels: PixelEvidence, residualAgreement: number) =>
      strength(alignmentOf(line(length, bits), pictureOf({ ...pixels, residualAgreement })));
    const still = regions.stillLikenessMin - hashShare(60);
    expect(strengthOf(4, 60, standing(1), still + barely)).toBe('strong');
    expect(strengthOf(4, 60, standing(1), still - barely)).toBe('doubtful');
    const change = 0.95;
    const moved = regions.likenessMin + regions.missingFrameLikeness - change - hashShare(64);
    const seen = regions.pictureLikenessMin - change;
    expect(strengthOf(4, 64, moving(1, change), Math.min(moved, seen) + barely)).toBe('strong');
    expect(strengthOf(4, 64, moving(1, change), Math.min(moved, seen) - barely)).toBe('doubtful');
    expect(strengthOf(6, 20, moving(1, 1), regions.agreementMin + barely)).toBe('strong');
    expect(strengthOf(6, 20, moving(1, 1), regions.agreementMin - barely)).toBe('doubtful');
    // What was not asked twice has nothing to show.
    expect(strength(alignmentOf(line(6, 20), pictureOf({ ...moving(1, 1), residualAgreement: null })))).toBe(
      'doubtful',
    );
    // It adds nothing where it agrees more.
    expect(strengthOf(6, 20, moving(regions.agreementMin - barely, 1), 1)).toBe('doubtful');
  });

  it('is doubtful when pixels and changes alone say so much', () => {
    const agreement = 0.72;
    const change = regions.reviewPictureNearnessMin - agreement;
    expect(hashShare(74) + agreement).toBeLessThan(regions.reviewNearnessMin);
    expect(strength(alignmentOf(line(2, 74), pictureOf(moving(agreement, change + barely))))).toBe('doubtful');
    expect(strength(alignmentOf(line(2, 74), pictureOf(moving(agreement, change - barely))))).toBe('weak');
  });

  it('is doubtful when hashes and pixels say less, and nothing when they say little', () => {
    const agreement = regions.reviewNearnessMin - hashShare(70);
    // Change does not count: two takes of one scene need a person.
    const [against, nearlyWith] = [-1, regions.changeMin - barely];
    expect(strength(alignmentOf(line(4), pictureOf(moving(agreement + barely, against))))).toBe('doubtful');
    expect(strength(alignmentOf(line(4), pictureOf(moving(agreement - barely, nearlyWith))))).toBe('weak');
  });

  it('is nothing when the score is what unrelated content has in common', () => {
    const chance = alignmentOf(line(1), pictureOf(standing(1)));
    expect(chance.score).toBeLessThan(regions.reviewScoreMin);
    expect(strength(chance)).toBe('weak');
  });

  it.each([
    ['a region of the upload', {}],
    ['a view of the known content', { uploadRegion: fullRegion, knownRegion: turned }],
  ])('is no copy when %s matched, and no pixels are there to bear it out', (_what, changes) => {
    const close = alignmentOf(line(6, 4), pictureOf(null, changes));
    expect(strength(close)).not.toBe('strong');
    expect(isSettled(close, policy)).toBe(false);
  });

  it('is a copy when one picture stands still for long', () => {
    const uploadHash = hashNumber(7);
    const still = copyMatches(moments(block.stillFramesMin, 2_000), {}, { uploadHash, distanceBits: 20 });
    expect(alignmentOf(still).score).toBeLessThan(regions.scoreMin);
    expect(strength(alignmentOf(still, pictureOf(standing(0.9))))).toBe('strong');
    expect(strength(alignmentOf(still, pictureOf(standing(regions.agreementMin - barely))))).not.toBe('strong');
  });

  it('is a copy when all of a clip matches that is too short for a line, and only then', () => {
    const whole = alignmentOf([frameMatch({ distanceBits: 12 })], pictureOf(standing(1)));
    const all = { framesSampled: 1, framesSearched: 1, framesUsable: 1 };
    expect(strength(whole, all)).toBe('strong');
    expect(strength(whole)).not.toBe('strong');
    expect(strength(whole, { ...all, complete: false })).not.toBe('strong');
    expect(strength(whole, { ...all, unjudged: 'shed' })).not.toBe('strong');
    const other = alignmentOf([frameMatch({ distanceBits: 12 })], pictureOf(standing(0.5)));
    expect(strength(other, all)).not.toBe('strong');
    // More frames may yet refute it: it does not end the search.
    expect(isSettled(whole, policy)).toBe(false);
  });
});

describe('whole frames', () => {
  const whole = { uploadRegion: fullRegion, knownRegion: fullRegion };

  it('are judged by their hashes where the bank has no pixels of them', () => {
    const alignment = alignmentOf(line(6, 10), pictureOf(null, whole));
    expect(strength(alignment)).toBe(strength(alignmentOf(line(6, 10))));
    expect(strength(alignment)).toBe('strong');
  });

  it('are judged by their pixels where it has: flat pictures look alike to a hash', () => {
    expect(strength(alignmentOf(line(6, 10), pictureOf(moving(0.95, 0.95), whole)))).toBe('strong');
    expect(strength(alignmentOf(line(6, 10), pictureOf(standing(0.1), whole)))).toBe('weak');
  });
});

describe('an image judged by its pixels', () => {
  const { imageAgreementMin, imageLikenessMin, reviewImageAgreementMin, reviewImageNearnessMin } = regions;
  const strengthAt = (distanceBits: number, agreement: number) =>
    strength(alignmentOf([frameMatch({ distanceBits })], pictureOf(standing(agreement))), {
      kind: 'image',
      durationMs: 0,
      framesSampled: 1,
      framesSearched: 1,
    });

  it.each([
    [0, imageAgreementMin, 'strong'],
    [0, imageAgreementMin - barely, 'doubtful'],
    [0, reviewImageAgreementMin, 'doubtful'],
    [0, reviewImageAgreementMin - barely, 'weak'],
    [70, imageLikenessMin - hashShare(70) + barely, 'strong'],
    [70, imageLikenessMin - hashShare(70) - barely, 'doubtful'],
    [64, reviewImageNearnessMin - hashShare(64) + barely, 'weak'],
    [70, reviewImageNearnessMin - hashShare(70) + barely, 'doubtful'],
    [70, reviewImageNearnessMin - hashShare(70) - barely, 'weak'],
    [96, 1, 'weak'],
  ] as const)('at %i bits and an agreement of %f is %s', (distanceBits, agreement, expected) => {
    expect(strengthAt(distanceBits, agreement)).toBe(expected);
  });
});

describe('the decision', () => {
  it('says which part of the picture showed what, and how well the pixels agreed', () => {
    const pixels = { ...moving(0.95678, 0.87654), residualAgreement: 0.91234 };
    const picture = pictureOf(pixels, { knownRegion: turned });
    const judgement = decide(evidenceOf(alignmentOf(line(4), picture)), policy);
    expect(judgement).toMatchObject({ outcome: 'block', reason: 'matched' });
    expect(judgement.matches[0]).toMatchObject({
      uploadRegion: pasted,
      knownRegion: turned,
      pixelAgreement: 0.957,
      residualAgreement: 0.912,
      changeAgreement: 0.877,
      likeness: Number((hashShare(70) + 0.91234 + 0.87654).toFixed(3)),
    });
  });

  it('says nothing of pixels that were not compared', () => {
    const judgement = decide(evidenceOf(alignmentOf(copyMatches(moments(6, 1_000), {}))), policy);
    expect(judgement.outcome).toBe('block');
    expect(Object.keys(judgement.matches[0] ?? {}).filter((key) => /region|agreement|likeness/i.test(key))).toEqual([]);
  });
});
