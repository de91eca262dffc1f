import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { dihedralNames } from '../../../src/contracts/common.ts';
import { createHasher } from '../../../src/kernel/load-kernel.ts';
import {
  dihedralOf,
  formsCount,
  hashAmong,
  isNegative,
  negativeOf,
  uprightDihedrals,
  writeForm,
} from '../../../src/match/form.ts';
import { affineOf, fullRegion } from '../../../src/match/region.ts';
import { bitsApart } from '../../support/hamming-twin.ts';
import { roughPicture } from '../../support/rough-picture.ts';

describe('forms', () => {
  it('are the rotations and flips, and the negatives of these', () => {
    for (const [dihedral] of dihedralNames.entries()) {
      expect(isNegative(dihedral)).toBe(false);
      expect(isNegative(negativeOf(dihedral))).toBe(true);
      expect(dihedralOf(negativeOf(dihedral))).toBe(dihedral);
      expect(negativeOf(dihedral)).toBeLessThan(formsCount);
    }
  });

  // Goal: a negative is looked up without being hashed.
  it('give the hash of a negative picture from the hash of the picture', () => {
    const hasher = createHasher();
    const { hashBytes } = limits;
    const base = roughPicture(3, 256);
    const hashesOf = (pixels: Uint8Array): Uint8Array => {
      hasher.loadBase(pixels);
      return hasher.hashRegionDihedral(affineOf(fullRegion, 1)).hashes.slice();
    };
    const hashes = hashesOf(base);
    const negative = hashesOf(base.map((value) => 255 - value));
    for (const [dihedral] of dihedralNames.entries()) {
      const written = new Uint8Array(3 * hashBytes);
      writeForm(hashes, negativeOf(dihedral), written, hashBytes);
      const from = dihedral * hashBytes;
      // A coefficient that is the median itself is on neither side.
      expect(
        bitsApart(written.subarray(hashBytes, 2 * hashBytes), negative.subarray(from, from + hashBytes)),
      ).toBeLessThan(8);
      expect(written.subarray(0, hashBytes)).toEqual(new Uint8Array(hashBytes));
      writeForm(hashes, dihedral, written, 0);
      expect(written.subarray(0, hashBytes)).toEqual(hashes.subarray(from, from + hashBytes));
    }
  });

  it('are found among all hashes, and among those that stand upright', () => {
    const all = Uint8Array.from({ length: 8 * 32 }, (_, at) => at >> 5);
    const upright = Uint8Array.from({ length: 2 * 32 }, (_, at) => 10 + (at >> 5));
    expect(dihedralNames.map((_, dihedral) => hashAmong(all, dihedral)[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(uprightDihedrals.map((dihedral) => dihedralNames[dihedral])).toEqual(['original', 'flipY']);
    expect(uprightDihedrals.map((dihedral) => hashAmong(upright, dihedral)[0])).toEqual([10, 11]);
    expect(hashAmong(upright, dihedralNames.indexOf('rotate90'))).toHaveLength(0);
  });
});
