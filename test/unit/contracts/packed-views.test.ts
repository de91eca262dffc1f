/** Goal: what a fingerprint holds comes back to the bit, and what is cut is refused. */
import { expect, it } from 'vitest';
import { packedViewsBytes, packViews, unpackViews } from '../../../src/contracts/packed-views.ts';
import { sampledFrame } from '../../support/bank-entries.ts';
import { hashNumber } from '../../support/hashes.ts';

const frames = [0, 1, 2].map((number) =>
  sampledFrame(hashNumber(number), { timeMs: number * 4_000_000, dihedral: number }),
);

it('gives back what was packed, wherever it stands in memory', () => {
  const packed = packViews(frames);
  expect(packed.length).toBe(3 * packedViewsBytes);
  const shifted = Buffer.concat([Buffer.from([1, 2, 3]), packed]).subarray(3);
  expect(unpackViews(shifted)).toEqual(frames);
  expect(unpackViews(Buffer.alloc(0))).toEqual([]);
});

it('refuses what is cut', () => {
  expect(() => unpackViews(packViews(frames).subarray(1))).toThrow(RangeError);
});
