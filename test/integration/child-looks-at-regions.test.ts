/** Goal: a copy that was put into another picture is found through its regions, by real children on real files. */
import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import type { FingerprintJob, RegionBatch, SamplingMode } from '../../src/fingerprint/fingerprinter.ts';
import { fullRegion, knownViews } from '../../src/match/region.ts';
import { distanceBits, openFingerprintRig, sparse } from '../support/fingerprint-rig.ts';
import { drawClip, encodeAnimation, encodeClip, encodeImage, type RawFrame } from '../support/media-samples.ts';

const rig = openFingerprintRig();
afterAll(() => rig.close());

const [width, height] = [160, 120];
const film = drawClip(60, width, height);
const regions: SamplingMode = { kind: 'sparse', regions: true };
const deep: SamplingMode = { kind: 'dense', framesPerSecond: 4, views: true };

/** The picture within a gray border: 20 pixels on the left and right, 30 above and below. */
function framed({ rgb }: RawFrame): RawFrame {
  const outer = { width: width + 40, height: height + 60 };
  const bytes = Buffer.alloc(outer.width * outer.height * 3, 90);
  for (let y = 0; y < height; y++) {
    rgb.copy(bytes, ((y + 30) * outer.width + 20) * 3, y * width * 3, (y + 1) * width * 3);
  }
  return { ...outer, rgb: bytes };
}

const encode = (frames: readonly RawFrame[], gop = 10) => encodeClip({ encoder: 'libx264', muxer: 'mp4', frames, gop });
/** Two key frames: too few for all that a sparse pass looks at. */
const fewKeyFrames = () => encode(film, 30);

async function look(bytes: Buffer, mode = regions, changes: Partial<FingerprintJob> = {}) {
  const batches: RegionBatch[] = [];
  const onRegions = (batch: RegionBatch) => {
    batches.push(batch);
    return 'more' as const;
  };
  return { batches, ...(await rig.sample(bytes, mode, { onRegions, ...changes })) };
}

