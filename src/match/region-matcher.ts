/**
 * Finds copies whose picture was changed: cropped, framed, turned, pasted into another one.
 *
 *   regions of a frame -> contents that any of them comes near (an index names them)
 *                      -> every region against every view of those contents, at a wide radius
 *                      -> the heaviest hypotheses on a line in time -> their pixels over each other
 *
 * Only named contents are compared widely, so that a bank of hundreds of hours costs no more than one of minutes.
 */
import { limits } from '../config/limits.ts';
import { stepOf, toleranceOf } from './align.ts';
import { type Alignment, type PictureMatch, summariseAlignment } from './alignment.ts';
import { type Candidate, matchedFrameOf } from './candidate.ts';
import type { DeepBank, DeepContent, FormQueries, NamedContent, ViewHits } from './deep-content.ts';
import { fitLine, fitStill } from './fit-line.ts';
import { dihedralOf, type Form, isNegative, negativeOf, uprightDihedrals } from './form.ts';
import type { FrameMatch } from './frame-match.ts';
import { type Hypothesis, HypothesisTable, type UploadView } from './hypotheses.ts';
import type { KnownContent } from './known-content.ts';
import { likenessOf, nearnessOf } from './likeness.ts';
import { PictureComparer, regionKeyOf } from './picture-comparer.ts';
import { fullRegion, type Region, regionOfView } from './region.ts';

type Known = Pick<KnownContent, 'kind' | 'framesPerSecond'>;

export interface RegionMatcherOptions {
  readonly bank: DeepBank;
  readonly known: (contentNumber: number) => Known | undefined;
  /** A content is named by a region within this distance of one of its views. */
  readonly namingRadiusBits: number;
  /** Named contents are compared up to this distance. */
  readonly reachBits: number;
  /** Rotations and flips that are looked up, by place in `dihedralNames`. */
  readonly dihedrals: readonly number[];
  /** Regions below it are not looked up. */
  readonly qualityMin: number;
}

export interface RegionOfFrame {
  readonly region: Region;
  /** 1: likely. 2: what few copies need, and those stand upright. */
  readonly tier: 1 | 2;
  readonly quality: number;
  /** 32 bytes each: of tier 1 for each position in `dihedralNames`, of tier 2 for the upright ones (form.ts). */
  readonly hashes: Uint8Array;
}

/** Regions of one frame, and the forms in which they are looked up. */
interface Batch {
  readonly views: readonly UploadView[];
  readonly forms: readonly Form[];
}

interface Tracked {
  readonly deep: DeepContent;
  readonly table: HypothesisTable;
  /** What named it, for contents too long to be compared with everything. */
  readonly naming: { readonly region: number; readonly form: Form };
  /** What was aligned last, and of how much. */
  aligned: { readonly of: string; readonly alignments: readonly Alignment[] } | undefined;
}

/** The content that hypotheses of are put on a line. */
interface Fitted {
  readonly deep: DeepContent;
  readonly table: HypothesisTable;
  readonly known: Known;
}

/** A hypothesis on a line, before its pixels are compared. */
interface Fit {
  readonly hypothesis: Hypothesis;
  readonly alignment: Alignment;
}

/** Lines of one content whose pixels are compared. */
const linesCompared = 2;
/** And of the others, those whose frames are closest. */
const closeLinesCompared = 2;
/** A picture stands alone: more of its hypotheses are looked at. */
const picturesCompared = 6;
/** Below it no line of the content can be told from what unrelated content has in common. */
const weightMin = 2;

export class RegionMatcher {
  readonly #options: RegionMatcherOptions;
  #regions: Region[] = [];
  #regionNumbers = new Map<string, number>();
  /** Regions that were taken already, by the time of their frame. */
  #takenAtMs = new Map<number, Set<number>>();
  readonly #pictures = new PictureComparer();
  /** Width over height of the upload's picture. */
  #aspect = 1;
  #batches: Batch[] = [];
  #tracked = new Map<number, Tracked>();
  #frameTimesMs: number[] = [];
  #alignments: readonly Alignment[] | undefined;
  /** Contents that made room, with how close they had come: only what comes closer is compared again. */
  readonly #dropped = new Map<number, number>();
  /** Searches of the whole index so far. */
  #scans = 0;
  capped = false;

