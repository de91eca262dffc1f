/**
 * The form in which a region of an upload is compared: one of the eight rotations and flips, as it is or as a negative.
 * The transform behind PDQ is linear, so the hash of a negative is the complement of the hash: it costs no hashing.
 */
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

/** Writes the hash of a form to `at`; `hashes` has one of `bytes` bytes for each position in `dihedralNames`. */
export function writeForm(hashes: Uint8Array, form: Form, bytes: number, queries: Uint8Array, at: number): void {
  const from = dihedralOf(form) * bytes;
  const flips = isNegative(form) ? 0xff : 0;
  for (let byte = 0; byte < bytes; byte++) queries[at + byte] = (hashes[from + byte] ?? 0) ^ flips;
}
