/** Goal: any part of a frame is hashed from its base as the twin does it, and the base is blurred as PDQ blurs. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { hammingDistanceBits } from '../../src/kernel/hash-text.ts';
import type { Hasher, RegionMap } from '../../src/kernel/hasher.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import { affineOf, fullRegion, knownViews, regionOfView } from '../../src/match/region.ts';
import { mediaFolder, mediaPresent } from '../support/media.ts';
import type { TwinFrame } from '../support/pdq-twin.ts';
import { baseByTwin, hashRegionByTwin, thumbnailByTwin } from '../support/region-twin.ts';
import { makeFrame, patternNames, seededBytes, seededNumbers } from '../support/synthetic-frames.ts';

const side = limits.frameSide;
const fullMap = affineOf(fullRegion, 1);

function write(hasher: Hasher, frame: TwinFrame): Hasher {
  hasher.frameBuffer(frame.width, frame.height, frame.channels).set(frame.bytes);
  return hasher;
}

function baseOf(hasher: Hasher, frame: TwinFrame): Uint8Array {
  write(hasher, frame).makeBase();
  return hasher.copyBase();
}

/** Blobs of several sizes with grain: as much detail as a photograph has. */
function detailedFrame(seed: number, channels: 1 | 3 = 1): TwinFrame {
  const coarse = seededBytes(seed, 16 * 16);
  const fine = seededBytes(seed + 1_000, 64 * 64);
  const grain = seededBytes(seed + 2_000, side * side * channels);
  const bytes = grain.map((byte, at) => {
    const pixel = Math.trunc(at / channels);
    const [x, y] = [pixel % side, Math.trunc(pixel / side)];
    const blocks = ((coarse[(y >> 5) * 16 + (x >> 5)] ?? 0) >> 1) + ((fine[(y >> 3) * 64 + (x >> 3)] ?? 0) >> 2);
    return 20 + blocks + (byte & 15);
  });
  return { width: side, height: side, channels, bytes };
}

const maps: readonly RegionMap[] = [
  fullMap,
  ...knownViews.map((_, view) => affineOf(regionOfView(view, 16 / 9), 16 / 9)),
  affineOf({ left: 0.31, top: 0.07, width: 0.257, height: 0.4, degrees: 0 }, 1),
  affineOf({ left: -0.3, top: 0.6, width: 1.1, height: 0.9, degrees: 31 }, 0.6),
  { x0: 1, xu: -1, xv: 0, y0: 0, yu: 0, yv: 1 },
  { x0: 4, xu: 4, xv: 4, y0: -4, yu: -4, yv: -4 },
  { x0: 0.5, xu: 0, xv: 0, y0: 0.5, yu: 0, yv: 0 },
];

describe.each(['release', 'debug'] as const)('regions, $0 binary', (build) => {
  const hasher = createHasher({ build });

  it('have the base of the twin, gray and RGB, whatever the picture', () => {
    for (const channels of [1, 3] as const) {
      for (const pattern of build === 'release' ? patternNames : ['noise', 'white']) {
        const frame = makeFrame({ pattern, seed: 5, width: side, height: side, channels });
        const same = Buffer.compare(baseOf(hasher, frame), baseByTwin(frame)) === 0;
        expect({ pattern, channels, same }).toEqual({ pattern, channels, same: true });
      }
    }
  });

  it('have the thumbnails of the twin', () => {
    hasher.loadBase(seededBytes(12, limits.baseSide ** 2));
    for (const thumbnailSide of [32, 64, 128] as const) {
      expect(hasher.thumbnail(thumbnailSide)).toEqual(thumbnailByTwin(hasher.copyBase(), thumbnailSide));
    }
    hasher.loadBase(new Uint8Array(limits.baseSide ** 2).fill(255));
    expect(hasher.thumbnail(32).every((byte) => byte === 255)).toBe(true);
  });

  it('have the hashes and the quality of the twin: crops, turns, flips, maps beyond the picture, a single place', () => {
    const bases = [baseOf(hasher, detailedFrame(3)), seededBytes(7, limits.baseSide ** 2)];
    for (const base of bases) {
      hasher.loadBase(base);
      for (const map of maps) {
        const { hashes, quality } = hashRegionByTwin(base, map);
        expect({ map, ...hasher.hashRegionDihedral(map) }).toEqual({ map, hashes, quality });
        expect({ map, ...hasher.hashRegion(map) }).toEqual({ map, hash: hashes.slice(0, 32), quality });
      }
    }
  });

  it('have the hashes of the twin on random maps', () => {
    const base = baseOf(hasher, detailedFrame(8));
    const next = seededNumbers(77);
    const share = (reach: number) => ((next() / 2 ** 32) * 2 - 1) * reach;
    for (let run = 0; run < (build === 'release' ? 80 : 5); run++) {
      const map = { x0: share(1.5), xu: share(1.5), xv: share(0.5), y0: share(1.5), yu: share(0.5), yv: share(1.5) };
      expect({ map, ...hasher.hashRegionDihedral(map) }).toEqual({ map, ...hashRegionByTwin(base, map) });
    }
  });
});

