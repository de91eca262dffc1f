/** Goal: known content comes out of its records as it went in, however many they are, and none is too large for the log. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BankRevision, readBankRecord, recordsOfRevision } from '../../../src/bank/bank-records.ts';
import { createPendingParts } from '../../../src/bank/pending-parts.ts';
import { limits } from '../../../src/config/limits.ts';
import type { NewRecord } from '../../../src/log/log.ts';
import { knownViews } from '../../../src/match/region.ts';
import { bankEntry, deepSide, frames } from '../../support/bank-entries.ts';

const addedAt = '2026-01-01T00:00:00Z';

/** What all parts together make, read in this order. */
function readBack(records: readonly NewRecord[]): BankRevision | undefined {
  const pending = createPendingParts();
  let whole: BankRevision | undefined;
  records.forEach((record, offset) => {
    const change = readBankRecord({ ...record, partition: 0, offset, timestampMs: 0 });
    if (change.kind === 'part') whole = pending.add(change.part, change.revision) ?? whole;
  });
  return whole;
}

describe('records of deep content', () => {
  it('make the same again in any order, whatever fits into one', () => {
    fc.assert(
      fc.property(
        fc.nat(6),
        fc.nat(4),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (count, deep, each, backwards) => {
          const entry = bankEntry({ frames: frames(count), ...(deep === 0 ? {} : deepSide(deep)) });
          const records = recordsOfRevision(entry, 3, 0, addedAt, each);
          const read = readBack(backwards ? records.reverse() : records);
          const { views: _, thumbnails: __, ...facts } = entry;
          expect(read).toMatchObject({ ...facts, revision: 3 });
          expect(read?.frames).toEqual(entry.frames);
          expect(Buffer.from(read?.views ?? [])).toEqual(Buffer.from(entry.views ?? []));
          expect(Buffer.from(read?.thumbnails ?? [])).toEqual(Buffer.from(entry.thumbnails ?? []));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are each within what a record may have', () => {
    const labels = Array.from({ length: limits.labelsMax }, (_, at) => `${at}`.padEnd(limits.labelCharsMax, 'x'));
    const contentId = 'c'.repeat(limits.contentIdCharsMax);
    const entry = bankEntry({ contentId, labels, frames: frames(900), ...deepSide(900) });
    const sizes = recordsOfRevision(entry, 1, 0, addedAt).map(({ value }) => value?.length ?? 0);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.recordBytesMax);
    // All but the last are as full as they may be.
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(limits.recordBytesMax * 0.95);
  });

  it('say nothing of depth where content is plain', () => {
    const [record] = recordsOfRevision(bankEntry(), 1, 0, addedAt);
    const value = JSON.parse(Buffer.from(record?.value ?? []).toString());
    expect(Object.keys(value)).not.toContain('aspect');
    expect(Object.keys(value)).not.toContain('thumbnails');
    expect(readBack(recordsOfRevision(bankEntry(), 1, 0, addedAt))).not.toHaveProperty('views');
  });

  it('are refused when a thumbnail is not whole', () => {
    const [record] = recordsOfRevision(bankEntry(deepSide(1)), 1, 0, addedAt);
    const value = JSON.parse(Buffer.from(record?.value ?? []).toString());
    const short = Buffer.from(JSON.stringify({ ...value, thumbnails: 'AAAA' }));
    const cut = {
      topic: 'bank' as const,
      key: record?.key ?? '',
      headers: {},
      partition: 0,
      offset: 0,
      timestampMs: 0,
    };
    expect(() => readBankRecord({ ...cut, value: short })).toThrow(/thumbnails: 3 bytes/);
  });

  it('have every view once a frame', () => {
    const read = readBack(recordsOfRevision(bankEntry(deepSide(2)), 1, 0, addedAt));
    expect(read?.views?.length).toBe(2 * knownViews.length * 40);
  });
});
