/** Lists decisions by filter, newest first, with a bound on the rows looked at: it runs in the main thread. */
import type Database from 'libsql';
import { limits } from '../config/limits.ts';
import type { Decision } from '../contracts/decision.ts';
import type { DecisionFilter, DecisionPage, StoredDecision } from './views.ts';

export type Connection = InstanceType<typeof Database>;

interface Sql {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/**
 * One page, newest first. Few rows may fit a filter although many have to be looked at; then the page ends early, its
 * cursor leads on, and no request holds the event loop for longer than a page of `viewScanRowsMax` takes.
 */
export function listDecisions(
  db: Connection,
  filter: DecisionFilter,
  page: { readonly before?: number; readonly limit: number },
): DecisionPage {
  const limit = Math.min(Math.max(1, page.limit), limits.pageItemsMax);
  const [before, start] = [page.before ?? Number.MAX_SAFE_INTEGER, startOf(db, filter)];
  // Mostly the first few rows fill a page; only a filter that fits few of them pays for the whole look.
  const near = scanOf(filter, before, start, Math.min(4 * limit, limits.viewScanRowsMax));
  const full = scanOf(filter, before, start, limits.viewScanRowsMax);
  const first = select(db, filter, near, limit + 1);
  const found = first.length > limit ? first : select(db, filter, full, limit + 1);
  const items = found.slice(0, limit);
  if (found.length > limit) return { items, nextCursor: items.at(-1)?.sequence ?? null };
  const { text, parameters } = full;
  const extent = db.prepare(`SELECT count(*), min(o) FROM (${text})`).raw();
  const [rows = 0, lowest = 0] = extent.get(...parameters) as number[];
  return { items, nextCursor: rows === limits.viewScanRowsMax ? lowest : null };
}

/** The lowest sequence that a decision since the filter's time can have. */
function startOf(db: Connection, filter: DecisionFilter): number {
  if (filter.since === undefined) return 0;
  const first = db.prepare('SELECT sequence FROM decisions WHERE latest_ms >= ? ORDER BY latest_ms, sequence LIMIT 1');
  const row = first.raw().get(Date.parse(filter.since)) as [number] | undefined;
  return row?.[0] ?? Number.MAX_SAFE_INTEGER;
}

/**
 * The rows to look at. What matched is the filter that leaves least, so it goes first; each index used here ends in the
 * sequence, so that rows come in the order of the page and nothing is sorted.
 */
function scanOf(filter: DecisionFilter, before: number, start: number, rowsMax: number): Sql {
  const matched = conditions([
    ['content_id = ?', filter.contentId],
    ['bank = ?', filter.bank],
  ]);
  const byMatch = matched.parameters.length > 0;
  const judged: readonly [string, unknown] =
    filter.outcome === undefined ? ['reason = ?', filter.reason] : ['outcome = ?', filter.outcome];
  const driving = byMatch ? matched : conditions([judged]);
  const source = byMatch ? 'DISTINCT sequence AS o FROM matches' : 'sequence AS o FROM decisions';
  const text = `SELECT ${source} WHERE sequence < ? AND sequence >= ?${driving.text} ORDER BY sequence DESC LIMIT ?`;
  return { text, parameters: [before, start, ...driving.parameters, rowsMax] };
}

function select(db: Connection, filter: DecisionFilter, scan: Sql, max: number): StoredDecision[] {
  const rest = conditions([
    ['d.outcome = ?', filter.outcome],
    ['d.reason = ?', filter.reason],
    ['d.decided_ms >= ?', filter.since === undefined ? undefined : Date.parse(filter.since)],
  ]);
  const sql = `SELECT d.sequence, d.json FROM (${scan.text}) s CROSS JOIN decisions d ON d.sequence = s.o
    WHERE true${rest.text} ORDER BY s.o DESC LIMIT ?`;
  const rows = db.prepare(sql).raw();
  return toStored(rows.all(...scan.parameters, ...rest.parameters, max));
}

function conditions(parts: readonly (readonly [string, unknown])[]): Sql {
  const given = parts.filter(([, value]) => value !== undefined);
  return { text: given.map(([sql]) => ` AND ${sql}`).join(''), parameters: given.map(([, value]) => value) };
}

export function toStored(rows: readonly unknown[]): StoredDecision[] {
  return (rows as [number, string][]).map(([sequence, json]) => ({ sequence, decision: JSON.parse(json) as Decision }));
}
