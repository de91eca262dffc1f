/**
 * How strong one alignment is under the policy. Every rule asks for "at least so many" or "within so many bits", so a
 * closer match can only make it stronger.
 */
import type { Policy } from '../contracts/policy.ts';
import type { Alignment } from '../match/alignment.ts';
import { nearnessOf, pictureNearnessOf } from '../match/likeness.ts';
import { fullRegion } from '../match/region.ts';
import type { Evidence } from './evidence.ts';
import { imageMarginOf, likenessMarginOf, videoMarginOf } from './picture-margin.ts';

/** strong: a copy. doubtful: a person should look. weak: what unrelated content has in common. */
export type Strength = 'strong' | 'doubtful' | 'weak';

/** What a close frame below the least frame quality counts in a still. */
const faintWeight = 0.5;

export function assess(alignment: Alignment, evidence: Evidence, policy: Policy): Strength {
  if (isJudgedByPixels(alignment)) return assessPicture(alignment, evidence, policy);
  const strong = evidence.kind === 'image' ? isSamePicture(alignment, policy) : isCopy(alignment, evidence, policy);
  if (strong) return 'strong';
  return isDoubtful(alignment, evidence, policy) ? 'doubtful' : 'weak';
}

/**
 * True when it is enough to stop at: the rules that count up, which more frames cannot weaken, without the one on the
 * whole. Of what pixels judge, more frames could lower the likeness; what it has reached by then is what blocks.
 */
export function isSettled(alignment: Alignment, policy: Policy): boolean {
  if (isJudgedByPixels(alignment)) return isVerifiedCopy(alignment, policy);
  return isClose(alignment, policy) || isAligned(alignment, policy) || isLongStill(alignment, policy);
}

/**
 * How far the alignment is from a block where pixels judge it: 0 and more blocks. The rule on whole uploads is left aside,
 * for it depends on what else was looked at. Undefined where hashes alone judge it.
 */
export function marginOf(alignment: Alignment, kind: Evidence['kind'], policy: Policy): number | undefined {
  if (!isJudgedByPixels(alignment)) return undefined;
  if (kind === 'image') return imageMarginOf(alignment, policy);
  return videoMarginOf(alignment, policy, isLongStill(alignment, policy));
}

/** Whole frames of which the bank has no pixels are judged by their hashes alone. */
function isJudgedByPixels({ picture }: Alignment): boolean {
  if (picture === undefined) return false;
  const isWhole = picture.uploadRegion === fullRegion && picture.knownRegion === fullRegion && !picture.negative;
  return picture.pixels !== null || !isWhole;
}

/** Regions have far more chances to agree than whole frames: their pixels have to bear them out. */
function assessPicture(alignment: Alignment, evidence: Evidence, policy: Policy): Strength {
  const { regions } = policy;
  const agreement = alignment.picture?.pixels?.agreement ?? 0;
  const nearness = nearnessOf(alignment);
  if (evidence.kind === 'image') {
    if (imageMarginOf(alignment, policy) >= 0) return 'strong';
    const isNear = agreement >= regions.reviewImageAgreementMin && nearness >= regions.reviewImageNearnessMin;
    return isNear ? 'doubtful' : 'weak';
  }
  if (isVerifiedCopy(alignment, policy)) return 'strong';
  if (likenessMarginOf(alignment, policy) >= 0 && isWhole(alignment, evidence, policy)) return 'strong';
  const isSeen =
    alignment.distinctBits.length >= regions.framesMin &&
    pictureNearnessOf(alignment) >= regions.reviewPictureNearnessMin;
  const isNear = nearness >= regions.reviewNearnessMin || isSeen || isLasting(alignment, policy);
  return alignment.score >= regions.reviewScoreMin && isNear ? 'doubtful' : 'weak';
}

/** What goes on for so long is seldom chance, though neither hashes nor pixels say much. */
function isLasting({ score, matchedMs, picture }: Alignment, { regions }: Policy): boolean {
  return (
    score >= regions.reviewLongScoreMin &&
    matchedMs >= regions.usualSecondsMin * 1000 &&
    (picture?.pixels?.agreement ?? 0) >= regions.reviewLongAgreementMin
  );
}

function isVerifiedCopy(alignment: Alignment, policy: Policy): boolean {
  return videoMarginOf(alignment, policy, isLongStill(alignment, policy)) >= 0;
}

