/** What a decision is worth: pure functions from outcomes to verdicts and figures. */
import type { Outcome } from '../../../src/contracts/common.ts';
import type { TimeSegment } from '../../../src/contracts/decision.ts';
import type { Kind, Mapping, MediaFile, Variant } from './media-files.ts';

/**
 * blocked: its own content blocks. held: for review, its own content among the matches. refused: a format that is not
 * accepted, and thus never published unseen. missed: everything else, a block by other content included.
 */
export type Verdict = 'blocked' | 'held' | 'refused' | 'missed';

export interface MatchedContent {
  /** Id of the banked file. */
  readonly id: string;
  readonly blocks: boolean;
}

/** What a matcher, ours or a peer's, said about one upload. */
export interface Answer {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly matched: readonly MatchedContent[];
}

/** What is known of an upload. A banked file that is submitted shows its own content, and has no fillers. */
export interface Truth {
  readonly contentId: string;
  readonly scenes: readonly string[];
  /** Contents that show up in it beside its own. */
  readonly fillers: ReadonlySet<string>;
}

export interface Score {
  readonly verdict: Verdict;
  /** Banked files of other content that block it. */
  readonly falseBlocks: readonly string[];
  /** The same, of clips that share a scene with it. */
  readonly sameScene: readonly string[];
}

export type Banked = ReadonlyMap<string, MediaFile>;

export function truthOf(source: MediaFile, fillerIds: readonly string[], banked: Banked): Truth {
  const fillers = new Set(fillerIds.map((id) => banked.get(id)?.contentId ?? id));
  return { contentId: source.contentId, scenes: source.scenes, fillers };
}

export function scoreAnswer(answer: Answer, truth: Truth, banked: Banked): Score {
  const wrong = answer.matched.flatMap(({ id, blocks }) => {
    const file = banked.get(id);
    const other = file !== undefined && file.contentId !== truth.contentId && !truth.fillers.has(file.contentId);
    return blocks && other ? [file] : [];
  });
  return {
    verdict: verdictOf(answer, truth, banked),
    falseBlocks: wrong.filter((file) => !sharesScene(file, truth)).map(({ id }) => id),
    sameScene: wrong.filter((file) => sharesScene(file, truth)).map(({ id }) => id),
  };
}

function verdictOf({ outcome, reason, matched }: Answer, truth: Truth, banked: Banked): Verdict {
  const own = matched.filter(({ id }) => banked.get(id)?.contentId === truth.contentId);
  if (outcome === 'block' && own.some(({ blocks }) => blocks)) return 'blocked';
  if (outcome !== 'allow' && own.length > 0) return 'held';
  return reason === 'unsupported' ? 'refused' : 'missed';
}

export function sharesScene(file: MediaFile, truth: Pick<Truth, 'scenes'>): boolean {
  return file.scenes.some((scene) => truth.scenes.includes(scene));
}

/** Contents that a block of the upload would be false on: all that are banked but its own, its fillers' and its scene's. */
export function countComparisons(truth: Truth, banked: Banked): number {
  const contents = new Set<string>();
  for (const file of banked.values()) {
    const counts = file.contentId !== truth.contentId && !truth.fillers.has(file.contentId);
    if (counts && !sharesScene(file, truth)) contents.add(file.contentId);
  }
  return contents.size;
}

export interface Recall {
  readonly n: number;
  /** Share that is blocked, 0 to 1; 0 for none. */
  readonly block: number;
  /** Share that is blocked, held or refused. */
  readonly review: number;
}

export function recallOf(verdicts: readonly Verdict[]): Recall {
  const n = verdicts.length;
  const blocked = verdicts.filter((verdict) => verdict === 'blocked').length;
  const caught = verdicts.filter((verdict) => verdict !== 'missed').length;
  return { n, block: n === 0 ? 0 : blocked / n, review: n === 0 ? 0 : caught / n };
}

export interface ScoredVariant {
  readonly variant: Variant;
  readonly source: MediaFile;
  readonly verdict: Verdict;
}

export interface KindRow {
  readonly kind: string;
  readonly singles: readonly ScoredVariant[];
  readonly recall: Recall;
  /** Of combinations that this kind is part of. */
  readonly inCombos: Recall;
}

/** One row for each kind of single edit, in order of first appearance. */
export function kindRows(scored: readonly ScoredVariant[]): KindRow[] {
  const combos = scored.filter(({ variant }) => variant.group === 'combo');
  const groups = groupBy(
    scored.filter(({ variant }) => variant.group === 'single'),
    ({ variant }) => variant.edits[0]?.kind ?? 'none',
  );
  return [...groups].map(([kind, singles]) => {
    const withKind = combos.filter(({ variant }) => variant.edits.some((edit) => edit.kind === kind));
    return { kind, singles, recall: recallOf(verdictsOf(singles)), inCombos: recallOf(verdictsOf(withKind)) };
  });
}

/** The kind of single edit with the least recall at block; of equals the one with more variants. */
export function worstOf(rows: readonly KindRow[]): { kind: string; recallBlock: number; n: number } | null {
  const [worst] = [...rows].sort((a, b) => a.recall.block - b.recall.block || b.recall.n - a.recall.n);
  return worst === undefined ? null : { kind: worst.kind, recallBlock: worst.recall.block, n: worst.recall.n };
}

export function verdictsOf(scored: readonly ScoredVariant[]): Verdict[] {
  return scored.map(({ verdict }) => verdict);
}

export function ofKind(scored: readonly ScoredVariant[], kind: Kind): ScoredVariant[] {
  return scored.filter(({ variant }) => variant.kind === kind);
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * How well the segments of a match tell where the copy is: intersection over union on the time of the upload and on that
 * of the known content, and of the two the mean. Spans of one axis must not overlap each other.
 */
export function segmentIou(upload: TimeSegment, known: TimeSegment, mapping: readonly Mapping[]): number {
  const onUpload = iou(
    [spanOf(upload)],
    mapping.map(({ outStart, outEnd }) => ({ start: outStart, end: outEnd })),
  );
  const onKnown = iou(
    [spanOf(known)],
    mapping.map(({ srcStart, srcEnd }) => ({ start: srcStart, end: srcEnd })),
  );
  return (onUpload + onKnown) / 2;
}

function spanOf({ startSeconds, endSeconds }: TimeSegment): Span {
  return { start: startSeconds, end: endSeconds };
}

/** 0 when both are empty. */
export function iou(found: readonly Span[], expected: readonly Span[]): number {
  const length = (spans: readonly Span[]) => spans.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0);
  const shared = found.flatMap((a) =>
    expected.map((b) => ({ start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) })),
  );
  const intersection = length(shared);
  const union = length(found) + length(expected) - intersection;
  return union <= 0 ? 0 : intersection / union;
}
