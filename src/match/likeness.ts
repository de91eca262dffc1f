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
