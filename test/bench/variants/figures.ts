/** From the results of a run to its figures. */
import { type Conditions, median, quantile } from '../conditions.ts';
import { type Kind, knownIdOf } from './media-files.ts';
import { imageRules, type PeerAnswers, type Rule, rulesOf, videoRules } from './peers.ts';
import {
  type Banked,
  countComparisons,
  groupBy,
  kindRows,
  ofKind,
  type Recall,
  recallOf,
  type ScoredVariant,
  scoreAnswer,
  segmentIou,
  type Verdict,
  verdictsOf,
  worstOf,
} from './score.ts';
import type { Result, Upload } from './submit.ts';

export interface Run {
  readonly results: readonly Result[];
  readonly banked: Banked;
  /** Files that could not be banked. */
  readonly refused: readonly string[];
  readonly orphans: number;
  readonly peers: PeerAnswers | null;
  readonly conditions: Conditions;
  readonly policyVersion: string;
  readonly seconds: number;
}

export type PeerVerdicts = Readonly<Partial<Record<Rule, ReadonlyMap<string, Verdict>>>>;

export interface PeerFigures {
  /** By rule, then by upload. */
  readonly verdicts: PeerVerdicts;
  readonly falseMatches: Readonly<Partial<Record<Rule, number>>>;
}

export function scoredVariants(results: readonly Result[]): ScoredVariant[] {
  return results.flatMap(({ upload, score }) =>
    upload.variant === null ? [] : [{ variant: upload.variant, source: upload.source, verdict: score.verdict }],
  );
}

/** Peers are scored like ours; a peer knows no review, and what it cannot read is missed. */
export function scorePeers(run: Run): PeerFigures {
  const verdicts: Partial<Record<Rule, Map<string, Verdict>>> = {};
  const falseMatches: Partial<Record<Rule, number>> = {};
  if (run.peers === null) return { verdicts, falseMatches };
  for (const rule of [...videoRules, ...imageRules]) {
    const ofRule = run.results.map(({ upload }) => upload).filter(({ kind }) => rulesOf(kind).includes(rule));
    if (ofRule.length === 0) continue;
    const scores = ofRule.map((upload) => scorePeer(upload, rule, run));
    verdicts[rule] = new Map(ofRule.map(({ key }, at) => [key, scores[at]?.verdict ?? 'missed']));
    falseMatches[rule] = scores.reduce((sum, score) => sum + score.falseBlocks.length, 0);
  }
  return { verdicts, falseMatches };
}

function scorePeer(upload: Upload, rule: Rule, { peers, banked }: Run) {
  const matched = (peers?.matched[upload.key]?.[rule] ?? []).map((id) => ({ id, blocks: true }));
  const outcome = matched.length > 0 ? 'block' : 'allow';
  return scoreAnswer({ outcome, reason: '', matched }, upload.truth, banked);
}

/** A peer's recall over the variants given; null when it was not asked. */
export function peerRecall(rule: Rule, scored: readonly ScoredVariant[], peers: PeerFigures): number | null {
  const verdicts = peers.verdicts[rule];
  if (verdicts === undefined) return null;
  return recallOf(scored.map(({ variant }) => verdicts.get(`variant/${variant.id}`) ?? 'missed')).block;
}

