/**
 * The pixel check: do two pictures, brought over each other, show the same things? A hash holds only signs, so that two
 * flat pictures whose faint coefficients agree look alike to it. Pixels tell them apart.
 */
import type { ChangeAgreement } from './change-check.ts';
import { correlationIn, gridSide, type Laid, momentsOf } from './moments.ts';
import { residualsOf } from './residual.ts';

const blockCells = 8;
const blocksAcross = gridSide / blockCells;
/** What a block's detail counts at most, gray levels: one high-contrast block must not stand for all. */
const detailCap = 12;
/** Noise of encoding, gray levels: detail below it says nothing. */
const noiseLevel = 1.5;
/**
 * Of the known picture, gray levels of detail above the noise, the mean over its blocks: a photograph has 8 to 10, a blank
 * page with a line of buttons 1 to 5. Agreement in less of it counts for as much less: there is little to agree in.
 */
const usualDetail = 6;
/** The same of its residual: a photograph has 5 to 9, a bottle on a shelf before a wall 1 to 5, a game board less than 1. */
const usualResidualDetail = 2;

/** What the pixels of several frames of an alignment say together. */
export interface PixelEvidence {
  /** Of the frame in the middle of the closest three: one that a cut spoils does not count, nor does a chance fit. */
  readonly agreement: number;
  /**
   * Likewise of what rows and columns do not tell: edges of boxes that stand alike agree, whatever is in them. Null where
   * agreement is too little to be asked twice.
   */
  readonly residualAgreement: number | null;
  /** How far changes agree; null where the known content stands still. */
  readonly change: ChangeAgreement | null;
}

/** 0 to 1: how much of the known picture's detail shows in the upload that lies over it. */
export function agreementOf(laid: Laid): number {
  return agreementIn(laid, usualDetail);
}

/** The same of what rows and columns do not tell (residual.ts). */
export function residualAgreementOf(laid: Laid): number {
  return agreementIn(residualsOf(laid), usualResidualDetail);
}

/**
 * Each of 16 blocks counts by its own detail, so that a caption spoils its blocks and no others, and a shared gradient or
 * frame counts little.
 */
function agreementIn(laid: Laid, usual: number): number {
  let [weights, agreed] = [0, 0];
  for (let block = 0; block < blocksAcross * blocksAcross; block++) {
    const { detail, correlation } = compareBlock(laid, block);
    const weight = Math.max(0, Math.min(detail, detailCap) - noiseLevel);
    weights += weight;
    agreed += weight * Math.max(0, correlation);
  }
  return agreed / Math.max(weights, usual * blocksAcross * blocksAcross);
}

/** Where it shows: half of the block at least, or nothing is said of it. */
function compareBlock({ known, upload, inside }: Laid, block: number) {
  const top = Math.floor(block / blocksAcross) * blockCells;
  const left = (block % blocksAcross) * blockCells;
  const moments = momentsOf(known, upload, inside, { left, top, right: left + blockCells, bottom: top + blockCells });
  const { count, sumA, sumAA } = moments;
  if (count < (blockCells * blockCells) / 2) return { detail: 0, correlation: 0 };
  const detail = Math.sqrt(Math.max(0, sumAA / count - (sumA / count) ** 2));
  return { detail, correlation: correlationIn(moments) };
}