  constructor(options: RegionMatcherOptions) {
    this.#options = options;
  }

  reset(): void {
    this.#regions = [];
    this.#regionNumbers = new Map();
    this.#takenAtMs = new Map();
    this.#pictures.reset();
    this.#batches = [];
    this.#tracked = new Map();
    this.#frameTimesMs = [];
    this.#scans = 0;
    this.#dropped.clear();
    this.#alignments = undefined;
    this.capped = false;
  }

  /** The picture of a frame, for the pixel check. */
  addThumbnail(timeMs: number, pixels: Uint8Array): void {
    this.#pictures.addThumbnail(timeMs, pixels);
  }

  /**
   * Takes regions of one frame; the same frame may come more than once, with other regions. One that comes again, as in
   * a second look, counts once. `aspect` is the picture's width over its height. Returns what they named.
   */
  addRegions(timeMs: number, regions: readonly RegionOfFrame[], aspect: number): readonly NamedContent[] {
    const { qualityMin } = this.#options;
    this.#aspect = aspect;
    if (!this.#frameTimesMs.includes(timeMs))
      this.#frameTimesMs = [...this.#frameTimesMs, timeMs].sort((a, b) => a - b);
    const taken = this.#takenAtMs.get(timeMs) ?? new Set();
    this.#takenAtMs.set(timeMs, taken);
    const views = regions.flatMap(({ region, quality, hashes }) => {
      const number = quality < qualityMin ? undefined : this.#numberOf(region);
      if (number === undefined || taken.has(number)) return [];
      taken.add(number);
      return [{ timeMs, region: number, quality, hashes, hash: hashes.subarray(0, limits.hashBytes) }];
    });
    if (views.length === 0) return [];
    const batch = { views, forms: this.#formsOf(regions) };
    const named = this.#name(queriesOf(batch));
    this.#alignments = undefined;
    for (const tracked of this.#tracked.values()) this.#measure(tracked, batch);
    this.#batches.push(batch);
    for (const one of named) this.#track(one, batch);
    return named;
  }

  /** An alignment of whole frames with what the pixels say of it, where the content is deep. */
  verified(alignment: Alignment): Alignment {
    const deep = this.#options.bank.deep(alignment.contentNumber);
    if (deep === undefined || !this.#pictures.canCompare) return alignment;
    const whole = { uploadRegion: fullRegion, uploadAspect: this.#aspect, form: alignment.dihedral, view: 0 };
    const pixels = this.#pictures.compare(alignment, whole, deep);
    return { ...alignment, picture: { uploadRegion: fullRegion, knownRegion: fullRegion, negative: false, pixels } };
  }

  /** No line of regions can score more. */
  get heaviestWeight(): number {
    return Math.max(0, ...[...this.#tracked.values()].map(({ table }) => table.heaviestWeight));
  }

  /** Of each named content the strongest line, and the likeliest where that is another; the strongest first. */
  alignments(): readonly Alignment[] {
    this.#alignments ??= [...this.#tracked.values()]
      .flatMap((tracked) => this.#alignmentsOf(tracked))
      .sort((a, b) => strengthOf(b) - strengthOf(a) || a.contentNumber - b.contentNumber);
    return this.#alignments;
  }

  /**
   * What lies close is named by segments, in microseconds. Only while that has told nothing, and for so many frames, the
   * whole index is scanned: unrelated uploads, which are most, would pay for it with every frame.
   */
  #name(queries: FormQueries): readonly NamedContent[] {
    const { bank, namingRadiusBits } = this.#options;
    // Of a small bank all may be compared already.
    if (this.#tracked.size >= bank.deepContents) return [];
    const closeBits = Math.min(namingRadiusBits, limits.segmentRadiusBitsMax);
    const isWide = this.#scans < limits.wideNamingsMax && !this.#isPromising();
    const { named, capped, radiusBits } = bank.nameDeep(queries, isWide ? namingRadiusBits : closeBits);
    this.capped ||= capped;
    // A large bank is searched no wider than by its segments, however often.
    if (isWide) this.#scans = radiusBits <= closeBits ? limits.wideNamingsMax : this.#scans + 1;
    return named;
  }

  /** Flat pictures are close to much; what its pixels bear out is worth no further search. */
  #isPromising(): boolean {
    return this.alignments().some((alignment) => nearnessOf(alignment) >= promisingNearness);
  }

  #numberOf(region: Region): number | undefined {
    const key = regionKeyOf(region);
    const known = this.#regionNumbers.get(key);
    if (known !== undefined) return known;
    if (this.#regions.length >= limits.regionsMax) {
      this.capped = true;
      return undefined;
    }
    this.#regionNumbers.set(key, this.#regions.length);
    return this.#regions.push(region) - 1;
  }

  /** Whoever turns a picture by a quarter, or inverts it, seldom cuts it as well, and known views are cut too. */
  #formsOf(regions: readonly RegionOfFrame[]): readonly Form[] {
    const { dihedrals } = this.#options;
    const likely = dihedrals.filter((dihedral) => uprightDihedrals.includes(dihedral));
    return regions.some(({ tier }) => tier === 1) ? [...dihedrals, ...likely.map(negativeOf)] : likely;
  }

  #track(named: NamedContent, { views, forms }: Batch): void {
    const before = this.#dropped.get(named.contentNumber) ?? limits.hashBits;
    if (this.#tracked.has(named.contentNumber) || named.distanceBits >= before) return;
    if (this.#tracked.size >= limits.trackedContentsMax && !this.#makeRoom()) {
      this.capped = true;
      return;
    }
    const deep = this.#options.bank.deep(named.contentNumber);
    if (deep === undefined) return;
    const naming = {
      region: views[Math.floor(named.query / forms.length)]?.region ?? 0,
      form: forms[named.query % forms.length] ?? 0,
    };
    const tracked: Tracked = { deep, table: new HypothesisTable(deep), naming, aligned: undefined };
    this.#tracked.set(named.contentNumber, tracked);
    for (const batch of this.#batches) this.#measure(tracked, batch);
  }

  /**
   * Lets go of the content that is least like the upload: flat contents are close to everything, and would keep the true
   * one out. False when all that are tracked may be it.
   */
  #makeRoom(): boolean {
    const nearness = new Map([...this.#tracked.keys()].map((number) => [number, 0]));
    for (const alignment of this.alignments()) {
      const number = alignment.contentNumber;
      nearness.set(number, Math.max(nearness.get(number) ?? 0, nearnessOf(alignment)));
    }
    const [least] = [...nearness].sort(([, a], [, b]) => a - b);
    if (least === undefined || least[1] >= promisingNearness) return false;
    this.#dropped.set(least[0], this.#tracked.get(least[0])?.table.leastBits ?? 0);
    this.#tracked.delete(least[0]);
    this.#alignments = undefined;
    return true;
  }

  #measure({ deep, table, naming }: Tracked, batch: Batch): void {
    const { views, forms } = batch;
    const isAffordable = views.length * forms.length * deep.entries <= limits.measuredPairsMax;
    const chosen = isAffordable
      ? batch
      : { views: views.filter(({ region }) => region === naming.region), forms: [naming.form] };
    if (chosen.views.length === 0) return;
    table.add(chosen.views, chosen.forms, this.#hitsOf(deep, queriesOf(chosen)));
  }

  /** Still scenes hit all over; what is nearer then says as much. */
  #hitsOf(deep: DeepContent, queries: FormQueries): ViewHits {
    let radius = this.#options.reachBits;
    let hits = deep.measure(queries, radius);
    while (hits.capped && radius > limits.segmentRadiusBitsMax / 2) {
      radius -= 20;
      hits = deep.measure(queries, Math.max(radius, 0));
    }
    return hits;
  }

  /** Anew only where something came near since, or a frame was looked at. */
  #alignmentsOf(tracked: Tracked): readonly Alignment[] {
    const of = `${tracked.table.frames} ${this.#frameTimesMs.length}`;
    if (tracked.aligned?.of !== of) tracked.aligned = { of, alignments: this.#align(tracked) };
    return tracked.aligned.alignments;
  }

  #align({ deep, table }: Tracked): Alignment[] {
    const known = this.#options.known(deep.contentNumber);
    if (known === undefined || table.heaviestWeight < weightMin) return [];
    const isImage = known.kind === 'image';
    const fits = table
      .heaviest(isImage ? picturesCompared : limits.hypothesesFittedMax)
      .flatMap((hypothesis, rank) => this.#fit(hypothesis, { deep, table, known }, rank))
      .sort((a, b) => scoreOf(b) - scoreOf(a));
    const compared = isImage ? picturesCompared : linesCompared;
    // A region that suits better has fewer frames than one that is only near, as long as few were looked at.
    const closest = fits.slice(compared).sort((a, b) => closenessOf(b) - closenessOf(a));
    const chosen = [...fits.slice(0, compared), ...closest.slice(0, closeLinesCompared)];
    const alignments = chosen.map((fit) => this.#withPicture(fit, deep));
    return [...new Set([...greatestOf(alignments, strengthOf), ...greatestOf(alignments, likenessOf)])];
  }

  #fit(hypothesis: Hypothesis, { deep, table, known }: Fitted, rank: number): Fit[] {
    const toleranceMs = toleranceOf(known);
    const candidate = candidateOf(table.matchesOf(hypothesis), toleranceMs);
    if (candidate === undefined) return [];
    const effort = rank < 2 ? 'thorough' : 'plain';
    const fit = known.kind === 'image' ? fitStill(candidate) : fitLine(candidate, toleranceMs, effort);
    const alignment = summariseAlignment({
      contentNumber: candidate.contentNumber,
      dihedral: dihedralOf(hypothesis.form),
      ...fit,
      frameTimesMs: this.#frameTimesMs,
      knownStepMs: known.kind === 'image' ? 0 : stepOf(known),
      knownHashOf: (entry) => deep.hashOf(entry),
    });
    return [{ hypothesis, alignment }];
  }

  #withPicture({ hypothesis: { region, form, view }, alignment }: Fit, deep: DeepContent): Alignment {
    const uploadRegion = this.#regions[region];
    if (uploadRegion === undefined) return alignment;
    const picture: PictureMatch = {
      uploadRegion,
      knownRegion: regionOfView(view, deep.aspect),
      negative: isNegative(form),
      pixels: this.#pictures.compare(alignment, { uploadRegion, uploadAspect: this.#aspect, form, view }, deep),
    };
    return { ...alignment, picture };
  }
}

/** Unrelated content hardly ever comes this close. */
const promisingNearness = 1.5;

/** By what a line scores, and for a picture, where every line scores the same, by how close it is. */
function scoreOf({ hypothesis, alignment: { score, medianDistanceBits } }: Fit): number {
  return score + hypothesis.weight / 1_000 - medianDistanceBits / 100_000;
}

/** What each distinct frame of a line says, where there are more than one. */
function closenessOf({ alignment: { score, distinctBits } }: Fit): number {
  return distinctBits.length < 2 ? 0 : score / distinctBits.length;
}

/** The one that is worth most; none of none. */
function greatestOf(alignments: readonly Alignment[], worthOf: (alignment: Alignment) => number): readonly Alignment[] {
  return [...alignments].sort((a, b) => worthOf(b) - worthOf(a)).slice(0, 1);
}

/** Which of several alignments says most: what scores, as far as the pixels and how they change bear it out. */
function strengthOf({ score, picture }: Alignment): number {
  const { agreement = 0, change = null } = picture?.pixels ?? {};
  return score * (0.1 + agreement + Math.max(0, change?.agreement ?? agreement));
}

function candidateOf(groups: readonly (readonly FrameMatch[])[], toleranceMs: number): Candidate | undefined {
  const frames = groups
    .flatMap((matches) => (matches[0] === undefined ? [] : [matchedFrameOf(matches, matches[0], toleranceMs)]))
    .sort((a, b) => a.uploadTimeMs - b.uploadTimeMs);
  const first = frames[0]?.closest;
  if (first === undefined) return undefined;
  const { contentNumber, dihedral } = first;
  const leastBits = Math.min(...frames.map(({ closest }) => closest.distanceBits));
  return { contentNumber, dihedral, frames, leastBits, lastFrame: frames.length };
}

function queriesOf({ views, forms }: Batch): FormQueries {
  return { pictures: views.map(({ hashes }) => hashes), forms };
}
