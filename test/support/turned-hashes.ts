/** The hashes that a picture has when it is turned, as if every median were zero: bits negated and transposed, no more. */
import { dihedralNames } from '../../src/contracts/common.ts';

type Bits = readonly (readonly boolean[])[];

/** 32 bytes for each position in `dihedralNames`; the first is the hash itself. */
export function turnedHashes(hash: Uint8Array): Uint8Array {
  const bits = bitsOf(hash);
  const upsideDown = negated(bits, (row) => row % 2 === 0);
  const leftToRight = negated(bits, (_, column) => column % 2 === 0);
  const both = negated(bits, (row, column) => (row + column) % 2 === 1);
  const byName: Record<(typeof dihedralNames)[number], Bits> = {
    original: bits,
    flipX: upsideDown,
    flipY: leftToRight,
    rotate180: both,
    flipPlus1: transposed(bits),
    rotate270: transposed(upsideDown),
    rotate90: transposed(leftToRight),
    flipMinus1: transposed(both),
  };
  return Uint8Array.from(dihedralNames.flatMap((name) => [...hashOf(byName[name])]));
}

/** Bit 0 of row 0 is the last of the hash. */
function bitsOf(hash: Uint8Array): Bits {
  return Array.from({ length: 16 }, (_, row) =>
    Array.from({ length: 16 }, (__, column) => {
      const bit = row * 16 + column;
      return (((hash[31 - (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 1;
    }),
  );
}

function hashOf(bits: Bits): Uint8Array {
  const hash = new Uint8Array(32);
  bits.flat().forEach((isSet, bit) => {
    if (isSet) hash[31 - (bit >> 3)] = (hash[31 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  });
  return hash;
}

function negated(bits: Bits, isNegated: (row: number, column: number) => boolean): Bits {
  return bits.map((line, row) => line.map((bit, column) => bit !== isNegated(row, column)));
}

function transposed(bits: Bits): Bits {
  return bits.map((line, row) => line.map((_, column) => bits[column]?.[row] ?? false));
}