describe('regions of an upload', () => {
  it('contain the picture that was framed, as near to its known view as a copy is', async () => {
    const known = await rig.sample(encode(film), deep);
    const { batches } = await look(encode(film.map(framed)));
    let near = 0;
    for (const { timeMs, regions } of batches.filter(({ regions }) => regions[0]?.tier === 1)) {
      const same = known.frames.find((frame) => Math.abs(frame.timeMs - timeMs) <= 20);
      const view = same?.views?.[0];
      if (view === undefined) continue;
      expect(distanceBits(same?.hashes ?? view.hash, view.hash)).toBeLessThanOrEqual(40);
      const distances = regions.map(({ hashes }) => distanceBits(hashes.subarray(0, 32), view.hash));
      expect(Math.min(...distances)).toBeLessThanOrEqual(24);
      near++;
    }
    expect(near).toBeGreaterThanOrEqual(2);
  });

  it('come after the key frames, tier by tier, and again after the frames between them', async () => {
    const order: string[] = [];
    const say = (what: string) => {
      order.push(what);
      return 'more' as const;
    };
    const { batches, frames, result } = await look(fewKeyFrames(), regions, {
      onFrame: ({ timeMs }) => say(`frame of ${timeMs}`),
      onRegions: ({ regions: [first], timeMs }) => say(`tier ${first?.tier} of ${timeMs}`),
    });
    expect({ frames, batches }).toEqual({ frames: [], batches: [] });
    const kinds = order.map((what) => what.slice(0, 6));
    const changes = kinds.filter((kind, at) => kind !== kinds[at - 1]);
    expect(changes).toEqual(['frame ', 'tier 1', 'tier 2', 'frame ', 'tier 1', 'tier 2']);
    for (const tier of [1, 2]) {
      const lookedAt = new Set(order.filter((what) => what.startsWith(`tier ${tier}`)));
      expect(lookedAt.size).toBe(result.framesSampled);
    }
  });

  it('of key frames are enough where these decide: nothing between them is decoded', async () => {
    const whole = await look(fewKeyFrames());
    const { result } = await look(fewKeyFrames(), regions, { onRegions: () => 'enough' });
    expect(result.framesSampled).toBeLessThan(whole.result.framesSampled);
    expect(result.complete).toBe(false);
  });

  it('are the same places for each frame, the whole picture first', async () => {
    // Key frames enough that nothing is filled in between: what shows only then would be listed besides.
    const { batches, frames } = await look(encode(film, 9));
    const places = ({ regions }: RegionBatch) => regions.map(({ region }) => region);
    const first = batches[0];
    expect(first?.regions[0]).toMatchObject({ region: fullRegion, tier: 1 });
    for (const batch of batches.filter(({ regions }) => regions[0]?.tier === 1)) {
      expect(places(batch)).toEqual(first === undefined ? [] : places(first));
    }
    expect(new Set(batches.map(({ timeMs }) => timeMs))).toEqual(new Set(frames.map(({ timeMs }) => timeMs)));
    for (const { thumbnail } of frames) expect(thumbnail).toHaveLength(limits.uploadThumbnailSide ** 2);
  });

  it('change nothing about the frames, and are left out when nobody asks', async () => {
    const with_ = await look(encode(film));
    const without = await look(encode(film), sparse);
    expect(without.batches).toEqual([]);
    expect(without.frames.every((frame) => frame.thumbnail === undefined && frame.views === undefined)).toBe(true);
    expect(with_.frames.map(({ thumbnail: _, ...frame }) => frame)).toEqual(without.frames);
    expect(with_.result).toEqual(without.result);
  });

  it('are of few frames of a long pass, spread over all of it', async () => {
    const { batches, frames } = await look(encode(film), { kind: 'dense', framesPerSecond: 25, regions: true });
    const times = [...new Set(batches.map(({ timeMs }) => timeMs))].toSorted((a, b) => a - b);
    expect(frames.length).toBeGreaterThan(limits.regionFramesMax);
    expect(times).toHaveLength(limits.regionFramesMax);
    expect(times[0]).toBe(0);
    expect(times.at(-1)).toBe(frames.at(-1)?.timeMs);
  });

  it('end at "enough", and the child is there for the next job', async () => {
    const before = rig.fingerprinter.pids;
    let heard = 0;
    await look(encode(film), regions, {
      onRegions: () => {
        heard++;
        return 'enough';
      },
    });
    expect(heard).toBe(1);
    expect((await look(encode(film))).batches.length).toBeGreaterThan(2);
    expect(rig.fingerprinter.pids).toEqual(before);
  });

  it('are not looked for once the frames were enough', async () => {
    const { batches } = await look(encode(film), regions, { onFrame: () => 'enough' });
    expect(batches).toEqual([]);
  });

  it('are there for a picture, and for the pages of an animation', async () => {
    const [first, second] = [film[0], film[30]] as [RawFrame, RawFrame];
    const picture = await look(await encodeImage(framed(first), 'png'));
    expect(picture.batches.map(({ regions }) => regions[0]?.tier)).toEqual([1, 2]);
    const [view] = (await rig.sample(await encodeImage(first, 'png'), deep)).frames[0]?.views ?? [];
    const hashes = picture.batches[0]?.regions.map((each) => each.hashes.subarray(0, 32)) ?? [];
    const distances = hashes.map((hash) => distanceBits(hash, view?.hash ?? new Uint8Array(32)));
    expect(Math.min(...distances)).toBeLessThanOrEqual(24);
    const animation = await look(await encodeAnimation([first, second], 'gif', 500));
    expect(animation.batches).toHaveLength(4);
  });
});

describe('views of known content', () => {
  it('are all there for each frame, with a small picture', async () => {
    const { frames, result } = await rig.sample(encode(film), deep);
    expect(frames.length).toBeGreaterThan(5);
    for (const { views, thumbnail } of frames) {
      expect(views?.map(({ view }) => view)).toEqual(knownViews.map((_, view) => view));
      expect(thumbnail).toHaveLength(limits.knownThumbnailSide ** 2);
    }
    expect(result.aspect).toBeCloseTo(width / height, 6);
  });

  it('have the proportions of the picture as it is shown', async () => {
    const one = 65_536;
    const displayMatrix = [0, one, 0, -one, 0, 0, 0, 0, 2 ** 30];
    const turned = encodeClip({ encoder: 'libx264', muxer: 'mp4', frames: film.slice(0, 10), displayMatrix });
    const { result } = await rig.sample(turned, deep);
    expect(result.aspect).toBeCloseTo(height / width, 6);
  });
});
