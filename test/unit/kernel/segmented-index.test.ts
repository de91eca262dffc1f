/** Goal: no length, count or range that the kernel's buffers were not made for gets past the host, and it says why. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createHammingIndex } from '../../../src/kernel/segmented-index.ts';
import { hashNumber } from '../../support/hashes.ts';

const failsWith = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) });

describe('createHammingIndex', () => {
  const hash = new Uint8Array(32);

  it('starts empty, and counts hashes and bytes', () => {
    const index = createHammingIndex();
    expect(index.size).toBe(0);
    index.insert(hash);
    expect(index.size).toBe(1);
    expect(index.bytes).toBeGreaterThan(limits.hashBytes);
  });

  it.each([0, 31, 33])('refuses to insert a hash of %i bytes', (length) => {
    const index = createHammingIndex();
    expect(() => index.insert(new Uint8Array(length))).toThrow(failsWith('kernel_failed', /must have 32/));
    expect(index.size).toBe(0);
  });

  it('refuses queries that are none, too many, or no multiple of a hash', () => {
    const index = createHammingIndex();
    for (const length of [0, 31, 33, (limits.queriesPerSearchMax + 1) * 32]) {
      expect(() => index.search(new Uint8Array(length), 31, 10)).toThrow(
        failsWith('kernel_failed', /number of queries/),
      );
    }
    expect(index.search(new Uint8Array(limits.queriesPerSearchMax * 32), 31, 10).count).toBe(0);
  });

  it('refuses a radius or a number of hits out of range', () => {
    const index = createHammingIndex();
    for (const radiusBits of [-1, 0.5, limits.radiusBitsMax + 1, Number.NaN]) {
      expect(() => index.search(hash, radiusBits, 10)).toThrow(failsWith('kernel_failed', /radius/));
    }
    for (const hitsMax of [0, -1, limits.hitsPerSearchMax + 1]) {
      expect(() => index.search(hash, 31, hitsMax)).toThrow(failsWith('kernel_failed', /hitsMax/));
    }
  });

  it('is full at the number of hashes asked for, and takes more once one is removed', () => {
    const index = createHammingIndex({ hashesMax: 2 });
    const numbered = [1, 2, 3].map((byte) => hash.slice().fill(byte)) as [Uint8Array, Uint8Array, Uint8Array];
    index.insert(numbered[0]);
    const slot = index.insert(numbered[1]);
    expect(() => index.insert(numbered[2])).toThrow(failsWith('bank_full', /2 hashes/));
    expect(index.insert(numbered[1])).toBe(slot);
    index.remove(slot);
    expect(index.insert(numbered[2])).toBe(slot);
  });

  it.each([0, 1.5, limits.bankHashesMax + 1])('refuses a size of %d hashes', (hashesMax) => {
    expect(() => createHammingIndex({ hashesMax })).toThrow(failsWith('kernel_failed', /hashesMax/));
  });

  it.each([-1, 0.5, 2 ** 32])('refuses to remove slot %d', (slot) => {
    expect(() => createHammingIndex().remove(slot)).toThrow(failsWith('kernel_failed', /slot/));
  });

  it('that is to merge later builds nothing on the way, and everything at once when it is told to', async () => {
    const index = createHammingIndex({ hashesMax: 50_000, merging: 'later' });
    for (let number = 0; number < limits.freshHashesMax * 2; number++) index.insert(hashNumber(number));
    expect(index).toMatchObject({ merging: false, segments: 0, freshHashes: limits.freshHashesMax * 2 });
    await index.startMerging();
    expect(index).toMatchObject({ segments: 1, freshHashes: 0 });
    for (let number = 0; number < limits.freshHashesMax; number++) index.insert(hashNumber(100_000 + number));
    await expect.poll(() => index.freshHashes).toBe(0);
    await index.close();
  });
});
