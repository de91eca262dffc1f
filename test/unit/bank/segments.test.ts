/**
 * Goal: a bank on the real index finds the same content before, while and after its hashes become segments, and what was
 * removed is found no more.
 */
import { expect, it } from 'vitest';
import { createBankTable } from '../../../src/bank/bank-table.ts';
import { limits } from '../../../src/config/limits.ts';
import { createHammingIndex } from '../../../src/kernel/segmented-index.ts';
import { bankEntry } from '../../support/bank-entries.ts';
import { dihedralHashes, flipped, hashNumber } from '../../support/hashes.ts';

const framesPerContent = 500;
const contents = Math.ceil((limits.freshHashesMax * 1.5) / framesPerContent);

it('finds content through segments as through the scan', { timeout: 60_000 }, async () => {
  const index = createHammingIndex({ hashesMax: 100_000 });
  const table = createBankTable({ index, deepIndex: createHammingIndex({ hashesMax: 1 }), frameQualityMin: () => 0 });
  const frameOf = (content: number, frame: number) => hashNumber(content * framesPerContent + frame);
  for (let content = 0; content < contents; content++) {
    const frames = Array.from({ length: framesPerContent }, (_, frame) => ({
      timeMs: frame * 500,
      quality: 100,
      hash: frameOf(content, frame),
    }));
    const revision = { ...bankEntry({ contentId: `film-${content}`, frames }), revision: 1, parts: 1, addedAt: '' };
    table.apply({ kind: 'part', part: 0, revision }, content);
  }
  const found = (content: number) => {
    const hashes = dihedralHashes(flipped(frameOf(content, 7), 20), 5);
    const { matches } = table.frames.search({ timeMs: 0, quality: 100, hashes }, 31);
    return matches.map(({ contentNumber, knownTimeMs, distanceBits, dihedral }) => ({
      contentId: table.findByNumber(contentNumber)?.contentId,
      knownTimeMs,
      distanceBits,
      dihedral,
    }));
  };
  const all = Array.from({ length: contents }, (_, content) => content);
  const expected = all.map((content) => [
    { contentId: `film-${content}`, knownTimeMs: 3500, distanceBits: 20, dihedral: 5 },
  ]);
  expect(all.map(found)).toEqual(expected);
  while (index.merging) {
    expect(all.map(found)).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(index.segments).toBeGreaterThan(0);
  // What was added while the first was built is less than another would need, or has become one as well.
  expect(index.freshHashes).toBeLessThan(limits.freshHashesMax);
  expect(all.map(found)).toEqual(expected);
  table.apply({ kind: 'tombstone', contentId: 'film-3', part: 0 }, contents);
  expect(found(3)).toEqual([]);
  expect(found(4)).toEqual(expected[4]);
  await index.close();
});
