/**
 * What is learnt of one upload while it is looked at: each frame is searched and aligned as it arrives, and as soon as
 * nothing that is still to come can change the outcome, the answer is "enough".
 */
import type { Bank } from '../bank/bank.ts';
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import type { Degradation, MediaFacts, Sampling, UnjudgedReason } from '../contracts/decision.ts';
import type { Policy } from '../contracts/policy.ts';
import { assess } from '../decision/assess.ts';
import { decide, isDecisive } from '../decision/decide.ts';
import { alignOptionsOf, type Evidence, isSearched } from '../decision/evidence.ts';
import type { FingerprintResult, RegionBatch, SampledFrame } from '../fingerprint/fingerprinter.ts';
import { type Aligner, createAligner } from '../match/align.ts';
import type { Alignment } from '../match/alignment.ts';
import type { FrameMatch } from '../match/frame-match.ts';
import type { KnownContent } from '../match/known-content.ts';
import { isWorthSecondLook } from '../match/likeness.ts';
import { RegionMatcher } from '../match/region-matcher.ts';
import { lastingMs, spansAround, type TimeSpan } from '../match/time-span.ts';
import type { ShedStep } from './effort-ladder.ts';

export interface ExaminationParts {
  readonly bank: Bank;
  readonly policy: Policy;
  /** For durations: finer than a millisecond. */
  readonly elapsedMs: () => number;
  /** Whether `searchedFrames` is asked for afterwards; keeping them takes memory. */
  readonly keepsFrames?: boolean;
}

/** A frame that was looked up, with what it came near to. */
export interface SearchedFrame extends SampledFrame {
  readonly matches: readonly FrameMatch[];
}

const allViews: readonly number[] = dihedralNames.map((_name, view) => view);
const mirrorViews = [dihedralNames.indexOf('original'), dihedralNames.indexOf('flipY')];

/** Undefined means all. */
function viewsOf({ views }: Policy): readonly number[] | undefined {
  return views === 'mirror' ? mirrorViews : undefined;
}

/** What a frame of a video comes near to, by the policy's radius and views. */
export function searchVideoFrame(bank: Bank, policy: Policy, frame: SampledFrame): readonly FrameMatch[] {
  return bank.search(frame, policy.alignedRadiusBits, viewsOf(policy)).matches;
}

export class Examination {
  readonly #parts: ExaminationParts;
  readonly #aligner: Aligner;
  readonly #degraded = new Set<Degradation>();
  readonly #timesMs = new Set<number>();
  readonly #searched: SearchedFrame[] = [];
  readonly #judged: { quality: number; usable: boolean }[] = [];
  #frames = { sampled: 0, searched: 0, usable: 0 };
  #exact: readonly KnownContent[] = [];
  #unjudged: UnjudgedReason | null = null;
  #result: FingerprintResult | null = null;
  readonly #searchSeconds: number[] = [];
  #alignMs = 0;
  readonly #regions: RegionMatcher;
  readonly #shed = new Set<ShedStep>();
  /** When it was made, on the clock of `elapsedMs`. */
  readonly beganMs: number;
  /** Every frame was searched in a bank that was at least at this position. */
  readonly bankPosition: number;
  /** One sentence for people on why the content could not be judged. */
  detail: string | undefined;

