/** Hamming distance of two hashes, for the few pairs that matching compares itself; the kernel searches the many. */

const bitsOfByte = Uint8Array.from({ length: 256 }, (_, byte) => countBits(byte));

/** Number of differing bits of two hashes of equal length. */
export function bitsBetween(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (let index = 0; index < a.length; index++) bits += bitsOfByte[(a[index] ?? 0) ^ (b[index] ?? 0)] ?? 0;
  return bits;
}

function countBits(value: number): number {
  let bits = 0;
  for (let rest = value; rest > 0; rest &= rest - 1) bits += 1;
  return bits;
}
