/**
 * Likeness: what an alignment's hashes, pixels and changes say together, each as a share of what they can say at most.
 * Each of the three has its own way of being fooled (flat pictures, the same kind of scene, the same rig), and what fools
 * one seldom fools another; docs/specs/matching.md has the measured distributions.
 */
import type { Alignment } from './alignment.ts';

/** 0 to 3; 0 to 2 where nothing moves or nothing is known of change. */
export function likenessOf(alignment: Alignment): number {
  return stillLikenessOf(alignment) + changeOf(alignment);
}

/** Hashes and pixels alone, 0 to 2. */
export function stillLikenessOf(alignment: Alignment): number {
  return hashShareOf(alignment) + firmAgreementOf(alignment);
}

/** Pixels and changes alone, 0 to 2; 0 where nothing is known of change. */
export function pictureLikenessOf(alignment: Alignment): number {
  return hasChange(alignment) ? firmAgreementOf(alignment) + changeOf(alignment) : 0;
}

/**
 * How far pixels agree, in all and in what rows and columns do not tell: the lesser of both, 0 to 1. Hashes are fooled by
 * boxes that stand alike, and so are edges; what is left over is not. 0 where agreement was too little to be asked twice.
 */
export function firmAgreementOf({ picture }: Alignment): number {
  const { agreement = 0, residualAgreement = null } = picture?.pixels ?? {};
  return Math.min(agreement, residualAgreement ?? 0);
}

/** Nearness: likeness without asking what rows and columns tell. What it calls near may deserve a look, and no more. */
export function nearnessOf(alignment: Alignment): number {
  return hashShareOf(alignment) + (alignment.picture?.pixels?.agreement ?? 0);
}

/** That of pixels and changes alone, 0 to 2; 0 where nothing is known of change. */
export function pictureNearnessOf(alignment: Alignment): number {
  return hasChange(alignment) ? (alignment.picture?.pixels?.agreement ?? 0) + changeOf(alignment) : 0;
}

function hashShareOf({ score, distinctBits }: Alignment): number {
  return score / Math.max(1, distinctBits.length) / evidencePerFrame;
}

function hasChange({ picture }: Alignment): boolean {
  return (picture?.pixels?.change ?? null) !== null;
}

function changeOf({ picture }: Alignment): number {
  return Math.max(0, picture?.pixels?.change?.agreement ?? 0);
}

/** What a frame is worth at most; see `evidenceOf`. */
const evidencePerFrame = 4;

const secondLookNearness = 1.2;
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
  return agreement >= secondLookAgreement && nearnessOf(alignment) >= secondLookNearness;
}