describe('a base', () => {
  const hasher = createHasher();

  it('is kept and brought back: other frames in between change nothing', () => {
    const base = baseOf(hasher, detailedFrame(1));
    const expected = hasher.hashRegion(fullMap);
    write(hasher, detailedFrame(2)).makeBase();
    expect(hasher.hashRegion(fullMap)).not.toEqual(expected);
    hasher.loadBase(base);
    expect(hasher.hashRegion(fullMap)).toEqual(expected);
    expect(hasher.copyBase()).toEqual(base);
  });

  it('leaves the frame as it is, and hashing leaves the base', () => {
    const frame = detailedFrame(4, 3);
    const before = write(hasher, frame).hash();
    const base = baseOf(hasher, frame);
    expect(hasher.hash()).toEqual(before);
    hasher.hashInReferenceOrder();
    expect(hasher.copyBase()).toEqual(base);
  });

  it('is refused for frames of another shape, in the words of the kernel', () => {
    write(hasher, makeFrame({ pattern: 'noise', seed: 1, width: 511, height: 512, channels: 1 }));
    expect(() => hasher.makeBase()).toThrow(/512 x 512/);
    expect(() => hasher.loadBase(new Uint8Array(10))).toThrow(/length of a base/);
  });

  it('must be there before anything is taken from it', () => {
    const fresh = createHasher();
    expect(() => fresh.hashRegion(fullMap)).toThrow(/no base/);
    expect(() => fresh.thumbnail(64)).toThrow(/no base/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 4.01, -5])('refuses a map with %d', (share) => {
    hasher.loadBase(new Uint8Array(limits.baseSide ** 2));
    for (const name of Object.keys(fullMap)) {
      expect(() => hasher.hashRegion({ ...fullMap, [name]: share })).toThrow(/shares from -4 to 4/);
    }
    expect(() => hasher.thumbnail(48 as 64)).toThrow(/32, 64 or 128/);
    expect(() => hasher.thumbnail(256 as 64)).toThrow(/32, 64 or 128/);
  });

  it('gives the same hash to a picture and its mirror image, turned back', () => {
    const base = baseOf(hasher, detailedFrame(6));
    const views = hasher.hashRegionDihedral(fullMap);
    hasher.loadBase(base);
    const mirrored = hasher.hashRegion({ x0: 1, xu: -1, xv: 0, y0: 0, yu: 0, yv: 1 });
    // Place 5 of the dihedral names: left to right.
    expect(hammingDistanceBits(mirrored.hash, views.hashes.slice(5 * 32, 6 * 32))).toBeLessThanOrEqual(2);
  });
});

/**
 * PDQ takes the pixel right of and below the middle of a cell, after windows that reach further that way as well: 1.5
 * pixels of 512 in all. Regions are sampled in the middle, so that a picture and its mirror image are sampled alike.
 */
const pdqMap: RegionMap = { ...fullMap, x0: 1.5 / side, y0: 1.5 / side };

/** Bits between PDQ of a frame and the hash of its full region, where PDQ samples it and in the middle of its cells. */
function distancesToPdq(hasher: Hasher, frame: TwinFrame) {
  const { hash } = write(hasher, frame).hash();
  hasher.makeBase();
  return {
    alike: hammingDistanceBits(hash, hasher.hashRegion(pdqMap).hash),
    centred: hammingDistanceBits(hash, hasher.hashRegion(fullMap).hash),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the full region', () => {
  it('lies a few bits from PDQ on frames with detail', () => {
    const hasher = createHasher();
    const distances = Array.from({ length: 30 }, (_, seed) =>
      distancesToPdq(hasher, detailedFrame(seed, seed % 2 === 0 ? 1 : 3)),
    );
    expect(mean(distances.map(({ alike }) => alike))).toBeLessThanOrEqual(3);
    expect(mean(distances.map(({ centred }) => centred))).toBeLessThanOrEqual(6);
  });
});

describe.runIf(mediaPresent && existsSync(join(mediaFolder, 'images')))('photographs (media present)', () => {
  it('have full regions a few bits from PDQ', async () => {
    const hasher = createHasher();
    const folder = join(mediaFolder, 'images');
    const files = readdirSync(folder).filter((file) => file.endsWith('.jpg'));
    const distances: { readonly alike: number; readonly centred: number }[] = [];
    for (let at = 0; at < files.length; at += Math.ceil(files.length / 60)) {
      const image = sharp(join(folder, files[at] ?? ''), { failOn: 'none' });
      const bytes = await image
        .resize(side, side, { fit: 'fill' })
        .toColourspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer();
      if (bytes.length === side * side * 3) {
        distances.push(distancesToPdq(hasher, { width: side, height: side, channels: 3, bytes }));
      }
    }
    expect(distances.length).toBeGreaterThan(30);
    expect(mean(distances.map(({ alike }) => alike))).toBeLessThanOrEqual(3);
    expect(mean(distances.map(({ centred }) => centred))).toBeLessThanOrEqual(16);
  });
});
