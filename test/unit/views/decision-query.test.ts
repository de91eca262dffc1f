/** Lists over more rows than one page may look at. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { DecisionRows } from '../../../src/views/decision-rows.ts';
import type { DecisionFilter } from '../../../src/views/views.ts';
import { decisionOf, matchOf } from '../../support/decisions.ts';

const rowsMax = limits.viewScanRowsMax + 500;
let folder: string;
let rows: DecisionRows;

/** The oldest is the only review and the only one without a match; it was decided a day late. */
function rowOf(offset: number) {
  const decidedAt = new Date(Date.parse('2026-11-22T10:00:00Z') + (offset === 0 ? 86_400_000 : offset)).toISOString();
  const decision = offset === 0 ? decisionOf('review', { matches: [], decidedAt }) : decisionOf('block', { decidedAt });
  const matches = offset === 0 ? [] : [matchOf({ bank: 'red' }), matchOf({ bank: 'blue' })];
  return { partition: 0, offset, decision: { ...decision, uploadId: `u${offset}`, matches } };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodgate-query-'));
  rows = DecisionRows.open(join(folder, 'view.sqlite'), 'log', []);
  const all = Array.from({ length: rowsMax }, (_, offset) => rowOf(offset));
  rows.apply(
    all.map((row) => ({ ...row, json: JSON.stringify(row.decision) })),
    [{ partition: 0, offset: rowsMax }],
  );
});

afterAll(() => {
  rows.close(true);
  rmSync(folder, { recursive: true, force: true });
});

function walk(filter: DecisionFilter): { sequences: number[]; pages: number } {
  const sequences: number[] = [];
  let before: number | null = Number.MAX_SAFE_INTEGER;
  let pages = 0;
  for (; before !== null; pages += 1) {
    const page = rows.list(filter, { before, limit: 500 });
    sequences.push(...page.items.map((item) => item.sequence));
    before = page.nextCursor;
  }
  return { sequences, pages };
}

it('ends a page early when few rows fit, and leads on to them', () => {
  expect(walk({ reason: 'near_match' })).toEqual({ sequences: [0], pages: 1 });
  const sparse = rows.list({ contentId: 'incident-42/video-1', reason: 'near_match' }, { limit: 10 });
  expect(sparse).toEqual({ items: [], nextCursor: rowsMax - limits.viewScanRowsMax });
  expect(walk({ contentId: 'incident-42/video-1', reason: 'near_match' })).toEqual({ sequences: [], pages: 2 });
});

it('gives every row that fits exactly once, also when it matched in two banks', () => {
  const { sequences } = walk({ contentId: 'incident-42/video-1', outcome: 'block' });
  expect(sequences).toEqual(Array.from({ length: rowsMax - 1 }, (_, place) => rowsMax - 1 - place));
});

it('finds what was decided since a time, whatever the order in the log', () => {
  expect(walk({ since: '2026-11-23T00:00:00Z' }).sequences).toEqual([0]);
  expect(walk({ since: '2026-11-24T00:00:00Z' })).toEqual({ sequences: [], pages: 1 });
  const sinceLast = new Date(Date.parse('2026-11-22T10:00:00Z') + rowsMax - 2).toISOString();
  expect(walk({ since: sinceLast }).sequences).toEqual([rowsMax - 1, rowsMax - 2, 0]);
});