  constructor(parts: ExaminationParts) {
    this.#parts = parts;
    this.beganMs = parts.elapsedMs();
    this.bankPosition = parts.bank.position;
    this.#aligner = createAligner(alignOptionsOf(parts.policy, (number) => parts.bank.content(number)));
    const { namingRadiusBits, reachBits, qualityMin } = parts.policy.regions;
    this.#regions = new RegionMatcher({
      bank: parts.bank,
      known: (number) => parts.bank.content(number),
      namingRadiusBits,
      reachBits,
      qualityMin,
      dihedrals: viewsOf(parts.policy) ?? allViews,
    });
  }

  /** Hashes looked up for each searched frame. */
  get viewsSearched(): number {
    return (viewsOf(this.#parts.policy) ?? dihedralNames).length;
  }

  /** Looks the bytes up. True when known content has exactly these and that decides: nothing needs to be decoded. */
  recognise(sha256: string): boolean {
    this.#exact = this.#parts.bank.findBySha256(sha256);
    return this.#exact.length > 0 && isDecisive(this.evidence(), this.#parts.policy);
  }

  /** True when a video was looked at and comes close to known content, but not close enough to decide. */
  isInDoubt(): boolean {
    return this.#doubtful().length > 0;
  }

  /** Around the frames that came close, the likeliest content first. Undefined when that is most of the video. */
  doubtfulSpans(): readonly TimeSpan[] | undefined {
    const momentsMs = this.#doubtful()
      .sort((a, b) => b.score - a.score)
      .flatMap(({ inliers }) => inliers.map(({ uploadTimeMs }) => uploadTimeMs));
    const spans = spansAround(momentsMs, limits.doubtReachMs, limits.doubtLookMsMax);
    return lastingMs(spans) > (this.#result?.durationMs ?? 0) / 2 ? undefined : spans;
  }

  #doubtful(): Alignment[] {
    const { media, durationMs, complete } = this.#result ?? {};
    const isShortVideo = media?.kind === 'video' && (durationMs ?? 0) <= limits.doubtDurationMsMax;
    if (!isShortVideo || complete !== true) return [];
    const { policy } = this.#parts;
    const evidence = this.evidence();
    const isNear = decide(evidence, policy).reason === 'near_match';
    const near = isNear ? evidence.alignments.filter((each) => assess(each, evidence, policy) === 'doubtful') : [];
    return [...near, ...this.#regions.alignments().filter(isWorthSecondLook)];
  }

  /** True when a further look cannot change the outcome: it is as severe as it gets. */
  isDecided(): boolean {
    return decide(this.evidence(), this.#parts.policy).outcome === 'block';
  }

  /** True when parts of the pictures are to be looked at: when the bank holds anything to compare them with. */
  get comparesRegions(): boolean {
    return this.#parts.bank.deepHashes > 0;
  }

  /** The step would have been taken, and was left out for the sake of others. */
  shed(step: ShedStep): void {
    this.#shed.add(step);
  }

  /** Regions of a frame that was sampled before. */
  addRegions({ timeMs, aspect, regions }: RegionBatch): 'more' | 'enough' {
    const { policy, elapsedMs } = this.#parts;
    if (this.#isOverBudget()) {
      this.shed(regions.some(({ tier }) => tier === 1) ? 'regions' : 'far_regions');
      return 'enough';
    }
    const startedMs = elapsedMs();
    this.#regions.addRegions(timeMs, regions, aspect);
    const searchedMs = elapsedMs();
    // A content that was named before grows with every frame that comes near it, though none may name it again.
    const enough = this.#regions.heaviestWeight >= policy.regions.scoreMin && isDecisive(this.evidence(), policy);
    this.#searchSeconds.push((searchedMs - startedMs) / 1000);
    this.#alignMs += elapsedMs() - searchedMs;
    return enough ? 'enough' : 'more';
  }

  addFrame(frame: SampledFrame): 'more' | 'enough' {
    const { bank, policy, elapsedMs } = this.#parts;
    // A second, denser look meets frames of the first again; each counts once.
    if (this.#timesMs.has(frame.timeMs)) return 'more';
    this.#timesMs.add(frame.timeMs);
    if (frame.thumbnail !== undefined) this.#regions.addThumbnail(frame.timeMs, frame.thumbnail);
    this.#frames.sampled += 1;
    const usable = frame.quality >= policy.minFrameQuality;
    this.#judged.push({ quality: frame.quality, usable });
    if (usable) this.#frames.usable += 1;
    if (!isSearched(frame.quality, policy)) return 'more';
    this.#frames.searched += 1;
    const startedMs = elapsedMs();
    const found = bank.search(frame, this.#searchRadiusBits(), viewsOf(policy));
    const searchedMs = elapsedMs();
    if (found.capped) this.#degraded.add('hits_capped');
    this.#aligner.add(frame.timeMs, found.matches);
    if (this.#parts.keepsFrames === true) this.#searched.push({ ...frame, matches: found.matches });
    const enough = found.matches.length > 0 && isDecisive(this.evidence(), policy);
    this.#searchSeconds.push((searchedMs - startedMs) / 1000);
    this.#alignMs += elapsedMs() - searchedMs;
    return enough ? 'enough' : 'more';
  }

  /** One upload must not take the time of all others: of flat and still content a large bank knows much. */
  #isOverBudget(): boolean {
    const searchSeconds = this.#searchSeconds.reduce((sum, seconds) => sum + seconds, 0);
    return searchSeconds * 1000 + this.#alignMs >= limits.searchMsPerUploadMax;
  }

  /** Frames of a video count at a wide radius when they agree in time; a picture stands alone. */
  #searchRadiusBits(): number {
    const { alignedRadiusBits, singleFrameRadiusBits, review } = this.#parts.policy;
    const isPicture = this.#result?.media.kind === 'image';
    return isPicture ? Math.max(singleFrameRadiusBits, review.radiusBits) : alignedRadiusBits;
  }

  /** A second attempt begins: what came before is void. */
  restart(): void {
    this.#aligner.reset();
    this.#regions.reset();
    this.#frames = { sampled: 0, searched: 0, usable: 0 };
    this.#timesMs.clear();
    this.#judged.length = 0;
    this.#searched.length = 0;
    this.#shed.clear();
  }

  end(result: FingerprintResult): void {
    // A second look stays where the first one came near, and widens no gap.
    const largestGapMs = Math.min(this.#result?.largestGapMs ?? result.largestGapMs, result.largestGapMs);
    this.#result = { ...result, largestGapMs };
    for (const degradation of result.degraded) {
      if (degradation === 'frames_shed') this.shed('frames');
      else this.#degraded.add(degradation);
    }
  }

  /**
   * The content could not be looked at, or not to its end. What was found until then still counts. The first reason
   * stands: what follows is its consequence, such as the decoding of bytes that are not the announced ones.
   */
  giveUp(reason: UnjudgedReason, detail: string): void {
    this.#unjudged ??= reason;
    this.detail ??= detail;
  }

  evidence(): Evidence {
    return {
      kind: this.#result?.media.kind ?? 'unknown',
      durationMs: this.#result?.durationMs ?? null,
      framesSampled: this.#frames.sampled,
      framesSearched: this.#frames.searched,
      framesUsable: this.#frames.usable,
      complete: this.#result?.complete ?? false,
      alignments: [
        ...this.#aligner.alignments().map((each) => this.#regions.verified(each)),
        ...this.#regions.alignments(),
      ],
      exact: this.#exact,
      known: (number) => this.#parts.bank.content(number),
      unjudged: this.#unjudged ?? (this.#shed.size > 0 ? 'shed' : null),
    };
  }

  /** Of a video; null when it is not known. An exact copy lasts as long as what it is a copy of. */
  durationMs(): number | null {
    const { media, durationMs } = this.#result ?? {};
    const known = media?.kind === 'video' ? durationMs : this.#exact[0]?.durationMs;
    return known === undefined || known === 0 ? null : Math.round(known);
  }

  /** Null when no frame was looked at. */
  sampling(): Sampling | null {
    const result = this.#result;
    if (result === null && this.#frames.sampled === 0) return null;
    return {
      framesSampled: this.#frames.sampled,
      framesUsable: this.#frames.usable,
      durationSeconds: result === null ? null : result.durationMs / 1000,
      largestGapSeconds: result === null ? null : result.largestGapMs / 1000,
      complete: result?.complete ?? false,
    };
  }

  media(): MediaFacts {
    return this.#result?.media ?? { kind: 'unknown' };
  }

  degraded(): Degradation[] {
    if (this.#aligner.capped || this.#regions.capped) this.#degraded.add('hits_capped');
    const shed = [...this.#shed].map((step) => `${step}_shed` as const);
    return [...this.#degraded, ...shed];
  }

  /** Quality of each sampled frame, and whether it reached the least frame quality. */
  frames(): readonly { readonly quality: number; readonly usable: boolean }[] {
    return this.#judged;
  }

  /** Those that the evidence rests on, as they came; none unless they were to be kept. */
  searchedFrames(): readonly SearchedFrame[] {
    return this.#searched;
  }

  /** Of all that was looked at, a void first attempt included; `searches` has one entry a searched frame. */
  timings(): {
    readonly searchSeconds: number;
    readonly alignSeconds: number;
    readonly searches: readonly number[];
  } {
    const searchSeconds = this.#searchSeconds.reduce((sum, seconds) => sum + seconds, 0);
    return { searchSeconds, alignSeconds: this.#alignMs / 1000, searches: this.#searchSeconds };
  }
}
