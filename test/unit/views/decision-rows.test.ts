/** Goal: one order over decisions of several partitions, and no decision twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PartitionEnd, Position } from '../../../src/log/log.ts';
import { DecisionRows, type NewRow } from '../../../src/views/decision-rows.ts';
import { decisionOf } from '../../support/decisions.ts';

let folder: string;
let rows: DecisionRows;
const ends: readonly PartitionEnd[] = [0, 1, 2].map((partition) => ({ partition, startOffset: 0, endOffset: 1_000 }));

function open(to = ends): DecisionRows {
  rows = DecisionRows.open(join(folder, 'view.sqlite'), 'log', to);
  return rows;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodgate-rows-'));
  open();
});

afterEach(() => {
  rows.close(true);
  rmSync(folder, { recursive: true, force: true });
});

function rowOf(partition: number, offset: number): NewRow {
  const decision = decisionOf('allow', { uploadId: `u${partition}-${offset}` });
  return { partition, offset, decision, json: JSON.stringify(decision) };
}

/** Stores rows that stand at these places, and gives the sequence of each that was new. */
function take(places: readonly (readonly [number, number])[], positions: readonly Position[] = []): number[] {
  const stored = rows.apply(
    places.map(([partition, offset]) => rowOf(partition, offset)),
    positions,
  );
  return stored.map(({ sequence }) => sequence);
}

const uploadsAfter = (sequence: number) =>
  rows.after(sequence, 100).map((each) => [each.sequence, each.decision.uploadId]);

it('gives a decision its offset as sequence where there is one partition, over gaps as well', () => {
  expect(
    take([
      [0, 0],
      [0, 1],
      [0, 7],
    ]),
  ).toEqual([0, 1, 7]);
  expect(take([[0, 8]])).toEqual([8]);
});

it('lets the sequence grow in the order of arrival over several partitions, and never gives one twice', () => {
  expect(
    take([
      [2, 40],
      [0, 0],
      [1, 3],
    ]),
  ).toEqual([40, 41, 42]);
  expect(
    take([
      [2, 41],
      [1, 90],
      [0, 1],
    ]),
  ).toEqual([43, 90, 91]);
  expect(uploadsAfter(42)).toEqual([
    [43, 'u2-41'],
    [90, 'u1-90'],
    [91, 'u0-1'],
  ]);
  expect(rows.list({}, { limit: 2 }).items.map(({ sequence }) => sequence)).toEqual([91, 90]);
});

it('stores a record that comes again once, under the sequence it had', () => {
  take([
    [0, 0],
    [1, 0],
  ]);
  expect(
    take([
      [1, 0],
      [1, 1],
      [0, 0],
    ]),
  ).toEqual([2]);
  expect(rows.counts().allow).toBe(3);
  expect(uploadsAfter(-1)).toEqual([
    [0, 'u0-0'],
    [1, 'u1-0'],
    [2, 'u1-1'],
  ]);
});

it('knows after a reopen where to read on in each partition, and what sequence is next', () => {
  take([[1, 5]], [{ partition: 1, offset: 6 }]);
  take([[0, 2]], [{ partition: 0, offset: 3 }]);
  rows.close(true);
  open();
  expect(rows.positions).toEqual([
    { partition: 0, offset: 3 },
    { partition: 1, offset: 6 },
  ]);
  expect(take([[2, 0]])).toEqual([7]);
});

it('gives no sequence again although all that had one are gone', () => {
  take([
    [0, 0],
    [1, 0],
    [2, 0],
  ]);
  rows.trim({ decisionsMax: 0, beforeMs: 0 });
  expect(rows.counts().allow).toBe(0);
  rows.close(true);
  open();
  expect(take([[0, 1]])).toEqual([3]);
});

it.each([
  ['is ahead of the end of one partition', [ends[0], { partition: 1, startOffset: 0, endOffset: 5 }]],
  ['knows a partition that the log does not have', [ends[0]]],
])('is thrown away when it %s', (_what, present) => {
  take([[1, 5]], [{ partition: 1, offset: 6 }]);
  rows.close(true);
  open(present.filter((end) => end !== undefined));
  expect(rows.positions).toEqual([]);
  expect(rows.counts().allow).toBe(0);
});

it('is kept when it stands at the ends', () => {
  take([[1, 5]], [{ partition: 1, offset: 6 }]);
  rows.close(true);
  open([{ partition: 1, startOffset: 0, endOffset: 6 }]);
  expect(rows.counts().allow).toBe(1);
});
