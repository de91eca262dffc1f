import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { openFingerprintRig, sparse, twoPerSecond } from '../support/fingerprint-rig.ts';
import { type ClipOptions, drawClip, encodeClip } from '../support/media-samples.ts';

const rig = openFingerprintRig();
afterAll(() => rig.close());

const drawn = drawClip(120, 64, 48);
/** Two frames a second: sixty seconds for the price of two. */
const minute = (changes: Partial<ClipOptions>) =>
  encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawn, framesPerSecond: 2, gop: 6, ...changes });

describe('a sparse pass over a long video', () => {
  it.each<[string, Partial<ClipOptions>]>([
    ['mp4', {}],
    ['matroska', { muxer: 'matroska' }],
    ['avi', { muxer: 'avi', encoder: 'mpeg4' }],
  ])('visits its parts in an order whose every prefix is spread evenly: %s', async (_name, changes) => {
    const { frames, result } = await rig.sample(minute(changes), sparse);
    const times = frames.map(({ timeMs }) => timeMs);
    expect(times[0]).toBe(0);
    expect(times[1]).toBeGreaterThan(24_000);
    expect(times.slice(0, 4).toSorted((a, b) => a - b)).toEqual([
      0,
      expect.closeTo(15_000, -4),
      expect.closeTo(30_000, -4),
      expect.closeTo(45_000, -4),
    ]);
    expect(new Set(times).size).toBe(times.length);
    expect(times.length).toBeLessThanOrEqual(limits.sparseFramesMax);
    expect(result).toMatchObject({ complete: true, degraded: [], framesSampled: times.length });
    expect(result.largestGapMs).toBeLessThanOrEqual(limits.sparseGapMsMax);
  });

  it('fills what lies between key frames far apart, also across the whole of it', async () => {
    const { frames, result } = await rig.sample(minute({ gop: 60 }), sparse);
    expect(result.largestGapMs).toBeLessThanOrEqual(limits.sparseGapMsMax);
    expect(frames.length).toBeGreaterThanOrEqual(limits.sparseFramesMin);
    // Two key frames, at 0 and 30 s; after each of them at least two more, for no gap may be longer than a third of it.
    const times = frames.map(({ timeMs }) => timeMs);
    expect(times.filter((time) => time > 0 && time < 30_000).length).toBeGreaterThanOrEqual(2);
    expect(times.filter((time) => time > 30_000).length).toBeGreaterThanOrEqual(2);
    expect(result.degraded).toEqual([]);
  });

  // Goal: under load the dear part is left out, and never unsaid.
  it('of key frames only says when others were wanted', async () => {
    const keyFramesOnly = { ...sparse, keyFramesOnly: true };
    const far = await rig.sample(minute({ gop: 60 }), keyFramesOnly);
    expect(far.frames.map(({ timeMs }) => timeMs).toSorted((a, b) => a - b)).toEqual([0, 30_000]);
    expect(far.result).toMatchObject({ degraded: ['frames_shed'], complete: false, framesSampled: 2 });
    const close = await rig.sample(minute({}), keyFramesOnly);
    expect(close.result).toMatchObject({ degraded: [], complete: true });
    expect(close.frames).toEqual((await rig.sample(minute({}), sparse)).frames);
  });

  it('of key frames only says so when these are enough and tell nothing', async () => {
    const [still] = drawClip(1, 64, 48);
    if (still === undefined) throw new Error('nothing was drawn');
    const frames = Array.from({ length: 60 }, () => still);
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames, framesPerSecond: 1, gop: 8 });
    const keys = await rig.sample(clip, { kind: 'sparse', keyFramesOnly: true });
    expect(keys.frames).toHaveLength(limits.sparseFramesMin);
    expect(keys.result).toMatchObject({ degraded: ['frames_shed'], complete: false });
    const all = await rig.sample(clip, sparse);
    expect(all.frames.length).toBeGreaterThan(limits.sparseFramesMin);
    expect(all.result).toMatchObject({ degraded: [], complete: true });
  });

  // Goal: what browsers record has no duration and no index; it is judged over its whole length all the same.
  it('finds the end of a video that does not say how long it is', async () => {
    const { result } = await rig.sample(
      minute({ muxer: 'webm', encoder: 'libvpx', muxerOptions: { live: '1' } }),
      sparse,
    );
    expect(result.durationMs).toBeGreaterThan(58_000);
    expect(result.largestGapMs).toBeLessThanOrEqual(limits.sparseGapMsMax);
    expect(result).toMatchObject({ complete: true, degraded: [] });
  });
});

describe('a sparse pass over a short video', () => {
  it('begins closely, in order of time', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(100, 64, 48), gop: 250 });
    const { frames } = await rig.sample(clip, sparse);
    const times = frames.map(({ timeMs }) => timeMs);
    // A frame of 40 ms is at most half its time off the moment asked for, unless nothing refers to it.
    for (const opening of [0, 1, 2, 3]) {
      expect(Math.abs((times[opening] ?? 0) - opening * limits.sparseSpacingMsMin)).toBeLessThanOrEqual(40);
    }
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.length).toBeGreaterThanOrEqual(limits.sparseFramesMin);
  });

  it('does not decode every frame where every frame is a key frame', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(100, 64, 48), gop: 1 });
    const { frames } = await rig.sample(clip, sparse);
    expect(frames.length).toBeGreaterThanOrEqual(limits.sparseFramesMin);
    // Spread over its four seconds, at no less than nine tenths of the distance.
    expect(frames.length).toBeLessThanOrEqual(Math.ceil(limits.sparseFramesMin / 0.9));
  });

  it('takes the frames of a sparse pass for the frames they are', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(100, 64, 48), gop: 25, bFrames: 2 });
    const dense = await rig.sample(clip, { kind: 'dense', framesPerSecond: 8 });
    const thin = await rig.sample(clip, sparse);
    const known = new Map(dense.frames.map(({ timeMs, hashes }) => [timeMs, hashes]));
    const both = thin.frames.filter(({ timeMs }) => known.has(timeMs));
    expect(both.length).toBeGreaterThanOrEqual(3);
    for (const { timeMs, hashes } of both) expect(hashes).toEqual(known.get(timeMs));
  });
});

