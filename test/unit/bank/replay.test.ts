/** The bank is a replay of its log: how parts interleave and what compaction took away makes no difference. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBankRecord, recordsOfRevision, tombstones } from '../../../src/bank/bank-records.ts';
import { type BankTable, createBankTable } from '../../../src/bank/bank-table.ts';
import type { LogRecord, NewRecord } from '../../../src/log/log.ts';
import { bankEntry, frames, sampledFrame } from '../../support/bank-entries.ts';
import { hashNumber } from '../../support/hashes.ts';
import { twinIndex } from '../../support/twin-index.ts';

const hashesDrawn = 12;
const contentIds = ['a', 'b', 'c'];

type Change =
  | { readonly contentId: string; readonly count: number; readonly first: number }
  | { readonly remove: string };

/** The records of each content's changes, in order; every change whole. */
function recordsOf(changes: readonly Change[]): Map<string, NewRecord[]> {
  const byContent = new Map<string, NewRecord[]>(contentIds.map((contentId) => [contentId, []]));
  const parts = new Map<string, number>();
  const revisions = new Map<string, number>();
  changes.forEach((change, at) => {
    const contentId = 'remove' in change ? change.remove : change.contentId;
    const addedAt = new Date(at * 1000).toISOString();
    const before = parts.get(contentId) ?? 0;
    if ('remove' in change) {
      byContent.get(contentId)?.push(...tombstones(contentId, 0, before, addedAt));
      parts.delete(contentId);
      revisions.delete(contentId);
      return;
    }
    const revision = (revisions.get(contentId) ?? 0) + 1;
    const entry = bankEntry({ contentId, frames: frames(change.count, change.first) });
    byContent.get(contentId)?.push(...recordsOfRevision(entry, revision, before, addedAt, 2));
    parts.set(contentId, Math.max(1, Math.ceil(change.count / 2)));
    revisions.set(contentId, revision);
  });
  return byContent;
}

function interleave(queues: readonly (readonly NewRecord[])[], choices: readonly number[]): LogRecord[] {
  const rest = queues.map((queue) => [...queue]).filter((queue) => queue.length > 0);
  const records: LogRecord[] = [];
  while (rest.length > 0) {
    const turn = (choices[records.length % choices.length] ?? 0) % rest.length;
    const record = rest[turn]?.shift();
    if (record !== undefined) records.push({ ...record, partition: 0, offset: records.length, timestampMs: 0 });
    if (rest[turn]?.length === 0) rest.splice(turn, 1);
  }
  return records;
}

function replay(records: readonly LogRecord[]): BankTable {
  const table = createBankTable({ index: twinIndex(), deepIndex: twinIndex(), frameQualityMin: () => 20 });
  for (const record of records) table.apply(readBankRecord(record), record.offset);
  return table;
}

/** What searches and lookups can tell of a bank. */
function seen(table: BankTable): unknown {
  const matches = Array.from({ length: hashesDrawn * 2 }, (_, number) =>
    table.frames
      .search(sampledFrame(hashNumber(number)), 0)
      .matches.map((match) => [table.findByNumber(match.contentNumber)?.contentId, match.knownTimeMs])
      .sort(),
  );
  const facts = [...table.list({}, undefined)].map(({ contentId, revision, framesIndexed, addedAt }) => {
    return { id: contentId, revision, framesIndexed, addedAt };
  });
  return { facts, matches };
}

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      contentId: fc.constantFrom(...contentIds),
      count: fc.nat(7),
      first: fc.nat(hashesDrawn),
    }),
  },
  { weight: 1, arbitrary: fc.record({ remove: fc.constantFrom(...contentIds) }) },
);

describe('replay', () => {
  it('ends in the state of the last changes, with and without compaction', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 12 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
        (changes, choices, kept) => {
          const byContent = recordsOf(changes);
          const plain = seen(replay(interleave([[...byContent.values()].flat()], [0])));
          const log = interleave([...byContent.values()], choices);
          expect(seen(replay(log))).toEqual(plain);
          // Compaction is free to keep any of the superseded records, but always the newest of each key.
          const newest = new Map(log.map((record) => [record.key, record.offset]));
          const compacted = log.filter(
            (record, at) => newest.get(record.key) === record.offset || kept[at % kept.length],
          );
          expect(seen(replay(compacted))).toEqual(plain);
          const withoutTombstones = log.filter(
            (record) => newest.get(record.key) === record.offset && record.value !== null,
          );
          expect(seen(replay(withoutTombstones))).toEqual(plain);
        },
      ),
      { numRuns: 100 },
    );
  });
});
