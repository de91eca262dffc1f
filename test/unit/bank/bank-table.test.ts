/** Goal: the table in columns is the obvious one, whatever comes and goes, and after it was copied out and in again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BankChange, BankRevision } from '../../../src/bank/bank-records.ts';
import { type BankTable, createBankTable } from '../../../src/bank/bank-table.ts';
import { sampledFrame } from '../../support/bank-entries.ts';
import { BankTwin, copiedImage, inOrder } from '../../support/bank-twin.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';
import { twinIndex } from '../../support/twin-index.ts';

const frameQualityMin = 50;
const hashesDrawn = 9;
const contentIds = ['a', 'b"\\', 'c,["', 'd', 'sha256:e'];
const banks = ['default', 'other'];
const shas = [undefined, 'ab'.repeat(32), `${'ab'.repeat(31)}ac`, '00'.repeat(32)];

type Step = 'copy' | 'list' | { readonly change: BankChange };

const frame = fc.record({
  quality: fc.constantFrom(frameQualityMin - 1, frameQualityMin, 100),
  hash: fc.nat(hashesDrawn - 1).map(hashNumber),
});
const contentId = fc.constantFrom(...contentIds);
const part: fc.Arbitrary<BankChange> = fc
  .record({
    contentId,
    bank: fc.constantFrom(...banks),
    labels: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), { maxLength: 3 }),
    kind: fc.constantFrom('image', 'video', 'unknown'),
    sha256: fc.constantFrom(...shas),
    durationMs: fc.nat(),
    framesPerSecond: fc.constantFrom(0, 0.333, 2),
    revision: fc.integer({ min: 1, max: 2 }),
    parts: fc.constantFrom(1, 1, 2),
    part: fc.nat(1),
    addedAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123Z'),
    frames: fc.array(frame, { maxLength: 4 }),
  })
  .map(({ part: at, frames, ...facts }) => {
    // Far apart, so that equal hashes next to each other are not one range.
    const far = frames.map((each, place) => ({ ...each, timeMs: (place * 2 + (at % facts.parts)) * 60_000 }));
    return { kind: 'part', part: at % facts.parts, revision: { ...facts, frames: far } as BankRevision };
  });
const tombstone: fc.Arbitrary<BankChange> = fc.record({
  kind: fc.constant('tombstone'),
  contentId,
  part: fc.nat(2),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: part.map((change) => ({ change })) },
  { weight: 6, arbitrary: tombstone.map((change) => ({ change })) },
  { weight: 1, arbitrary: fc.constant('copy') },
  { weight: 1, arbitrary: fc.constant('list') },
);

/** The table of a copy, as a restart gets it; the index is the one of the moment. */
function copied(table: BankTable, index: ReturnType<typeof twinIndex>): BankTable {
  const deepIndex = twinIndex();
  return createBankTable({ index, deepIndex, frameQualityMin: () => frameQualityMin }, copiedImage(table.image()));
}

function expectSame(table: BankTable, twin: BankTwin): void {
  const listed = twin.list();
  expect([...table.list({}, undefined)]).toEqual(listed);
  expect([...table.list({ bank: 'other' }, 'b')]).toEqual(
    twin.list('other').filter((facts) => (facts as { contentId: string }).contentId > 'b'),
  );
  expect(table.size).toBe(listed.length);
  for (const id of contentIds) {
    const facts = listed.find((each) => (each as { contentId: string }).contentId === id);
    expect(table.find(id)).toEqual(facts);
  }
  for (const sha256 of shas) {
    if (sha256 === undefined) continue;
    expect(table.findBySha256(sha256).map((known) => known.contentId)).toEqual(twin.findBySha256(sha256));
  }
  for (let number = 0; number < hashesDrawn; number++) {
    const hash = flipped(hashNumber(number), 3);
    const found = table.frames.search(sampledFrame(hash), 31).matches.map((match) => ({
      contentId: table.findByNumber(match.contentNumber)?.contentId,
      knownTimeMs: match.knownTimeMs,
      distanceBits: match.distanceBits,
    }));
    expect(inOrder(found)).toEqual(inOrder(twin.search(hash, 31)));
  }
}

describe('the table', () => {
  it('is that of the obvious one after any changes and copies', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const index = twinIndex();
        const twin = new BankTwin(frameQualityMin);
        let table = createBankTable({ index, deepIndex: twinIndex(), frameQualityMin: () => frameQualityMin });
        for (const [offset, each] of steps.entries()) {
          if (each === 'copy') table = copied(table, index);
          else if (each === 'list') expectSame(table, twin);
          else {
            table.apply(each.change, offset);
            twin.apply(each.change, offset);
          }
        }
        expectSame(table, twin);
        expectSame(copied(table, index), twin);
      }),
      { numRuns: 150 },
    );
  });

  it('gives each content that was ever there a number of its own', () => {
    const table = createBankTable({
      index: twinIndex(),
      deepIndex: twinIndex(),
      frameQualityMin: () => frameQualityMin,
    });
    const numbers = new Set<number>();
    for (let round = 0; round < 50; round++) {
      const revision = { ...revisionOf('a'), revision: round + 1 };
      table.apply({ kind: 'part', part: 0, revision }, round);
      const [match] = table.frames.search(sampledFrame(hashNumber(1)), 0).matches;
      const number = match?.contentNumber ?? -1;
      expect(table.findByNumber(number)?.revision).toBe(round + 1);
      for (const before of numbers) expect(table.findByNumber(before)).toBeUndefined();
      expect(numbers.has(number)).toBe(false);
      numbers.add(number);
    }
  });

  it('keeps thousands apart, of which many share hashes, bytes and room', () => {
    const index = twinIndex();
    const table = createBankTable({ index, deepIndex: twinIndex(), frameQualityMin: () => frameQualityMin });
    const count = 3000;
    const idOf = (number: number) => `content-${number}-${'x'.repeat(number % 90)}`;
    const add = (number: number, offset: number) =>
      table.apply({ kind: 'part', part: 0, revision: revisionOf(idOf(number), shas[1 + (number % 3)]) }, offset);
    for (let number = 0; number < count; number++) add(number, number);
    for (let number = 0; number < count; number += 2)
      table.apply({ kind: 'tombstone', contentId: idOf(number), part: 0 }, 0);
    for (let number = 0; number < count; number += 4) add(number, count + number);
    const there = (number: number) => number % 2 === 1 || number % 4 === 0;
    const expected = Array.from({ length: count }, (_, number) => number)
      .filter(there)
      .map(idOf)
      .sort();
    expect([...table.list({}, undefined)].map((facts) => facts.contentId)).toEqual(expected);
    expect(expected.every((id) => table.find(id)?.contentId === id)).toBe(true);
    expect(table.findBySha256(shas[1] ?? '').length + table.findBySha256(shas[2] ?? '').length).toBeLessThan(count);
    expect(index.size).toBe(1);
  });
});

function revisionOf(id: string, sha256?: string): BankRevision {
  return {
    contentId: id,
    bank: 'default',
    labels: [],
    kind: 'image',
    sha256,
    durationMs: 0,
    framesPerSecond: 0,
    frames: [{ timeMs: 0, quality: 100, hash: hashNumber(1) }],
    revision: 1,
    parts: 1,
    addedAt: '2026-01-01T00:00:00Z',
  };
}