/** Mean over blocked video variants of what their match says of times against what the manifest says. Null for none. */
function meanIou(results: readonly Result[], banked: Banked): number | null {
  const values = results.flatMap(({ upload, examined, score }) => {
    const { variant } = upload;
    if (variant === null || variant.kind !== 'video' || score.verdict !== 'blocked') return [];
    if (variant.mapping.length === 0) return [];
    const own = ownMatch({ upload, examined }, banked);
    return own === undefined ? [] : [segmentIou(own.upload, own.known, variant.mapping)];
  });
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The best match that is the upload's own content. */
function ownMatch({ upload, examined }: Pick<Result, 'upload' | 'examined'>, banked: Banked) {
  const own = new Set(
    [...banked.values()].filter(({ contentId }) => contentId === upload.truth.contentId).map(({ id }) => knownIdOf(id)),
  );
  return examined.matches.find(({ match }) => own.has(match.contentId))?.match;
}

function recallsOf(scored: readonly ScoredVariant[], kind: Kind): Recall {
  return recallOf(verdictsOf(ofKind(scored, kind)));
}

export interface Cost {
  readonly uploads: number;
  readonly framesMedian: number;
  /** Uploads that were examined one at a time, for their CPU time in all processes. */
  readonly sample: number;
  readonly cpuMsMedian: number;
  readonly cpuMsP95: number;
}

export function costOf(results: readonly Result[], kind: Kind, role: 'variant' | 'banked'): Cost {
  const of = results.filter(({ upload }) => upload.kind === kind && (upload.variant !== null) === (role === 'variant'));
  const cpuMs = of.flatMap((result) => result.cpuMs ?? []);
  return {
    uploads: of.length,
    framesMedian: median(of.map(({ examined }) => examined.framesSampled)),
    sample: cpuMs.length,
    cpuMsMedian: round(median(cpuMs)),
    cpuMsP95: round(quantile(cpuMs, 0.95)),
  };
}

/** The last line of a run. Shares are 0 to 1; what a run has no variants for is null. */
export function summarise(run: Run, files: { readonly results: string; readonly misses: string }) {
  const { results, banked, conditions } = run;
  const scored = scoredVariants(results);
  const peers = scorePeers(run);
  const [videos, images] = [ofKind(scored, 'video'), ofKind(scored, 'image')];
  const lead: Kind = videos.length > 0 ? 'video' : 'image';
  const [video, image] = [recallsOf(scored, 'video'), recallsOf(scored, 'image')];
  const combos = (of: readonly ScoredVariant[]) =>
    recallOf(verdictsOf(of.filter(({ variant }) => variant.group === 'combo')));
  const cost = costOf(results, lead, 'variant');
  const shareOf = (recall: Recall, share: number) => (recall.n === 0 ? null : round(share));
  const peerShare = (rule: Rule, of: readonly ScoredVariant[]) => {
    const recall = of.length === 0 ? null : peerRecall(rule, of, peers);
    return recall === null ? null : round(recall);
  };
  return {
    videoRecallBlock: shareOf(video, video.block),
    videoRecallReview: shareOf(video, video.review),
    worstKind: worstOf(kindRows(ofKind(scored, lead))),
    imageRecallBlock: shareOf(image, image.block),
    imageRecallReview: shareOf(image, image.review),
    worstImageKind: worstOf(kindRows(images)),
    falseBlocks: results.reduce((sum, { score }) => sum + score.falseBlocks.length, 0),
    sameSceneBlocks: results.reduce((sum, { score }) => sum + score.sameScene.length, 0),
    comparisons: results.reduce((sum, { upload }) => sum + countComparisons(upload.truth, banked), 0),
    vpdqRecall: peerShare('vpdq', videos),
    vpdqReadmeRecall: peerShare('vpdqReadme', videos),
    vpdqAnyFrameRecall: peerShare('vpdqAny', videos),
    pdqRecall: peerShare('pdq', images),
    peerFalseMatches: peers.falseMatches,
    peerUnreadable: run.peers === null ? null : Object.keys(run.peers.unreadable).length,
    segmentIou: roundOrNull(meanIou(results, banked)),
    cpuMsMedian: cost.cpuMsMedian,
    cpuMsP95: cost.cpuMsP95,
    framesMedian: cost.framesMedian,
    cpuMsSample: cost.sample,
    cpuMsImageMedian: costOf(results, 'image', 'variant').cpuMsMedian,
    cpuMsUnrelatedMedian: costOf(results, lead, 'banked').cpuMsMedian,
    refusedByDesign: scored.filter(({ verdict }) => verdict === 'refused').length,
    combosRecallBlock: shareOf(combos(scored), combos(scored).block),
    combosRecallBlockVideo: shareOf(combos(videos), combos(videos).block),
    combosRecallBlockImage: shareOf(combos(images), combos(images).block),
    perOriginal: perOriginal(scored, peers),
    counts: countsOf(run, scored),
    policyVersion: run.policyVersion,
    peers: run.peers?.versions ?? null,
    seed: conditions.seed,
    machine: conditions,
    seconds: Math.round(run.seconds),
    files,
  };
}

function perOriginal(scored: readonly ScoredVariant[], peers: PeerFigures) {
  return [...groupBy(scored, ({ source }) => source.id)].map(([id, of]) => {
    const recall = recallOf(verdictsOf(of));
    const [first] = of;
    const rules = first === undefined ? [] : rulesOf(first.variant.kind);
    const beside = rules.flatMap((rule) => {
      const share = peerRecall(rule, of, peers);
      return share === null ? [] : [[rule, round(share)] as const];
    });
    return {
      id,
      n: recall.n,
      recallBlock: round(recall.block),
      recallReview: round(recall.review),
      ...Object.fromEntries(beside),
    };
  });
}

function countsOf({ results, banked, refused, orphans }: Run, scored: readonly ScoredVariant[]) {
  const contents = new Set([...banked.values()].map(({ contentId }) => contentId));
  return {
    videoVariants: ofKind(scored, 'video').length,
    imageVariants: ofKind(scored, 'image').length,
    bankedSubmitted: results.filter(({ upload }) => upload.variant === null).length,
    bankedFiles: banked.size,
    bankedContents: contents.size,
    notBanked: refused.length,
    variantsWithoutSource: orphans,
  };
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : round(value);
}
