import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  distanceBits,
  type FingerprintRig,
  hashRaw,
  openFingerprintRig,
  sparse,
  twoPerSecond,
} from '../support/fingerprint-rig.ts';
import {
  type ClipOptions,
  drawClip,
  drawFrame,
  encodeAnimation,
  encodeClip,
  encodeImage,
  type ImageFormat,
  openRaw,
  type RawFrame,
} from '../support/media-samples.ts';

/** What may lie between the hash of a picture and that of its copy at good quality. */
const copyBits = 10;

let rig: FingerprintRig;
beforeAll(() => {
  rig = openFingerprintRig();
});
afterAll(() => rig.close());

describe('images', () => {
  const picture = drawFrame(400, 300, 0.4);

  it.each<ImageFormat>(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'])('decodes %s', async (format) => {
    const { frames, result } = await rig.sample(await encodeImage(picture, format), sparse);
    expect(result).toMatchObject({
      media: { kind: 'image', container: format, width: 400, height: 300 },
      framesSampled: 1,
      durationMs: 0,
      largestGapMs: 0,
      complete: true,
      degraded: [],
    });
    expect(distanceBits(frames[0]?.hashes ?? new Uint8Array(), await hashRaw(picture))).toBeLessThanOrEqual(copyBits);
  });

  // Goal: an upload that is only turned by its EXIF tag hashes like the upright picture. The pixels are stored turned
  // the opposite way for each of the eight values.
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('honours EXIF orientation %d', async (orientation) => {
    const stored = storeTurned(orientation);
    const jpeg = await stored.jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();
    const { frames } = await rig.sample(jpeg, sparse);
    expect(distanceBits(frames[0]?.hashes ?? new Uint8Array(), await hashRaw(picture))).toBeLessThanOrEqual(copyBits);
  });

  function storeTurned(orientation: number) {
    const upright = () => openRaw(picture);
    const steps = [
      () => upright(),
      () => upright().flop(),
      () => upright().rotate(180),
      () => upright().flip(),
      // sharp flips first, whatever the order of the calls.
      () => upright().flip().rotate(90),
      () => upright().rotate(270),
      () => upright().flip().rotate(270),
      () => upright().rotate(90),
    ];
    return (steps[orientation - 1] ?? upright)();
  }

  it.each(['gif', 'webp'] as const)('samples an animated %s over its pages', async (format) => {
    const pages = Array.from({ length: 24 }, (_, page) => drawFrame(60, 45, page * 0.3));
    const { frames, result } = await rig.sample(await encodeAnimation(pages, format, 100), sparse);
    expect(frames).toHaveLength(16);
    expect(frames[0]?.timeMs).toBe(0);
    expect(frames.map(({ timeMs }) => timeMs)).toEqual(frames.map(({ timeMs }) => timeMs).toSorted((a, b) => a - b));
    expect(result).toMatchObject({ durationMs: 2_400, framesSampled: 16, complete: true, degraded: [] });
    expect(result.largestGapMs).toBeLessThanOrEqual(200);
    const tenth = frames.find(({ timeMs }) => timeMs === 900);
    const expected = await hashRaw(pages[9] ?? drawFrame(60, 45, 0));
    expect(distanceBits(tenth?.hashes ?? new Uint8Array(), expected)).toBeLessThanOrEqual(copyBits);
  });

  it('shows what there is of a cut-off JPEG, and says so', async () => {
    const whole = await encodeImage(picture, 'jpeg');
    const { frames, result } = await rig.sample(whole.subarray(0, Math.floor(whole.length * 0.7)), sparse);
    expect(frames).toHaveLength(1);
    expect(result.degraded).toEqual(['truncated_content']);
  });

  it('does not call a JPEG with bytes after its end cut off', async () => {
    const whole = await encodeImage(picture, 'jpeg');
    const { result } = await rig.sample(Buffer.concat([whole, Buffer.alloc(100)]), sparse);
    expect(result.degraded).toEqual([]);
  });

  it('refuses a picture over the pixel limit at its header', async () => {
    const bomb = Buffer.from(await encodeImage(drawFrame(8, 8, 0), 'png'));
    bomb.writeUInt32BE(20_000, 16);
    bomb.writeUInt32BE(20_000, 20);
    expect(await rig.refusal(bomb)).toMatch(/^(too_large|undecodable)/);
  });
});

/** With red on one side and blue on the other, so that luma depends on how much each colour counts. */
function tinted({ width, height, rgb }: RawFrame): RawFrame {
  const tint = Buffer.from(rgb);
  for (let at = 0; at < tint.length; at += 3) {
    const share = ((at / 3) % width) / width;
    tint[at] = Math.round((rgb[at] ?? 0) * (1 - share));
    tint[at + 2] = Math.round((rgb[at + 2] ?? 0) * share);
  }
  return { width, height, rgb: tint };
}

