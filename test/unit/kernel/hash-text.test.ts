/** Goal: hashes survive their text form, nothing else passes for one, and distance is a metric. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hammingDistanceBits, hashOfHex, hexOfHash } from '../../../src/kernel/hash-text.ts';
import { bitsApart } from '../../support/hamming-twin.ts';

const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('hash text', () => {
  it('round-trips', () => {
    fc.assert(
      fc.property(anyHash, (hash) => {
        expect(hashOfHex(hexOfHash(hash))).toEqual(hash);
      }),
    );
  });

  it('keeps the order of bytes, also of a view into a longer buffer', () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, at) => at);
    expect(hexOfHash(bytes.subarray(4, 36))).toMatch(/^04050607.*2223$/);
  });

  it.each(['', 'ab', 'g'.repeat(64), 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(64)}\n`])(
    'refuses %j as invalid_event',
    (text) => {
      expect(() => hashOfHex(text)).toThrow(expect.objectContaining({ code: 'invalid_event' }));
    },
  );

  it.each([0, 31, 33])('refuses a hash of %i bytes', (length) => {
    const hash = new Uint8Array(length);
    expect(() => hexOfHash(hash)).toThrow(expect.objectContaining({ code: 'kernel_failed' }));
    expect(() => hammingDistanceBits(hash, new Uint8Array(32))).toThrow(/32 bytes/);
    expect(() => hammingDistanceBits(new Uint8Array(32), hash)).toThrow(/32 bytes/);
  });
});

describe('hammingDistanceBits', () => {
  it('is a metric, and equals counting bit by bit', () => {
    fc.assert(
      fc.property(anyHash, anyHash, anyHash, (a, b, c) => {
        const ab = hammingDistanceBits(a, b);
        expect(ab).toBe(bitsApart(a, b));
        expect(hammingDistanceBits(b, a)).toBe(ab);
        expect(hammingDistanceBits(a, a)).toBe(0);
        expect(ab === 0).toBe(hexOfHash(a) === hexOfHash(b));
        expect(ab).toBeLessThanOrEqual(hammingDistanceBits(a, c) + hammingDistanceBits(c, b));
      }),
    );
  });

  it('is 256 for a hash and its complement', () => {
    expect(hammingDistanceBits(new Uint8Array(32), new Uint8Array(32).fill(255))).toBe(256);
  });
});
