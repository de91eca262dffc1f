/**
 * Goal: a snapshot is what the index was when it was asked for, or an error; never something in between.
 * Method: changes while it is written; a flipped byte, a missing piece or another version in each file.
 */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OwnedIndex } from '../../../src/kernel/hamming-index.ts';
import { createHammingIndex, restoreHammingIndex } from '../../../src/kernel/segmented-index.ts';
import { hashNumber } from '../../support/hashes.ts';

const settings = { hashesMax: 20_000, merging: 'never' } as const;
const merged = 3000;
const fresh = 500;
let folder = '';
let whole = '';
let index: OwnedIndex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-snapshot-'));
  whole = join(folder, 'whole');
  index = createHammingIndex(settings);
  for (let number = 0; number < merged; number++) index.insert(hashNumber(number));
  await index.merge();
  for (let number = merged; number < merged + fresh; number++) index.insert(hashNumber(number));
  await index.save(whole);
});
afterAll(async () => {
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

const has = (where: OwnedIndex, number: number) => where.search(hashNumber(number), 0, 1).count === 1;

/** Numbers of the hashes that are not as they should be. */
function strays(where: OwnedIndex, isThere: (number: number) => boolean): number[] {
  const numbers = Array.from({ length: merged + 2 * fresh }, (_, number) => number);
  return numbers.filter((number) => has(where, number) !== isThere(number));
}

describe('a snapshot', () => {
  it('gives the index back: hashes, segments and what was still fresh', async () => {
    const restored = await restoreHammingIndex(whole, settings);
    expect(restored).toMatchObject({ size: merged + fresh, segments: 1, freshHashes: fresh });
    expect(strays(restored, (number) => number < merged + fresh)).toEqual([]);
    // It lives on: slots are given out, merged and removed.
    const slot = restored.insert(hashNumber(9000));
    await restored.merge();
    expect(restored).toMatchObject({ segments: 1, freshHashes: 0 });
    restored.remove(slot);
    expect(has(restored, 9000)).toBe(false);
    await restored.close();
  });

  it('is that of the moment it was asked for, whatever is inserted and removed while it is written', async () => {
    const slots = [0, merged, merged + 1].map((number) => index.insert(hashNumber(number)));
    const saving = index.save(join(folder, 'moment'));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    for (const slot of slots) index.remove(slot);
    for (let number = merged + fresh; number < merged + 2 * fresh; number++) index.insert(hashNumber(number));
    expect(strays(index, (number) => ![0, merged, merged + 1].includes(number))).toEqual([]);
    await saving;
    const restored = await restoreHammingIndex(join(folder, 'moment'), settings);
    expect(restored.size).toBe(merged + fresh);
    expect(strays(restored, (number) => number < merged + fresh)).toEqual([]);
    await restored.close();
  });

  it('tells its moment: what is inserted before is in it, what is inserted after is not', async () => {
    const other = createHammingIndex(settings);
    other.insert(hashNumber(1));
    const merging = other.merge();
    const place = join(folder, 'told');
    const saving = other.save(place, () => other.insert(hashNumber(3)));
    // The moment comes when the segment is built.
    other.insert(hashNumber(2));
    await Promise.all([merging, saving]);
    const restored = await restoreHammingIndex(place, settings);
    expect([1, 2, 3].map((number) => has(restored, number))).toEqual([true, true, false]);
    await Promise.all([restored.close(), other.close()]);
  });

  it('takes the place of the one before, and leaves nothing beside it', async () => {
    const place = join(folder, 'again');
    await index.save(place);
    await index.save(place);
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
    expect((await readdir(place)).sort()).toEqual([
      'back-planes',
      'blocks',
      'front-planes',
      'manifest.json',
      'segment-0',
    ]);
  });

  it('that cannot be written is an error, and the index goes on', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(index.save(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'snapshot_failed' });
    expect(has(index, 5)).toBe(true);
  });
});

describe('a damaged snapshot', () => {
  const damaged = async (damage: (place: string) => Promise<void>) => {
    const place = join(folder, 'damaged');
    await rm(place, { recursive: true, force: true });
    await cp(whole, place, { recursive: true });
    await damage(place);
    return restoreHammingIndex(place, settings);
  };

  it.each(['blocks', 'front-planes', 'back-planes', 'segment-0', 'manifest.json'])(
    'is noticed: a byte of %s',
    async (name) => {
      const flip = async (place: string) => {
        const bytes = await readFile(join(place, name));
        const at = Math.floor(bytes.length / 2);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        await writeFile(join(place, name), bytes);
      };
      await expect(damaged(flip)).rejects.toMatchObject({ code: 'snapshot_damaged' });
    },
  );

  it('is noticed: a file that was cut off', async () => {
    const cut = (place: string) => truncate(join(place, 'segment-0'), 100_000);
    await expect(damaged(cut)).rejects.toMatchObject({ code: 'snapshot_damaged' });
  });

  it('is told from one that is not there', async () => {
    await expect(restoreHammingIndex(join(folder, 'nowhere'), settings)).rejects.toMatchObject({
      code: 'snapshot_failed',
    });
  });

  it('is one with more slots than the index may hold', async () => {
    await expect(restoreHammingIndex(whole, { ...settings, hashesMax: 1000 })).rejects.toMatchObject({
      code: 'snapshot_damaged',
    });
  });
});
