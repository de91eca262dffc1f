import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { sampledFramesOf } from '../../../src/flow/hashed-upload.ts';
import { hexOfHash } from '../../../src/kernel/hash-text.ts';
import { viewsOfHash } from '../../../src/kernel/hash-views.ts';
import { hashNumber } from '../../support/hashes.ts';

const frameAt = (timeMs: number) => ({ timeMs, quality: 80, hash: hexOfHash(hashNumber(timeMs)) });

describe('sampledFramesOf', () => {
  it('gives each frame in its eight views, in order of time', () => {
    const { frames } = sampledFramesOf({ frames: [frameAt(2_000), frameAt(0)] });
    expect(frames.map(({ timeMs, quality }) => [timeMs, quality])).toEqual([
      [0, 80],
      [2_000, 80],
    ]);
    expect(frames[1]?.hashes).toEqual(viewsOfHash(hashNumber(2_000)));
  });

  it('takes one frame without a duration for an image', () => {
    expect(sampledFramesOf({ frames: [frameAt(0)] }).result).toEqual({
      media: { kind: 'image' },
      durationMs: 0,
      framesSampled: 1,
      largestGapMs: 0,
      complete: true,
      degraded: [],
    });
    expect(sampledFramesOf({ frames: [frameAt(0)], durationMs: 4_000 }).result.media.kind).toBe('video');
    expect(sampledFramesOf({ frames: [frameAt(0), frameAt(0)] }).result.media.kind).toBe('video');
  });

  it.each([
    ['the head', [4_000, 5_000], 6_000, 4_000],
    ['the middle', [0, 1_000, 6_000], 7_000, 5_000],
    ['the tail', [0, 1_000], 9_000, 8_000],
  ])('counts a gap at %s', (_where, timesMs, durationMs, gapMs) => {
    const { result } = sampledFramesOf({ frames: timesMs.map(frameAt), durationMs });
    expect(result).toMatchObject({ durationMs, largestGapMs: gapMs });
  });

  it('believes frames rather than a duration that is shorter', () => {
    expect(sampledFramesOf({ frames: [frameAt(0), frameAt(3_000)], durationMs: 10 }).result.durationMs).toBe(3_000);
  });

  it('says so when there may have been more frames than can be sent', () => {
    const full = Array.from({ length: limits.uploadFramesMax }, (_, at) => frameAt(at));
    expect(sampledFramesOf({ frames: full }).result.degraded).toEqual(['frames_capped']);
  });
});
