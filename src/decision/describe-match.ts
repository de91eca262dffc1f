/** Alignments and exact copies in the words of the decision contract. */
import { dihedralNames } from '../contracts/common.ts';
import type { Match, PictureRegion, TimeSegment } from '../contracts/decision.ts';
import { type Alignment, extentOf } from '../match/alignment.ts';
import type { KnownContent } from '../match/known-content.ts';
import { likenessOf } from '../match/likeness.ts';
import type { Region } from '../match/region.ts';
import type { TimeSpan } from '../match/time-span.ts';
import type { Evidence } from './evidence.ts';

export function describeAlignment(alignment: Alignment, known: KnownContent, evidence: Evidence): Match {
  const inTime = known.kind !== 'image' && evidence.kind !== 'image' && alignment.inliers.length > 1;
  const extent = inTime ? extentOf(alignment, evidence.durationMs ?? 0, known.durationMs) : alignment;
  return {
    ...identityOf(known),
    kind: inTime ? 'aligned' : 'frame',
    view: dihedralNames[alignment.dihedral] ?? 'original',
    distanceBits: alignment.distanceBits,
    medianDistanceBits: alignment.medianDistanceBits,
    framesMatched: alignment.inliers.length,
    distinctFrames: alignment.distinctBits.length,
    score: rounded(alignment.score),
    speed: inTime ? rounded(alignment.line.speed) : 1,
    upload: segmentOf(extent.upload),
    known: segmentOf(extent.known),
    knownDurationSeconds: rounded(known.durationMs / 1000),
    matchedSeconds: rounded(alignment.matchedMs / 1000),
    ...pictureOf(alignment),
  };
}

function pictureOf(
  alignment: Alignment,
): Pick<
  Match,
  'uploadRegion' | 'knownRegion' | 'negative' | 'pixelAgreement' | 'residualAgreement' | 'changeAgreement' | 'likeness'
> {
  const { picture } = alignment;
  if (picture === undefined) return {};
  const { residualAgreement = null } = picture.pixels ?? {};
  return {
    uploadRegion: regionOf(picture.uploadRegion),
    knownRegion: regionOf(picture.knownRegion),
    ...(picture.negative ? { negative: true } : {}),
    ...(picture.pixels === null ? {} : { pixelAgreement: rounded(picture.pixels.agreement) }),
    ...(residualAgreement === null ? {} : { residualAgreement: rounded(residualAgreement) }),
    likeness: rounded(likenessOf(alignment)),
    ...(picture.pixels?.change ? { changeAgreement: rounded(picture.pixels.change.agreement) } : {}),
  };
}

function regionOf({ left, top, width, height, degrees }: Region): PictureRegion {
  return { left: rounded(left), top: rounded(top), width: rounded(width), height: rounded(height), degrees };
}

/** The same bytes: no frame was compared, and all of the one is all of the other. */
export function describeExact(known: KnownContent): Match {
  const whole = { startMs: 0, endMs: known.durationMs };
  return {
    ...identityOf(known),
    kind: 'exact',
    view: 'original',
    distanceBits: 0,
    medianDistanceBits: 0,
    framesMatched: 0,
    distinctFrames: 0,
    score: 0,
    speed: 1,
    upload: segmentOf(whole),
    known: segmentOf(whole),
    knownDurationSeconds: rounded(known.durationMs / 1000),
    matchedSeconds: rounded(known.durationMs / 1000),
  };
}

function identityOf(known: KnownContent): Pick<Match, 'contentId' | 'bank' | 'labels' | 'contentRevision'> {
  return {
    contentId: known.contentId,
    bank: known.bank,
    labels: [...known.labels],
    contentRevision: known.revision,
  };
}

function segmentOf(span: TimeSpan): TimeSegment {
  return { startSeconds: rounded(span.startMs / 1000), endSeconds: rounded(span.endMs / 1000) };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
