/** A run as tables for people. */

import { formatTable } from '../../../src/cli/terminal.ts';
import type { Match } from '../../../src/contracts/decision.ts';
import { costOf, type PeerFigures, peerRecall, type Run, scoredVariants, scorePeers } from './figures.ts';
import { type Edit, type Kind, knownIdOf } from './media-files.ts';
import { type PeerAnswers, rulesOf } from './peers.ts';
import { groupBy, kindRows, ofKind, type Recall, recallOf, type ScoredVariant, verdictsOf } from './score.ts';
import type { Result } from './submit.ts';

const missingPeer = '-';

export function toLines(run: Run): string[] {
  const scored = scoredVariants(run.results);
  const peers = scorePeers(run);
  const tables = (['video', 'image'] as const).flatMap((kind) => {
    const of = ofKind(scored, kind);
    return of.length === 0 ? [] : [...kindTable(of, kind, peers), '', ...originalTable(of, kind, peers), ''];
  });
  return [
    ...tables,
    ...wrongBlocks('FALSE BLOCKS', run, ({ score }) => score.falseBlocks),
    ...wrongBlocks('BLOCKS BY A CLIP OF THE SAME SCENE', run, ({ score }) => score.sameScene),
    ...peerLines(run, peers),
    ...costTable(run.results),
    '',
    `conditions: ${JSON.stringify(run.conditions)}`,
  ];
}

function kindTable(of: readonly ScoredVariant[], kind: Kind, peers: PeerFigures): string[] {
  const row = (name: string, variants: readonly ScoredVariant[], inCombos?: Recall) => [
    ...rowOf(name, variants, kind, peers),
    inCombos === undefined || inCombos.n === 0 ? '' : `${percent(inCombos.block)} of ${inCombos.n}`,
  ];
  const ofGroup = (group: string) => of.filter(({ variant }) => variant.group === group);
  const combos = ofGroup('combo');
  const bySource = [...groupBy(combos, ({ source }) => source.id)];
  const sources = bySource.length > 8 ? [] : bySource.map(([id, each]) => row(`  combos of ${id}`, each));
  return [
    `${kind.toUpperCase()} VARIANTS, recall in percent by kind of edit`,
    ...formatTable([
      [...header('edit', kind), 'block, in combos'],
      ...kindRows(of).map((each) => row(each.kind, each.singles, each.inCombos)),
      row('unedited, encoded anew', ofGroup('control')),
      row('all single edits', ofGroup('single')),
      row('combos of 2 to 4', combos),
      ...sources,
      row('all', of),
    ]),
  ];
}

function originalTable(of: readonly ScoredVariant[], kind: Kind, peers: PeerFigures): string[] {
  const rows = [...groupBy(of, ({ source }) => source.id)].map(([id, each]) => rowOf(id, each, kind, peers));
  return [`${kind.toUpperCase()} VARIANTS by original`, ...formatTable([header('original', kind), ...rows])];
}

function header(name: string, kind: Kind): string[] {
  return [name, 'n', 'block', 'block or review', ...rulesOf(kind)];
}

function rowOf(name: string, of: readonly ScoredVariant[], kind: Kind, peers: PeerFigures): string[] {
  const { n, block, review } = recallOf(verdictsOf(of));
  const beside = rulesOf(kind).map((rule) => {
    const share = peerRecall(rule, of, peers);
    return share === null || n === 0 ? missingPeer : percent(share);
  });
  return [name, String(n), n === 0 ? '' : percent(block), n === 0 ? '' : percent(review), ...beside];
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

function wrongBlocks(title: string, { results }: Run, idsOf: (result: Result) => readonly string[]): string[] {
  const lines = results.flatMap((result) =>
    idsOf(result).map((id) => {
      const found = result.examined.matches.find(({ match }) => match.contentId === knownIdOf(id));
      const evidence = found === undefined ? '' : describeMatch(found.match);
      return `  ${result.upload.key} (${editsOf(result.upload.variant?.edits ?? [])}) on ${id}: ${evidence}`;
    }),
  );
  return [`${title}: ${lines.length}`, ...lines, ''];
}

/** Every fact of the evidence, by its name in the contract, so that what is added to it shows up. */
function describeMatch(match: Match): string {
  const { contentId: _id, bank: _bank, labels: _labels, contentRevision: _revision, ...facts } = match;
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}

export function editsOf(edits: readonly Edit[]): string {
  if (edits.length === 0) return 'no edit';
  return edits
    .map(({ kind, ...rest }) => [kind, ...Object.values(rest).filter((value) => typeof value !== 'object')].join(' '))
    .join(' + ');
}

function costTable(results: readonly Result[]): string[] {
  const rows = (['video', 'image'] as const).flatMap((kind) =>
    (['variant', 'banked'] as const).flatMap((role) => {
      const { uploads, framesMedian, sample, cpuMsMedian, cpuMsP95 } = costOf(results, kind, role);
      const name = `${kind}, ${role === 'variant' ? 'a variant' : 'unrelated to the rest of the bank'}`;
      const figures = [uploads, framesMedian, sample, cpuMsMedian.toFixed(0), cpuMsP95.toFixed(0)];
      return uploads === 0 ? [] : [[name, ...figures.map(String)]];
    }),
  );
  const header = ['upload', 'n', 'frames, median', 'one at a time', 'CPU ms, median', 'p95'];
  return ['COST OF A DECISION, all processes', ...formatTable([header, ...rows])];
}

function peerLines({ peers }: Run, { falseMatches }: PeerFigures): string[] {
  if (peers === null) return [];
  const wrong = Object.entries(falseMatches).map(([rule, count]) => `${rule} ${count}`);
  return [`FALSE MATCHES OF PEERS: ${wrong.join(', ')}`, '', ...unreadableLines(peers)];
}

function unreadableLines(peers: PeerAnswers): string[] {
  const files = Object.entries(peers.unreadable);
  if (files.length === 0) return [];
  const shown = files.slice(0, 10).map(([key, why]) => `  ${key}: ${why}`);
  return [`FILES THAT A PEER COULD NOT READ, counted as missed by it: ${files.length}`, ...shown, ''];
}
