/** What is known of an upload when it is judged. */
import type { MediaKind } from '../contracts/common.ts';
import type { UnjudgedReason } from '../contracts/decision.ts';
import type { Policy } from '../contracts/policy.ts';
import type { AlignOptions } from '../match/align.ts';
import type { Alignment } from '../match/alignment.ts';
import type { KnownContent } from '../match/known-content.ts';

export interface Evidence {
  /** 'unknown' until sampling has ended, and is then judged as a video. */
  readonly kind: MediaKind;
  readonly durationMs: number | null;
  readonly framesSampled: number;
  /** Frames with detail enough to be searched (`isSearched`). */
  readonly framesSearched: number;
  /** Frames with detail enough to decide on their own (`minFrameQuality`). */
  readonly framesUsable: number;
  /** True once sampling has ended by itself, over the whole upload. */
  readonly complete: boolean;
  readonly alignments: readonly Alignment[];
  /** Known content with the very bytes of the upload. */
  readonly exact: readonly KnownContent[];
  /** Facts of a content number; undefined when it was removed since, and its alignments then count no more. */
  readonly known: (contentNumber: number) => KnownContent | undefined;
  /** Why the upload could not be looked at, or not to its end. */
  readonly unjudged: UnjudgedReason | null;
}

/** Frames below this have so little detail that their hash is noise: they are neither banked nor searched. */
export function isSearched(quality: number, policy: Policy): boolean {
  return quality >= policy.faintFrameQualityMin;
}

/**
 * How matches are aligned under a policy. A faint frame on either side counts only when it is close: its wide matches
 * are what flat pages have in common.
 */
export function alignOptionsOf(policy: Policy, known: Evidence['known']): AlignOptions {
  return {
    known,
    counts: ({ quality, distanceBits }) =>
      distanceBits <= (quality >= policy.minFrameQuality ? policy.alignedRadiusBits : policy.singleFrameRadiusBits),
  };
}
