/** An upload that arrives as hashes, in the form of one that was decoded here. */
import { limits } from '../config/limits.ts';
import type { UploadContent } from '../contracts/upload.ts';
import type { FingerprintResult, SampledFrame } from '../fingerprint/fingerprinter.ts';
import { hashOfHex } from '../kernel/hash-text.ts';
import { viewsOfHash } from '../kernel/hash-views.ts';

type HashedContent = Extract<UploadContent, { frames: unknown }>;

export interface HashedUpload {
  readonly frames: readonly SampledFrame[];
  readonly result: FingerprintResult;
}

export function sampledFramesOf(content: HashedContent): HashedUpload {
  const frames = content.frames
    .map(({ timeMs, quality, hash }) => ({ timeMs, quality, hashes: viewsOfHash(hashOfHex(hash)) }))
    .sort((a, b) => a.timeMs - b.timeMs);
  const lastMs = frames.at(-1)?.timeMs ?? 0;
  const durationMs = Math.max(content.durationMs ?? 0, lastMs);
  return {
    frames,
    result: {
      media: { kind: durationMs > 0 || frames.length > 1 ? 'video' : 'image' },
      durationMs,
      framesSampled: frames.length,
      largestGapMs: largestGap(
        frames.map((frame) => frame.timeMs),
        durationMs,
      ),
      complete: true,
      degraded: frames.length >= limits.uploadFramesMax ? ['frames_capped'] : [],
    },
  };
}

/** The longest stretch without a frame, the head and the tail included. */
function largestGap(timesMs: readonly number[], durationMs: number): number {
  const stops = [0, ...timesMs, durationMs];
  return stops.reduce((gap, stop, index) => Math.max(gap, stop - (stops[index - 1] ?? 0)), 0);
}