describe('a dense pass', () => {
  it('takes no frame twice where there are fewer than asked for', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(6, 64, 48), framesPerSecond: 1 });
    const { frames } = await rig.sample(clip, twoPerSecond);
    expect(frames.map(({ timeMs }) => timeMs)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
  });

  it.each([
    ['mp4', 'libx264', 'mp4'],
    ['transport streams', 'libx264', 'mpegts'],
    ['mpeg 2', 'mpeg2video', 'mpegts'],
  ] as const)(
    'stays within the spans that it is given, and takes what a whole pass takes there: %s',
    async (_what, encoder, muxer) => {
      const clip = encodeClip({ encoder, muxer, frames: drawClip(250, 64, 48), gop: 40 });
      const whole = await rig.sample(clip, twoPerSecond);
      const within = [
        { startMs: 1_900, endMs: 3_100 },
        { startMs: 8_000, endMs: 60_000 },
      ];
      const { frames, result } = await rig.sample(clip, { kind: 'dense', framesPerSecond: 2, within });
      const isWithin = (timeMs: number) =>
        within.some(({ startMs, endMs }) => timeMs >= startMs - 40 && timeMs <= endMs);
      const expected = whole.frames.filter(({ timeMs }) => isWithin(timeMs));
      expect(frames.length).toBeGreaterThanOrEqual(6);
      const inTime = [...frames].sort((a, b) => a.timeMs - b.timeMs);
      expect(inTime.map(({ timeMs }) => timeMs)).toEqual(expected.map(({ timeMs }) => timeMs));
      expect(inTime.map(({ hashes }) => hashes)).toEqual(expected.map(({ hashes }) => hashes));
      expect(result).toMatchObject({ complete: true, durationMs: whole.result.durationMs, degraded: [] });
    },
  );

  it('begins with what needs the shortest way from a key frame', async () => {
    // Key frames every 1.6 s: at 1,600 ms, 400 before the first moment, and at 8,000 ms.
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(250, 64, 48), gop: 40 });
    const within = [
      { startMs: 1_900, endMs: 3_100 },
      { startMs: 7_900, endMs: 9_100 },
    ];
    const { frames } = await rig.sample(clip, { kind: 'dense', framesPerSecond: 2, within });
    expect(frames.map(({ timeMs }) => timeMs)).toEqual([8_000, 8_520, 9_000, 2_000, 2_520, 3_000]);
  });

  it('looks at parts of its frames within spans on the way, more and more seldom', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(250, 64, 48), gop: 40 });
    let frames = 0;
    const framesAtLook = new Set<number>();
    await rig.sample(
      clip,
      { kind: 'dense', framesPerSecond: 4, regions: true, within: [{ startMs: 0, endMs: 9_000 }] },
      {
        onFrame: () => {
          frames++;
          return 'more';
        },
        onRegions: () => {
          framesAtLook.add(frames);
          return 'more';
        },
      },
    );
    expect([...framesAtLook]).toEqual([8, 16, 24, 36, 37]);
  });

  it.each([
    ['H.264', 'libx264', 'mp4', 3],
    ['HEVC', 'libx265', 'mp4', 3],
    ['MPEG-4', 'mpeg4', 'avi', 2],
    ['MPEG-2', 'mpeg2video', 'mpegts', 2],
    ['VP9', 'libvpx-vp9', 'webm', 0],
  ] as const)(
    'whose parts are looked at takes the same frames, though it decodes fewer: %s',
    async (_what, encoder, muxer, bFrames) => {
      const clip = encodeClip({ encoder, muxer, frames: drawClip(120, 64, 48), gop: 40, bFrames });
      const all = await rig.sample(clip, { kind: 'dense', framesPerSecond: 4 });
      const { frames } = await rig.sample(clip, { kind: 'dense', framesPerSecond: 4, regions: true });
      expect(frames.map(({ timeMs }) => timeMs)).toEqual(all.frames.map(({ timeMs }) => timeMs));
      expect(frames.map(({ hashes }) => hashes)).toEqual(all.frames.map(({ hashes }) => hashes));
    },
  );

  it('is of all where the spans hold nothing', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: drawClip(50, 64, 48) });
    const within = [{ startMs: 30_000, endMs: 31_000 }];
    const { frames } = await rig.sample(clip, { kind: 'dense', framesPerSecond: 2, within });
    expect(frames).toHaveLength(4);
  });

  it('goes on where timestamps start again from nothing', async () => {
    const half = encodeClip({ encoder: 'mpeg2video', muxer: 'mpegts', frames: drawClip(50, 64, 48) });
    const twice = Buffer.concat([half, half]);
    const { result } = await rig.sample(twice, twoPerSecond);
    expect(result.framesSampled).toBeGreaterThanOrEqual(7);
    expect((await rig.sample(twice, sparse)).result.framesSampled).toBeGreaterThanOrEqual(7);
  });
});