function isCopy(alignment: Alignment, evidence: Evidence, policy: Policy): boolean {
  return isSettled(alignment, policy) || isWhole(alignment, evidence, policy);
}

/** One frame against one: enough for an image, and only where the picture has detail. */
function isSamePicture(alignment: Alignment, policy: Policy): boolean {
  return detailedFramesWithin(alignment, policy.singleFrameRadiusBits, policy) > 0;
}

function isClose(alignment: Alignment, { block, singleFrameRadiusBits }: Policy): boolean {
  return (
    countWithin(alignment.distinctBits, singleFrameRadiusBits) >= block.closeFramesMin &&
    alignment.matchedMs >= block.matchedSecondsMin * 1000
  );
}

function isAligned(alignment: Alignment, { block, alignedRadiusBits }: Policy): boolean {
  return (
    countWithin(alignment.distinctBits, alignedRadiusBits) >= block.alignedFramesMin &&
    alignment.score >= block.alignedScoreMin &&
    alignment.matchedMs >= block.matchedSecondsMin * 1000
  );
}

/** A still camera shows one picture for long: few distinct frames, but many close ones in a row. */
function isLongStill(alignment: Alignment, policy: Policy): boolean {
  const { block, singleFrameRadiusBits, minFrameQuality } = policy;
  const close = alignment.inliers.filter((match) => match.distanceBits <= singleFrameRadiusBits);
  const weight = close.reduce((sum, { quality }) => sum + (quality >= minFrameQuality ? 1 : faintWeight), 0);
  return weight >= block.stillFramesMin && alignment.matchedMs >= block.stillSecondsMin * 1000;
}

/**
 * The whole upload is on the line: what is too short for the other rules. A shared title card does not pass, for the
 * rest of such an upload does not match; nor does one clear frame in a dark clip, for too little of it was looked at.
 */
function isWhole(alignment: Alignment, evidence: Evidence, policy: Policy): boolean {
  const { framesSampled, framesSearched } = evidence;
  if (!evidence.complete || evidence.unjudged !== null) return false;
  if (framesSearched < policy.block.wholeSearchedShareMin * framesSampled) return false;
  const enough = Math.max(1, policy.block.wholeShareMin * framesSearched);
  return isSameThroughout(alignment, enough, policy) || isNearThroughout(alignment, enough, policy);
}

/** One picture is enough when it has detail; faint ones must be at least two. */
function isSameThroughout(alignment: Alignment, enough: number, policy: Policy): boolean {
  const { singleFrameRadiusBits } = policy;
  if (countWithin(distancesOf(alignment), singleFrameRadiusBits) < enough) return false;
  return (
    detailedFramesWithin(alignment, singleFrameRadiusBits, policy) > 0 ||
    countWithin(alignment.distinctBits, singleFrameRadiusBits) > 1
  );
}

function isNearThroughout(alignment: Alignment, enough: number, { block, alignedRadiusBits }: Policy): boolean {
  return (
    countWithin(distancesOf(alignment), alignedRadiusBits) >= enough &&
    countWithin(alignment.distinctBits, alignedRadiusBits) >= block.wholeFramesMin &&
    alignment.score >= block.wholeScoreMin
  );
}

function isDoubtful(alignment: Alignment, evidence: Evidence, policy: Policy): boolean {
  const { review, singleFrameRadiusBits, alignedRadiusBits } = policy;
  if (alignment.distanceBits <= singleFrameRadiusBits) return true;
  if (evidence.kind === 'image' && alignment.distanceBits <= review.radiusBits) return true;
  return (
    countWithin(alignment.distinctBits, alignedRadiusBits) >= review.framesMin && alignment.score >= review.scoreMin
  );
}

function distancesOf(alignment: Alignment): number[] {
  return alignment.inliers.map((match) => match.distanceBits);
}

function detailedFramesWithin(alignment: Alignment, radiusBits: number, policy: Policy): number {
  return alignment.inliers.filter(
    (match) => match.distanceBits <= radiusBits && match.quality >= policy.minFrameQuality,
  ).length;
}

function countWithin(distancesBits: readonly number[], radiusBits: number): number {
  return distancesBits.filter((bits) => bits <= radiusBits).length;
}