describe('videos', () => {
  const frames = drawClip(50, 240, 180);

  const kinds: [ClipOptions['encoder'], ClipOptions['muxer'], string, string][] = [
    ['libx264', 'mp4', 'mp4', 'h264'],
    ['libx264', 'mov', 'mp4', 'h264'],
    ['libx264', 'matroska', 'matroska', 'h264'],
    ['libx264', 'avi', 'avi', 'h264'],
    ['libx264', 'mpegts', 'mpegts', 'h264'],
    ['libx265', 'mp4', 'mp4', 'hevc'],
    ['libvpx', 'webm', 'matroska', 'vp8'],
    ['libvpx-vp9', 'webm', 'matroska', 'vp9'],
    ['libsvtav1', 'mp4', 'mp4', 'av1'],
    ['mpeg4', 'avi', 'avi', 'mpeg4'],
    ['mpeg2video', 'mpegts', 'mpegts', 'mpeg2'],
  ];

  it.each(kinds)('decodes %s in %s', async (encoder, muxer, container, codec) => {
    const clip = encodeClip({ encoder, muxer, frames });
    const dense = await rig.sample(clip, twoPerSecond);
    expect(dense.result).toMatchObject({
      media: { kind: 'video', container, codec, width: 240, height: 180 },
      complete: true,
      degraded: [],
    });
    expect(dense.result.durationMs).toBeGreaterThanOrEqual(1_960);
    expect(dense.frames.map(({ timeMs }) => Math.round(timeMs / 100) / 10)).toEqual([0, 0.5, 1, 1.5]);
    for (const { timeMs, hashes } of dense.frames) {
      const source = frames[Math.round(timeMs / 40)] ?? drawFrame(240, 180, 0);
      expect(distanceBits(hashes, await hashRaw(source))).toBeLessThanOrEqual(copyBits);
    }
    const thin = await rig.sample(clip, sparse);
    expect(thin.result).toMatchObject({ complete: true, degraded: [] });
    expect(thin.frames.length).toBeGreaterThanOrEqual(4);
    expect(thin.result.largestGapMs).toBeLessThan(600);
    for (const { timeMs, hashes } of thin.frames) {
      const source = frames[Math.round(timeMs / 40)] ?? drawFrame(240, 180, 0);
      expect(distanceBits(hashes, await hashRaw(source))).toBeLessThanOrEqual(copyBits);
    }
  });

  // Goal: a full-range source and a limited-range one of the same pictures hash alike.
  it('takes full-range colour for what it is', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: frames.slice(0, 5), pixelFormat: 'yuvj420p' });
    const sampled = await rig.sample(clip, twoPerSecond);
    const first = sampled.frames[0]?.hashes ?? new Uint8Array();
    expect(distanceBits(first, await hashRaw(drawFrame(240, 180, 0)))).toBeLessThanOrEqual(copyBits);
  });

  // Goal: a copy that lost what says how to see its colours, or says something else, hashes as before: luma is as stored.
  it.each(['bt709', 'bt2020nc', 'smpte170m'])(
    'hashes luma as it is stored, whatever %s says of the colours',
    async (matrix) => {
      const colourful = frames.slice(0, 5).map(tinted);
      const hashesOf = async (params: string) => {
        const encoderOptions = { 'x264-params': `scenecut=0${params}` };
        const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: colourful, encoderOptions });
        return (await rig.sample(clip, twoPerSecond)).frames.map(({ hashes }) => hashes);
      };
      expect(await hashesOf(`:colormatrix=${matrix}`)).toEqual(await hashesOf(''));
    },
  );

  // Goal: a film that is stored as red, green and blue has no luma of its own, and is seen as its picture is.
  it('makes luma of what has none', async () => {
    const colourful = frames.slice(0, 5).map(tinted);
    const clip = encodeClip({ encoder: 'libx264rgb', muxer: 'mp4', frames: colourful, pixelFormat: 'rgb24' });
    const sampled = await rig.sample(clip, twoPerSecond);
    const first = sampled.frames[0]?.hashes ?? new Uint8Array();
    expect(distanceBits(first, await hashRaw(tinted(drawFrame(240, 180, 0))))).toBeLessThanOrEqual(copyBits);
  });

  // Goal: a phone's rotation flag does not change the hash. Pixels are stored turned; the matrix turns them back.
  const one = 65_536;
  const last = 1_073_741_824;
  it.each([
    ['90 degrees', [0, one, 0, -one, 0, 0, 0, 0, last], 270],
    ['180 degrees', [-one, 0, 0, 0, -one, 0, 0, 0, last], 180],
    ['270 degrees', [0, -one, 0, one, 0, 0, 0, 0, last], 90],
  ] as const)('honours a display matrix of %s', async (_name, displayMatrix, storedTurn) => {
    const upright = drawFrame(240, 180, 0.5);
    const { data, info } = await openRaw(upright).rotate(storedTurn).raw().toBuffer({ resolveWithObject: true });
    const stored = { width: info.width, height: info.height, rgb: data };
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: [stored, stored], displayMatrix });
    const sampled = await rig.sample(clip, sparse);
    const first = sampled.frames[0]?.hashes ?? new Uint8Array();
    expect(distanceBits(first, await hashRaw(upright))).toBeLessThanOrEqual(copyBits);
  });

  it('gives at least one frame of a clip of one frame', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: frames.slice(0, 1) });
    expect((await rig.sample(clip, twoPerSecond)).frames).toHaveLength(1);
    expect((await rig.sample(clip, sparse)).frames).toHaveLength(1);
  });

  it('decodes 4:4:4 H.264, which must not be entered in the middle', async () => {
    const clip = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames, pixelFormat: 'yuv444p' });
    const sampled = await rig.sample(clip, sparse);
    expect(sampled.frames.length).toBeGreaterThanOrEqual(4);
    expect(sampled.result.degraded).toEqual([]);
    for (const { timeMs, hashes } of sampled.frames) {
      const source = frames[timeMs / 40] ?? drawFrame(240, 180, 0);
      expect(distanceBits(hashes, await hashRaw(source))).toBeLessThanOrEqual(copyBits);
    }
  });
});
