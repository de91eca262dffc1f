/**
 * Lays pictures of an upload over those of the known content along a line in time.
 *
 * Geometry is constant within a copy: the map that brings one frame over its known one must bring the others as well.
 * Two faces before one wall can each be fitted to the other frame by frame, with another map every time.
 */
import type { Alignment } from './alignment.ts';
import { type ChangeAgreement, compareChanges } from './change-check.ts';
import type { DeepContent } from './deep-content.ts';
import { type Form, isNegative } from './form.ts';
import type { FrameMatch } from './frame-match.ts';
import { agreementOf, type PixelEvidence, residualAgreementOf } from './pixel-check.ts';
import { affineOf, type Region, regionOfView } from './region.ts';
import { type Leeway, type Overlay, overlay, type Registration, register } from './register.ts';
import { inverted, type Thumbnail, thumbnailOf, turnedBy } from './thumbnail.ts';

/** What of an upload shows what of a content. */
export interface Placing {
  readonly uploadRegion: Region;
  /** Width over height of the upload's picture. */
  readonly uploadAspect: number;
  readonly form: Form;
  readonly view: number;
}

/** Frames that are registered, each by itself: the closest of a line. Each proposes its map for all. */
const framesRegistered = 3;
/** From that map a frame may come away so far: a hand that films a screen shakes. */
const shake: Leeway = { stretch: 0.05, shift: 0.035 };
/** What that costs, in agreement and in change: with some leeway other content fits better as well. */
const shakeCost = 0.05;
/** Only between these is it tried: below nothing is there to be found, above nothing is missing. */
const worthShaking = { from: 0.8, to: 1.85 };
/** Nothing blocks by less agreement, whatever else agrees; of most lines of unrelated content there is no more. */
const worthAskingTwice = 0.35;
/** A known thumbnail may stand so far from the moment that the line names, milliseconds. */
const thumbnailAwayMsMax = 400;

export class PictureComparer {
  /** Of each frame of the upload, by its time. */
  readonly #thumbnails = new Map<number, Thumbnail>();
  /** Frames come one by one, and the closest of a line seldom change. */
  readonly #registered = new Map<string, Registration | undefined>();
  readonly #compared = new Map<string, PixelEvidence | null>();

  reset(): void {
    this.#thumbnails.clear();
    this.#registered.clear();
    this.#compared.clear();
  }

  /** False while there is no picture of the upload. */
  get canCompare(): boolean {
    return this.#thumbnails.size > 0;
  }

  addThumbnail(timeMs: number, pixels: Uint8Array): void {
    this.#thumbnails.set(timeMs, thumbnailOf(pixels));
  }

  /** Null when neither side has pictures of what is on the line. */
  compare({ inliers }: Alignment, placing: Placing, deep: DeepContent): PixelEvidence | null {
    const closest = [...inliers].sort((a, b) => a.distanceBits - b.distanceBits).slice(0, framesRegistered);
    // Far apart in time more has changed.
    const ends = [inliers[0], inliers[inliers.length - 1]].filter((match) => match !== undefined);
    const moments = [...new Set([...closest, ...ends])];
    const hypothesis = [deep.contentNumber, placing.form, placing.view, regionKeyOf(placing.uploadRegion)].join();
    const key = `${hypothesis} ${moments.map(keyOf).join()}`;
    const before = this.#compared.get(key);
    if (before !== undefined) return before;
    const evidence = this.#compareMoments(closest.length, moments, hypothesis, placing, deep);
    this.#compared.set(key, evidence);
    return evidence;
  }

