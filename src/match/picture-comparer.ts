/**
 * Lays pictures of an upload over those of the known content along a line in time, each pair once: frames come one by one,
 * and the closest of a line seldom change.
 */
import type { Alignment } from './alignment.ts';
import { type Compared, compareChanges } from './change-check.ts';
import type { DeepContent } from './deep-content.ts';
import { type Form, isNegative } from './form.ts';
import type { FrameMatch } from './frame-match.ts';
import { comparePixels, type PixelAgreement, type PixelEvidence } from './pixel-check.ts';
import { affineOf, type Region, regionOfView } from './region.ts';
import { inverted, type Thumbnail, thumbnailOf, turnedBy } from './thumbnail.ts';

type ComparedFrame = PixelAgreement & Compared;

/** What of an upload shows what of a content. */
export interface Placing {
  readonly uploadRegion: Region;
  /** Width over height of the upload's picture. */
  readonly uploadAspect: number;
  readonly form: Form;
  readonly view: number;
}

/** Frames whose pixels are compared: the closest of a line, and their middle value counts. */
const framesCompared = 3;
/** A known thumbnail may stand so far from the moment that the line names, milliseconds. */
const thumbnailAwayMsMax = 400;

export class PictureComparer {
  /** Of each frame of the upload, by its time. */
  readonly #thumbnails = new Map<number, Thumbnail>();
  readonly #compared = new Map<string, ComparedFrame[]>();

  reset(): void {
    this.#thumbnails.clear();
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
    const look = (match: FrameMatch): ComparedFrame[] => this.#look(match, placing, deep);
    const closest = [...inliers].sort((a, b) => a.distanceBits - b.distanceBits).slice(0, framesCompared);
    const agreements = closest.flatMap(look).map(({ agreement }) => agreement);
    const middle = agreements.sort((a, b) => b - a)[(agreements.length - 1) >> 1];
    if (middle === undefined) return null;
    // Far apart in time more has changed.
    const moments = new Set([inliers[0], ...closest, inliers[inliers.length - 1]]);
    const change = compareChanges([...moments].flatMap((match) => (match === undefined ? [] : look(match))));
    return { agreement: middle, change };
  }

  #look(match: FrameMatch, placing: Placing, deep: DeepContent): ComparedFrame[] {
    const { uploadRegion, form, view } = placing;
    const at = [match.uploadTimeMs, match.knownTimeMs];
    const key = [deep.contentNumber, form, view, regionKeyOf(uploadRegion), ...at].join();
    const before = this.#compared.get(key);
    if (before !== undefined) return before;
    const result = this.#compareFrame(match, placing, deep);
    this.#compared.set(key, result);
    return result;
  }

  #compareFrame(match: FrameMatch, placing: Placing, deep: DeepContent): ComparedFrame[] {
    const { uploadRegion, uploadAspect, form, view } = placing;
    const upload = this.#thumbnails.get(match.uploadTimeMs);
    const known = deep.thumbnailNear(match.knownTimeMs);
    if (upload === undefined || known === undefined) return [];
    if (Math.abs(known.timeMs - match.knownTimeMs) > thumbnailAwayMsMax) return [];
    const compared = comparePixels(
      thumbnailOf(known.pixels),
      affineOf(regionOfView(view, deep.aspect), deep.aspect),
      isNegative(form) ? inverted(upload) : upload,
      turnedBy(affineOf(uploadRegion, uploadAspect), match.dihedral),
    );
    return compared === undefined ? [] : [compared];
  }
}

/** Tells regions apart. */
export function regionKeyOf({ left, top, width, height, degrees }: Region): string {
  return `${left} ${top} ${width} ${height} ${degrees}`;
}
