import { describe, expect, it } from 'vitest';
import { limits } from '../../../../src/config/limits.ts';
import type { FrameSink } from '../../../../src/fingerprint/child/frame-sink.ts';
import { RegionSink } from '../../../../src/fingerprint/child/region-sink.ts';
import type { RegionBatch, SampledFrame, SamplingMode } from '../../../../src/fingerprint/fingerprinter.ts';
import type { Hasher } from '../../../../src/kernel/hasher.ts';
import { createHasher } from '../../../../src/kernel/load-kernel.ts';
import { hashAmong, uprightDihedrals } from '../../../../src/match/form.ts';
import { affineOf, fullRegion, knownViews, regionOfView } from '../../../../src/match/region.ts';
import { discs, flat, type Picture, slopes } from '../../../support/edited-pictures.ts';

const side = limits.frameSide;
const hasher = createHasher();
const film = discs(3);

/** What comes out of the sink, in order. It stops once so many things came out. */
class Heard implements FrameSink {
  readonly frames: SampledFrame[] = [];
  readonly batches: RegionBatch[] = [];
  readonly order: string[] = [];
  /** After so many of them it was waited for. */
  readonly settled: number[] = [];
  readonly #stopsAfter: number;
  stopped = false;

  constructor(stopsAfter = Number.POSITIVE_INFINITY) {
    this.#stopsAfter = stopsAfter;
  }

  emit(frame: SampledFrame): void {
    this.frames.push(frame);
    this.order.push(`frame ${frame.timeMs}`);
  }

  emitRegions(batch: RegionBatch): void {
    this.batches.push(batch);
    this.order.push(`tier ${batch.regions[0]?.tier} of ${batch.timeMs}`);
  }

  async lookCloser(): Promise<void> {}

  async breathe(): Promise<void> {
    this.stopped = this.order.length >= this.#stopsAfter;
  }

  settle(): Promise<void> {
    this.settled.push(this.order.length);
    return this.breathe();
  }
}

function draw(into: Hasher, picture: Picture, frame: number): void {
  const pixels = into.frameBuffer(side, side, 1);
  for (let at = 0; at < pixels.length; at++) {
    pixels[at] = picture(((at % side) + 0.5) / side, (Math.floor(at / side) + 0.5) / side, frame);
  }
}

interface Given {
  readonly mode: SamplingMode;
  readonly picture?: Picture;
  readonly timesMs?: readonly number[];
  readonly heard?: Heard;
  /** After so many frames it looks closer for the first time. */
  readonly firstAfter?: number;
}

async function look(given: Given): Promise<Heard> {
  const { mode, picture = film, timesMs = [0, 500, 1_000], heard = new Heard(), firstAfter } = given;
  const sink = new RegionSink(heard, hasher, mode);
  for (const [place, timeMs] of timesMs.entries()) {
    if (place === firstAfter) await sink.lookCloser();
    draw(hasher, picture, timeMs / 500);
    const { hashes, quality } = hasher.hashDihedral();
    sink.emit({ timeMs, quality, hashes }, 16 / 9);
    await sink.breathe();
  }
  await sink.lookCloser();
  return heard;
}

function placesOf({ batches }: Heard, timeMs: number): string[] {
  return batches
    .filter((batch) => batch.timeMs === timeMs)
    .flatMap(({ regions }) => regions.map(({ region }) => JSON.stringify(region)));
}

const withRegions: SamplingMode = { kind: 'sparse', regions: true };
const withViews: SamplingMode = { kind: 'dense', framesPerSecond: 2, views: true };

describe('a look without regions', () => {
  it.each<SamplingMode>([
    { kind: 'sparse' },
    { kind: 'sparse', regions: false },
    { kind: 'dense', framesPerSecond: 2, views: false },
  ])('passes frames on as they are: %o', async (mode) => {
    const { frames, batches } = await look({ mode });
    expect(frames.map((frame) => Object.keys(frame).sort())).toEqual(Array(3).fill(['hashes', 'quality', 'timeMs']));
    expect(batches).toEqual([]);
  });
});