  /** The first `closest` of the moments are those that propose a map; the one that suits all of them best is taken. */
  #compareMoments(
    closest: number,
    moments: readonly FrameMatch[],
    hypothesis: string,
    placing: Placing,
    deep: DeepContent,
  ): PixelEvidence | null {
    const looks = moments.map((match) => this.#overlay(match, placing, deep));
    const proposed = moments
      .slice(0, closest)
      .flatMap((match, place) => this.#register(`${hypothesis} ${keyOf(match)}`, looks[place]) ?? []);
    const [best] = proposed
      .map(({ warp }) => ({ warp, laid: looks.map((look) => look?.(warp)) }))
      .sort((a, b) => meanCorrelation(b.laid) - meanCorrelation(a.laid));
    if (best === undefined) return null;
    const steady = judged(best.laid, closest, 0);
    const worth = worthOf(steady);
    // One moment alone has nothing to shake against.
    if (moments.length === 1 || worth < worthShaking.from || worth > worthShaking.to) return evidenceOf(steady);
    const laid = looks.map((look) => (look === undefined ? undefined : register(look, best.warp, shake)));
    const shaken = judged(laid, closest, shakeCost);
    return evidenceOf(worthOf(shaken) > worth ? shaken : steady);
  }

  #register(key: string, look: Overlay | undefined): Registration | undefined {
    if (this.#registered.has(key)) return this.#registered.get(key);
    const registration = look === undefined ? undefined : register(look);
    this.#registered.set(key, registration);
    return registration;
  }

  #overlay(
    match: FrameMatch,
    { uploadRegion, uploadAspect, form, view }: Placing,
    deep: DeepContent,
  ): Overlay | undefined {
    const upload = this.#thumbnails.get(match.uploadTimeMs);
    const known = deep.thumbnailNear(match.knownTimeMs);
    if (upload === undefined || known === undefined) return undefined;
    if (Math.abs(known.timeMs - match.knownTimeMs) > thumbnailAwayMsMax) return undefined;
    return overlay({
      known: thumbnailOf(known.pixels),
      knownMap: affineOf(regionOfView(view, deep.aspect), deep.aspect),
      upload: isNegative(form) ? inverted(upload) : upload,
      uploadMap: turnedBy(affineOf(uploadRegion, uploadAspect), match.dihedral),
    });
  }
}

function keyOf({ uploadTimeMs, knownTimeMs }: FrameMatch): string {
  return `${uploadTimeMs}=${knownTimeMs}`;
}

interface Judged {
  /** The closest ones, which agreement is of. */
  readonly closest: readonly Registration[];
  /** Undefined for none. */
  readonly agreement: number | undefined;
  readonly change: ChangeAgreement | null;
  /** Taken off all of them. */
  readonly cost: number;
}

/** Agreement is that of the first `closest` ones, the middle of them; change is that of all. */
function judged(laid: readonly (Registration | undefined)[], closest: number, cost: number): Judged {
  const ofClosest = laid.slice(0, closest).filter((one) => one !== undefined);
  return {
    closest: ofClosest,
    agreement: middleOf(ofClosest.map(agreementOf)),
    change: compareChanges(laid.filter((one) => one !== undefined)),
    cost,
  };
}

/** Null for none. */
function evidenceOf({ closest, agreement, change, cost }: Judged): PixelEvidence | null {
  if (agreement === undefined) return null;
  const residual = agreement < worthAskingTwice ? undefined : middleOf(closest.map(residualAgreementOf));
  return {
    agreement: Math.max(0, agreement - cost),
    residualAgreement: residual === undefined ? null : Math.max(0, residual - cost),
    change: change === null ? null : { ...change, agreement: Math.max(-1, change.agreement - cost) },
  };
}

/** Of an even number the greater of the two; undefined of none. */
function middleOf(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => b - a)[(values.length - 1) >> 1];
}

/** What agreement and change say together, 0 to 2. */
function worthOf({ agreement, change, cost }: Judged): number {
  if (agreement === undefined) return 0;
  return Math.max(0, agreement - cost) + Math.max(0, (change?.agreement ?? 0) - cost);
}

function meanCorrelation(laid: readonly (Registration | undefined)[]): number {
  return laid.reduce((sum, one) => sum + (one?.correlation ?? 0), 0) / laid.length;
}

/** Tells regions apart. */
export function regionKeyOf({ left, top, width, height, degrees }: Region): string {
  return `${left} ${top} ${width} ${height} ${degrees}`;
}
