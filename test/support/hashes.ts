/** Made-up hashes: far apart by number, and as near as asked for by flipped bits. */

/** A hash of its own for each number; two of them differ in about half of their bits. */
export function hashNumber(number: number): Uint8Array {
  const hash = new Uint8Array(32);
  let state = (number + 1) * 0x9e3779b1;
  for (let at = 0; at < hash.length; at++) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    hash[at] = (state >>> 16) & 0xff;
  }
  return hash;
}

/** The hash with its first `bits` bits flipped. */
export function flipped(hash: Uint8Array, bits: number): Uint8Array {
  const changed = hash.slice();
  for (let bit = 0; bit < bits; bit++) changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

/** Eight dihedral hashes of which the one at `dihedral` is `hash`; the others resemble nothing. */
export function dihedralHashes(hash: Uint8Array, dihedral = 0): Uint8Array {
  const hashes = new Uint8Array(8 * 32);
  for (let at = 0; at < 8; at++) {
    const other = hashNumber(900_000 + (hash[0] ?? 0) * 8 + at);
    hashes.set(at === dihedral ? hash : other, at * 32);
  }
  return hashes;
}