describe('regions', () => {
  it('come after the frames: the likely ones of every frame, then the others, each tier spread in time', async () => {
    const { order } = await look({ mode: withRegions });
    expect(order).toEqual([
      'frame 0',
      'frame 500',
      'frame 1000',
      'tier 1 of 0',
      'tier 1 of 1000',
      'tier 1 of 500',
      'tier 2 of 0',
      'tier 2 of 1000',
      'tier 2 of 500',
    ]);
  });

  it('are waited for before the dearer ones are looked for, and before more is decoded', async () => {
    const { settled } = await look({ mode: withRegions });
    expect(settled).toEqual([6, 9]);
  });

  it('are hashed from the frame whose time they have, the whole picture first', async () => {
    const { batches } = await look({ mode: withRegions });
    for (const { timeMs, aspect, regions } of batches) {
      draw(hasher, film, timeMs / 500);
      hasher.makeBase();
      if (regions[0]?.tier === 1) expect(regions[0].region).toEqual(fullRegion);
      for (const { region, tier, hashes, quality } of regions) {
        const hashed = hasher.hashRegionDihedral(affineOf(region, aspect));
        expect(quality).toBe(hashed.quality);
        const upright = Buffer.concat(uprightDihedrals.map((dihedral) => hashAmong(hashed.hashes, dihedral)));
        expect(Buffer.from(hashes)).toEqual(tier === 1 ? Buffer.from(hashed.hashes) : upright);
      }
    }
  });

  it('are the same places in every frame, of one tier each', async () => {
    const { batches } = await look({ mode: withRegions });
    for (const tier of [1, 2]) {
      const ofTier = batches.filter(({ regions }) => regions[0]?.tier === tier);
      const places = ofTier.map(({ regions }) => regions.map(({ region }) => region));
      expect(ofTier.flatMap(({ regions }) => regions).every((each) => each.tier === tier)).toBe(true);
      expect(places).toEqual([places[0], places[0], places[0]]);
    }
    const inFirst = batches.filter(({ timeMs }) => timeMs === 0).flatMap(({ regions }) => regions);
    expect(inFirst.length).toBeGreaterThan(20);
    expect(inFirst.length).toBeLessThanOrEqual(limits.regionsMax);
  });

  it('come with a thumbnail of each frame, for the check of their pixels', async () => {
    const { frames } = await look({ mode: withRegions });
    for (const { timeMs, thumbnail, views } of frames) {
      draw(hasher, film, timeMs / 500);
      hasher.makeBase();
      expect(thumbnail).toEqual(hasher.thumbnail(limits.uploadThumbnailSide));
      expect(views).toBeUndefined();
    }
  });

  it('without any detail are left out, and so is a frame without any other', async () => {
    const { frames, batches } = await look({ mode: withRegions, picture: flat(90) });
    expect(frames).toHaveLength(3);
    expect(batches).toEqual([]);
  });

  it('are of so many frames of a long film as memory may hold, the first and the last among them', async () => {
    const timesMs = Array.from({ length: limits.regionFramesMax + 6 }, (_, at) => at * 500);
    const { frames, batches } = await look({ mode: withRegions, picture: slopes(3), timesMs });
    const lookedAt = new Set(batches.map(({ timeMs }) => timeMs));
    expect(frames).toHaveLength(timesMs.length);
    expect(lookedAt.size).toBe(limits.regionFramesMax);
    expect([lookedAt.has(0), lookedAt.has(timesMs.at(-1) ?? 0)]).toEqual([true, true]);
  });

  it('of a second look are those of the frames since, and of all frames the places that show in more of them', async () => {
    const timesMs = [0, 500, 1_000, 1_500];
    const atOnce = await look({ mode: withRegions, timesMs });
    const inTwo = await look({ mode: withRegions, timesMs, firstAfter: 2 });
    expect(inTwo.order.indexOf('tier 2 of 500')).toBeLessThan(inTwo.order.indexOf('frame 1000'));
    for (const timeMs of timesMs) {
      const places = placesOf(inTwo, timeMs);
      expect(new Set(places).size).toBe(places.length);
      expect(places.length).toBeLessThanOrEqual(limits.regionsMax);
      expect(places.toSorted()).toEqual(placesOf(inTwo, 0).toSorted());
    }
    const fixed = placesOf(atOnce, 0).filter((place) => placesOf(inTwo, 0).includes(place));
    expect(fixed.length).toBeGreaterThan(20);
  });

  it('are not hashed again where nothing has come since', async () => {
    const once = await look({ mode: withRegions });
    const again = await look({ mode: withRegions, timesMs: [0, 500, 1_000], firstAfter: 2 });
    const count = ({ batches }: Heard) => batches.flatMap(({ regions }) => regions).length;
    expect(count(again)).toBeLessThan(count(once) * 1.5);
  });

  it('of tier 2 come once for frames that look the same, and for each where but a corner of the picture moves', async () => {
    const ofTier = ({ batches }: Heard, tier: 1 | 2) =>
      batches.filter(({ regions }) => regions[0]?.tier === tier).map(({ timeMs }) => timeMs);
    const still = await look({ mode: withRegions, picture: (x, y) => film(x, y, 0) });
    expect(ofTier(still, 1)).toEqual([0, 1_000, 500]);
    expect(ofTier(still, 2)).toEqual([0]);
    const inCorner: Picture = (x, y, frame) => film(x, y, x < 0.15 && y < 0.15 ? 9 * frame : 0);
    const moving = await look({ mode: withRegions, picture: inCorner });
    expect(ofTier(moving, 2)).toEqual([0, 1_000, 500]);
  });

  it('end as soon as it is enough', async () => {
    const afterTwo = await look({ mode: withRegions, heard: new Heard(3 + 2) });
    expect(afterTwo.order.slice(3)).toEqual(['tier 1 of 0', 'tier 1 of 1000']);
    const afterFrames = await look({ mode: withRegions, heard: new Heard(3) });
    expect(afterFrames.batches).toEqual([]);
  });

  it('are none when there was no frame', async () => {
    expect((await look({ mode: withRegions, timesMs: [] })).order).toEqual([]);
  });
});

describe('views, for the bank', () => {
  it('come with their frame, all of them, in the proportions of its picture, and with a small thumbnail', async () => {
    const { frames, batches } = await look({ mode: withViews, timesMs: [0, 500] });
    expect(batches).toEqual([]);
    for (const { timeMs, views, thumbnail } of frames) {
      draw(hasher, film, timeMs / 500);
      hasher.makeBase();
      expect(views).toEqual(
        knownViews.map((_, view) => ({
          view,
          ...hasher.hashRegion(affineOf(regionOfView(view, 16 / 9), 16 / 9)),
        })),
      );
      expect(thumbnail).toEqual(hasher.thumbnail(limits.knownThumbnailSide));
    }
  });
});
