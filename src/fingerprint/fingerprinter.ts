/**
 * The port to decoding and hashing. Nothing behind it runs in this process: a pool of child processes sniffs, decodes
 * and hashes, and what comes back is times, qualities and hashes.
 */
import type { Degradation, MediaFacts } from '../contracts/decision.ts';
import type { Region } from '../match/region.ts';
import type { TimeSpan } from '../match/time-span.ts';

/** A frame of an upload: its hash in all eight rotations and flips. */
export interface SampledFrame {
  readonly timeMs: number;
  readonly quality: number;
  /** 8 x 32 bytes in the order of `dihedralNames`; the first 32 are the frame as it is. */
  readonly hashes: Uint8Array;
  /** The whole frame as a small gray picture: 64 x 64 pixels beside regions, 32 x 32 beside views, else absent. */
  readonly thumbnail?: Uint8Array;
  /** Every known view of the frame, when they were asked for. */
  readonly views?: readonly ViewHash[];
}

/** A view of a frame that is to be banked. */
export interface ViewHash {
  /** Place in `knownViews` (match/region.ts). */
  readonly view: number;
  readonly quality: number;
  readonly hash: Uint8Array;
}

/** Parts of one frame of an upload. */
export interface RegionBatch {
  readonly timeMs: number;
  /** Width over height of the upright picture, in which regions are turned. */
  readonly aspect: number;
  readonly regions: readonly HashedRegion[];
}

export interface HashedRegion {
  readonly region: Region;
  /** 1: likely. 2: what few copies need. */
  readonly tier: 1 | 2;
  readonly quality: number;
  /** 32 bytes each: of tier 1 in the order of `dihedralNames`, of tier 2 as it is and left to right alone (match/form.ts). */
  readonly hashes: Uint8Array;
}

export type SamplingMode =
  /**
   * Few frames, spread evenly over the duration, best first: for uploads. With `keyFramesOnly` nothing between key frames
   * is decoded, which is most of the work, and the result says `frames_shed` when something would have been.
   */
  | { readonly kind: 'sparse'; readonly regions?: boolean; readonly keyFramesOnly?: boolean }
  /**
   * `framesPerSecond` frames in order of time: for a second look, and with `views` for a deep bank. `within` these spans of
   * a video alone, in order and apart from each other; without it, all through. An image is one frame, whatever the rate.
   */
  | {
      readonly kind: 'dense';
      readonly framesPerSecond: number;
      readonly within?: readonly TimeSpan[];
      readonly regions?: boolean;
      readonly views?: boolean;
    };

export interface FingerprintJob {
  /** The bytes: a file in the spool, or one the caller vouches for (command line). Opened read-only by this process. */
  readonly path: string;
  /** Asked when a child begins, where it is a function: what is worth doing may change while the job waits. */
  readonly mode: SamplingMode | (() => SamplingMode);
  readonly timeoutMs: number;
  /**
   * When the work was begun that the job is part of, as `performance.now()` tells; now, when left out. Of jobs that wait the
   * oldest goes first, so that an upload is not behind others again with its second look, or after a long fetch.
   */
  readonly beganMs?: number;
  /** Called in order of arrival. Returning 'enough' stops sampling; frames in flight may still arrive and are dropped. */
  readonly onFrame: (frame: SampledFrame) => 'more' | 'enough';
  /** Called for parts of frames, where the mode has `regions`: of key frames first, then of all that were sampled. */
  readonly onRegions?: (batch: RegionBatch) => 'more' | 'enough';
  /** Called at the start of a second attempt: what was received before is void. */
  readonly onRestart: () => void;
  readonly signal?: AbortSignal;
}

export function modeOf({ mode }: Pick<FingerprintJob, 'mode'>): SamplingMode {
  return typeof mode === 'function' ? mode() : mode;
}

export interface FingerprintResult {
  readonly media: MediaFacts;
  /** Width over height of the picture as it is shown: upright, with its pixels in their own shape. Absent when unknown. */
  readonly aspect?: number;
  /** 0 for an image. */
  readonly durationMs: number;
  readonly framesSampled: number;
  /** Longest stretch without a frame, milliseconds; 0 for an image. */
  readonly largestGapMs: number;
  /** False when 'enough' stopped it, or frames were shed. */
  readonly complete: boolean;
  readonly degraded: readonly Degradation[];
}

export interface Fingerprinter {
  /**
   * Throws a FloodgateError with one of: unsupported, undecodable, too_large, timed_out; internal when the pool closes.
   * A child that dies or hangs costs this job one retry in a fresh child and no other job anything.
   */
  fingerprint(job: FingerprintJob): Promise<FingerprintResult>;
  /** Null when children are up; otherwise why not, for /readyz. */
  unready(): string | null;
  close(): Promise<void>;
}
