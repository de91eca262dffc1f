/**
 * The form in which a region of an upload is compared: one of the eight rotations and flips, as it is or as a negative.
 * The transform behind PDQ is linear, so the hash of a negative is the complement of the hash: it costs no hashing.
 */
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';

/** 0 to 7 by position in `dihedralNames`; 8 to 15 the same, of the negative. */
export type Form = number;

export const formsCount = dihedralNames.length * 2;

export function negativeOf(dihedral: number): Form {
  return dihedral + dihedralNames.length;
}

export function isNegative(form: Form): boolean {
  return form >= dihedralNames.length;
}

/** Position in `dihedralNames`. */
export function dihedralOf(form: Form): number {
  return form % dihedralNames.length;
}

/** What stands upright: positions in `dihedralNames` of a picture as it is, and left to right. */
export const uprightDihedrals: readonly number[] = [dihedralNames.indexOf('original'), dihedralNames.indexOf('flipY')];

/** The hash of a rotation or flip, among all eight or among the upright ones alone; empty when it is not there. */
export function hashAmong(hashes: Uint8Array, dihedral: number): Uint8Array {
  const isAll = hashes.length > uprightDihedrals.length * limits.hashBytes;
  const place = isAll ? dihedral : uprightDihedrals.indexOf(dihedral);
  return place < 0 ? new Uint8Array(0) : hashes.subarray(place * limits.hashBytes, (place + 1) * limits.hashBytes);
}

/** Writes the hash of a form to `at`. */
export function writeForm(hashes: Uint8Array, form: Form, queries: Uint8Array, at: number): void {
  const hash = hashAmong(hashes, dihedralOf(form));
  const flips = isNegative(form) ? 0xff : 0;
  for (let byte = 0; byte < hash.length; byte++) queries[at + byte] = (hash[byte] ?? 0) ^ flips;
}
