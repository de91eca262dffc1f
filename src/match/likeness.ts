/**
 * Likeness: what an alignment's hashes, pixels and changes say together, each as a share of what they can say at most.
 * Each of the three has its own way of being fooled (flat pictures, the same kind of scene, the same rig), and what fools
 * one seldom fools another; docs/specs/matching.md has the measured distributions.
 */
import type { Alignment } from './alignment.ts';

/** 0 to 3; 0 to 2 where nothing moves or nothing is known of change. */
export function likenessOf(alignment: Alignment): number {
  return stillLikenessOf(alignment) + Math.max(0, alignment.picture?.pixels?.change?.agreement ?? 0);
}

/** Hashes and pixels alone, 0 to 2. */
export function stillLikenessOf({ score, distinctBits, picture }: Alignment): number {
  const perFrame = score / Math.max(1, distinctBits.length);
  return perFrame / evidencePerFrame + (picture?.pixels?.agreement ?? 0);
}

/** Pixels and changes alone, 0 to 2; 0 where nothing is known of change. */
export function pictureLikenessOf({ picture }: Alignment): number {
  const { agreement = 0, change = null } = picture?.pixels ?? {};
  return change === null ? 0 : agreement + Math.max(0, change.agreement);
}

/** What a frame is worth at most; see `evidenceOf`. */
const evidencePerFrame = 4;

const secondLookLikeness = 1.2;
const secondLookAgreement = 0.55;
/** A line of so many frames counts with less of their hashes, */
const lineFrames = 4;
const lineAgreement = 0.7;
/** and one whose pictures change alike with less of their pixels. */
const changingAgreement = 0.5;
const changingChange = 0.3;

/** Whether it is worth a dense look: unrelated content seldom comes this close, and a copy of which one frame was seen does. */
export function isWorthSecondLook(alignment: Alignment): boolean {
  const { agreement = 0, change = null } = alignment.picture?.pixels ?? {};
  if (alignment.distinctBits.length >= lineFrames && agreement >= lineAgreement) return true;
  if (agreement >= changingAgreement && (change?.agreement ?? 0) >= changingChange) return true;
  return agreement >= secondLookAgreement && stillLikenessOf(alignment) >= secondLookLikeness;
}
