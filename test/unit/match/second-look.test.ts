/** Goal: what comes near enough to be worth a dense look gets one, and what unrelated content reaches every day does not. */
import { describe, expect, it } from 'vitest';
import type { Alignment } from '../../../src/match/alignment.ts';
import { isWorthSecondLook } from '../../../src/match/likeness.ts';
import { fullRegion } from '../../../src/match/region.ts';
import { copyMatches, lineOf, moments } from '../../support/frame-matches.ts';

function alignment(frames: number, distanceBits: number, agreement: number, change: number | null): Alignment {
  const pixels = {
    agreement,
    residualAgreement: 0,
    change: change === null ? null : { agreement: change, levels: 20 },
  };
  const picture = { uploadRegion: fullRegion, knownRegion: fullRegion, negative: false, pixels };
  return { ...lineOf(copyMatches(moments(frames, 1_000), {}, { distanceBits })), picture };
}

describe('an alignment', () => {
  it.each([
    ['of one frame whose hash and pixels agree', alignment(1, 60, 0.6, null)],
    ['of four frames whose pixels agree, however faint their hashes', alignment(4, 88, 0.7, null)],
    ['whose pictures change alike, with less of their pixels', alignment(2, 88, 0.5, 0.3)],
  ])('%s is worth it', (_what, each) => {
    expect(isWorthSecondLook(each)).toBe(true);
  });

  it.each([
    ['of one frame whose pixels do not agree', alignment(1, 20, 0.54, null)],
    ['of three frames with faint hashes', alignment(3, 88, 0.7, null)],
    ['whose pictures change alike and do not agree', alignment(2, 60, 0.49, 1)],
    ['whose pictures agree and change otherwise', alignment(2, 88, 0.65, 0.29)],
    ['without pixels', lineOf(copyMatches(moments(9, 1_000), {}, { distanceBits: 10 }))],
  ])('%s is not', (_what, each) => {
    expect(isWorthSecondLook(each)).toBe(false);
  });
});
