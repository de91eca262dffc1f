/**
 * How far an alignment that pixels judge is from a block, as a number: what blocks, and how near everything else came to it.
 * The rules follow measurements (docs/specs/matching.md); the numbers are the policy's.
 */
import type { Policy } from '../contracts/policy.ts';
import type { Alignment } from '../match/alignment.ts';
import { firmAgreementOf, likenessOf, pictureLikenessOf, stillLikenessOf } from '../match/likeness.ts';

/** What the likeness of something still can be at most. */
const stillMost = 2;

/**
 * Of a video: 0 and more blocks; below, by how much the nearest rule is missed, in likeness, agreement or change, or as a
 * share of the score. -Infinity where there is no line, or nothing was compared. `isLongStill`: one picture stands still for
 * so long that it needs no line.
 */
export function videoMarginOf(alignment: Alignment, policy: Policy, isLongStill: boolean): number {
  const { regions, block } = policy;
  const { score, distinctBits, matchedMs } = alignment;
  const isLine = distinctBits.length >= regions.framesMin && matchedMs >= block.matchedSecondsMin * 1000;
  const scored = isLine ? beyond(score, regions.scoreMin) : Number.NEGATIVE_INFINITY;
  const alike = Math.min(likenessMarginOf(alignment, policy), isLongStill ? Number.POSITIVE_INFINITY : scored);
  // Hashes left aside: what was cut and covered until little of a hash is left may show all the same.
  return isLine ? Math.max(alike, seenMarginOf(alignment, policy)) : alike;
}

/** Of an image, likewise. */
export function imageMarginOf(alignment: Alignment, policy: Policy): number {
  const { imageAgreementMin, imageLikenessMin } = policy.regions;
  return Math.min(firmAgreementOf(alignment) - imageAgreementMin, stillLikenessOf(alignment) - imageLikenessMin);
}

/** What hashes, pixels and changes say together, beyond what is asked. */
export function likenessMarginOf(alignment: Alignment, policy: Policy): number {
  const isStill = alignment.picture?.pixels?.change === null;
  const least = isStill ? leastOfStill(alignment, policy) : policy.regions.likenessMin + surchargeOf(alignment, policy);
  return Math.min(pixelMarginOf(alignment, policy), likenessOf(alignment) - least);
}

/** What pixels and changes alone say beyond it. */
function seenMarginOf(alignment: Alignment, policy: Policy): number {
  const { reviewScoreMin, pictureLikenessMin } = policy.regions;
  const seen = pictureLikenessOf(alignment) - pictureLikenessMin;
  return Math.min(pixelMarginOf(alignment, policy), seen, beyond(alignment.score, reviewScoreMin));
}

/** The pixels bear it out, and where anything moves, so do the changes: two takes of one scene look alike as well. */
function pixelMarginOf(alignment: Alignment, policy: Policy): number {
  const pixels = alignment.picture?.pixels;
  if (pixels === undefined || pixels === null) return Number.NEGATIVE_INFINITY;
  const agreed = firmAgreementOf(alignment) - policy.regions.agreementMin;
  return pixels.change === null ? agreed : Math.min(agreed, pixels.change.agreement - policy.regions.changeMin);
}

/** As a share of the least. */
function beyond(score: number, least: number): number {
  return least === 0 ? Number.POSITIVE_INFINITY : score / least - 1;
}

/** Of what stands still a missing second asks for a share of what is left: its frames are as good as one. */
function leastOfStill(alignment: Alignment, { regions }: Policy): number {
  const { stillLikenessMin, missingSecondLikeness } = regions;
  const share = Math.min(1, missingSecondsOf(alignment, regions) * missingSecondLikeness);
  return stillLikenessMin + share * Math.max(0, stillMost - stillLikenessMin);
}

/**
 * Few frames must say more, and so must few seconds, however many frames are in them: of many pairs of frames some few
 * always look alike, and then so do their neighbours. A long line of many may say a little less.
 */
function surchargeOf(alignment: Alignment, { regions }: Policy): number {
  const missingFrames = Math.max(0, regions.usualFramesMin - alignment.distinctBits.length);
  const moreSeconds = alignment.matchedMs / 1000 - regions.usualSecondsMin;
  if (missingFrames === 0 && moreSeconds > 0) {
    return -Math.min(moreSeconds * regions.extraSecondLikeness, regions.extraLikenessMax);
  }
  const ofSeconds = missingSecondsOf(alignment, regions) * regions.missingSecondLikeness;
  return Math.max(missingFrames * regions.missingFrameLikeness, ofSeconds);
}

function missingSecondsOf({ matchedMs }: Alignment, { usualSecondsMin }: Policy['regions']): number {
  return Math.max(0, usualSecondsMin - matchedMs / 1000);
}
