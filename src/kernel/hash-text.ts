/** Hashes as text, and their distance where the kernel is not at hand. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';

const hexOfHash256 = /^[0-9a-f]{64}$/;

/** 64 lower-case hexadecimal digits. Throws kernel_failed when the hash is not 32 bytes long. */
export function hexOfHash(hash: Uint8Array): string {
  requireHash(hash);
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex');
}

/** The 32 bytes of a hash. Throws invalid_event unless `hex` is 64 lower-case hexadecimal digits. */
export function hashOfHex(hex: string): Uint8Array {
  if (!hexOfHash256.test(hex)) {
    throw new FloodgateError('invalid_event', 'a hash is 64 lower-case hexadecimal digits');
  }
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Number of differing bits of two hashes, 0 to 256. Throws kernel_failed when one is not 32 bytes long. */
export function hammingDistanceBits(a: Uint8Array, b: Uint8Array): number {
  requireHash(a);
  requireHash(b);
  let distanceBits = 0;
  for (let at = 0; at < limits.hashBytes; at++) distanceBits += onesOf((a[at] ?? 0) ^ (b[at] ?? 0));
  return distanceBits;
}

function requireHash(hash: Uint8Array): void {
  if (hash.length !== limits.hashBytes) {
    throw new FloodgateError('kernel_failed', `a hash has ${limits.hashBytes} bytes, not ${hash.length}`);
  }
}

/** Ones of a byte: sums of two, of four, of eight bits side by side. */
function onesOf(byte: number): number {
  const twos = byte - ((byte >> 1) & 0x55);
  const fours = (twos & 0x33) + ((twos >> 2) & 0x33);
  return (fours + (fours >> 4)) & 0x0f;
}
