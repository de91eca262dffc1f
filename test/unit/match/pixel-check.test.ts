import { describe, expect, it } from 'vitest';
import { dihedralNames } from '../../../src/contracts/common.ts';
import { createRandom } from '../../../src/demo/random.ts';
import { createHasher } from '../../../src/kernel/load-kernel.ts';
import { agreementOf } from '../../../src/match/pixel-check.ts';
import {
  type Affine,
  affineOf,
  fullRegion,
  inscribed,
  knownViews,
  type Region,
  regionOfView,
} from '../../../src/match/region.ts';
import { identity, overlay, register } from '../../../src/match/register.ts';
import { sampleGrid, type Thumbnail, turnedBy } from '../../../src/match/thumbnail.ts';
import { bitsApart } from '../../support/hamming-twin.ts';

const registered = (known: Thumbnail, knownMap: Affine, upload: Thumbnail, uploadMap: Affine) =>
  register(overlay({ known, knownMap, upload, uploadMap }));

/** Registers the two and tells how far they agree; undefined when they hardly overlap. */
function comparePixels(...given: Parameters<typeof registered>): number | undefined {
  const registration = registered(...given);
  return registration === undefined ? undefined : agreementOf(registration);
}

type Picture = (x: number, y: number) => number;

/** Soft and hard things of all sizes, 0 to 255; x and y are 0 to 1 over the picture. */
function sceneOf(seed: number): Picture {
  const { between } = createRandom(seed);
  const random = () => between(0, 1);
  const blobs = Array.from({ length: 60 }, () => ({
    x: random() * 1.2 - 0.1,
    y: random() * 1.2 - 0.1,
    radius: 0.02 + random() ** 2 * 0.2,
    gray: random() * 160 - 80,
    hard: random() < 0.5,
  }));
  return (x, y) => {
    let gray = 128;
    for (const blob of blobs) {
      const away = Math.hypot(x - blob.x, y - blob.y) / blob.radius;
      if (blob.hard) gray += away < 1 ? blob.gray * 0.6 : 0;
      else gray += blob.gray * Math.exp(-away * away);
    }
    return Math.min(255, Math.max(0, gray));
  };
}

/** Each pixel is the mean of 9 places in it, as a reduction gives it. */
function drawn(picture: Picture, side: number): Thumbnail {
  const pixels = new Uint8Array(side * side);
  for (let at = 0; at < pixels.length; at++) {
    let sum = 0;
    for (let part = 0; part < 9; part++) {
      const x = ((at % side) + (part % 3) / 3 + 1 / 6) / side;
      const y = (Math.floor(at / side) + Math.floor(part / 3) / 3 + 1 / 6) / side;
      sum += picture(x, y);
    }
    pixels[at] = Math.round(sum / 9);
  }
  return { side, pixels };
}

/** What shows of a picture through a region of it. */
function through(picture: Picture, region: Region, aspect = 1): Picture {
  const map = affineOf(region, aspect);
  return (u, v) => picture(map.x0 + u * map.xu + v * map.xv, map.y0 + u * map.yu + v * map.yv);
}

const upright = (left: number, top: number, width: number, height: number): Region => ({
  left,
  top,
  width,
  height,
  degrees: 0,
});
const full = affineOf(fullRegion, 1);
const crop90 = affineOf(regionOfView(1, 1), 1);

describe('the geometry of regions', () => {
  it('maps the corners of an upright region to its own corners', () => {
    const map = affineOf(upright(0.1, 0.2, 0.5, 0.6), 1.7);
    expect([map.x0, map.y0]).toEqual([expect.closeTo(0.1), expect.closeTo(0.2)]);
    expect([map.x0 + map.xu + map.xv, map.y0 + map.yu + map.yv]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
  });

  it.each([2, -5, 10])('keeps a view turned by %i degrees within the picture, of any proportions', (degrees) => {
    for (const aspect of [0.5, 1, 16 / 9]) {
      const map = affineOf(inscribed(degrees, aspect), aspect);
      const corners = [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ].flatMap(([u = 0, v = 0]) => [map.x0 + u * map.xu + v * map.xv, map.y0 + u * map.yu + v * map.yv]);
      expect(Math.min(...corners)).toBeGreaterThanOrEqual(-1e-9);
      expect(Math.max(...corners)).toBeLessThanOrEqual(1 + 1e-9);
      expect(Math.min(...corners)).toBeLessThan(0.001);
    }
  });

  it('refuses a view that there is not', () => {
    expect(() => regionOfView(knownViews.length, 1)).toThrow(RangeError);
  });

  it.each(dihedralNames.map((name, dihedral) => [name, dihedral] as const))(
    'turns places as the kernel turns hashes: %s',
    (_name, dihedral) => {
      const side = 512;
      // Upscaled: to draw so many pixels takes seconds.
      const upscaled = new Float32Array(side * side);
      sampleGrid(drawn(sceneOf(7), 96), full, side, upscaled, new Uint8Array(side * side));
      const picture = { side, pixels: Uint8Array.from(upscaled) };
      const hasher = createHasher();
      hasher.frameBuffer(side, side, 1).set(picture.pixels);
      const { hashes } = hasher.hashDihedral();
      const turned = new Float32Array(side * side);
      sampleGrid(picture, turnedBy(full, dihedral), side, turned, new Uint8Array(side * side));
      hasher.frameBuffer(side, side, 1).set(turned);
      expect(bitsApart(hasher.hash().hash, hashes.subarray(dihedral * 32, dihedral * 32 + 32))).toBeLessThanOrEqual(30);
    },
  );
});

describe('registration', () => {
  it('finds the crop that lies between two views, whatever became of brightness and contrast', () => {
    const scene = sceneOf(1);
    const cropped = through(scene, upright(0.08, 0.07, 0.86, 0.87));
    const upload = drawn((x, y) => 40 + 0.6 * cropped(x, y), 64);
    const found = registered(drawn(scene, 32), crop90, upload, full);
    expect(found?.correlation).toBeGreaterThan(0.97);
    // (u, v) of the view of 90 % to places of the upload.
    const { x0 = 0, xu = 0, yv = 0 } = found?.warp ?? {};
    expect(x0).toBeCloseTo((0.05 - 0.08) / 0.86, 1.5);
    expect(xu).toBeCloseTo(0.9 / 0.86, 1.5);
    expect(yv).toBeCloseTo(0.9 / 0.87, 1.5);
  });

  it('never makes it worse than the hypothesis', () => {
    for (let seed = 10; seed < 25; seed++) {
      const [known, upload] = [drawn(sceneOf(seed), 32), drawn(sceneOf(seed + 100), 64)];
      const found = registered(known, full, upload, full);
      const plain = overlay({ known, knownMap: full, upload, uploadMap: full })(identity);
      expect(plain).toBeDefined();
      expect(found?.correlation).toBeGreaterThanOrEqual((plain?.correlation ?? 0) - 1e-9);
    }
  });

  it('says nothing where hardly anything overlaps, or there is nothing to see', () => {
    const picture = drawn(sceneOf(3), 64);
    expect(registered(picture, full, picture, affineOf(upright(0.8, 0.8, 1, 1), 1))).toBeUndefined();
    const flat = drawn(() => 90, 64);
    expect(comparePixels(flat, full, flat, full)).toBe(0);
  });
});

describe('the pixel check', () => {
  it('tells copies from everything else by a wide margin', () => {
    const ofCopies: number[] = [];
    const ofOthers: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const scene = sceneOf(seed);
      const known = drawn(scene, 32);
      const copy = drawn(through(scene, upright(0.06, 0.03, 0.88, 0.93)), 64);
      ofCopies.push(comparePixels(known, crop90, copy, full) ?? 0);
      ofOthers.push(comparePixels(known, crop90, drawn(sceneOf(seed + 500), 64), full) ?? 0);
    }
    expect(Math.min(...ofCopies)).toBeGreaterThan(0.85);
    expect(Math.max(...ofOthers)).toBeLessThan(0.55);
  });

  it('loses no more than the part that a caption covers', () => {
    const scene = sceneOf(5);
    const captioned = drawn((x, y) => (y > 0.78 ? (Math.floor(x * 40) % 3 === 0 ? 255 : 0) : scene(x, y)), 64);
    expect(comparePixels(drawn(scene, 32), full, captioned, full)).toBeGreaterThan(0.65);
  });

  it('finds the picture in a picture, mirrored', () => {
    const [scene, around] = [sceneOf(6), sceneOf(60)];
    const region = upright(0.3, 0.25, 0.6, 0.6);
    const pasted: Picture = (x, y) => {
      const [u, v] = [(x - region.left) / region.width, (y - region.top) / region.height];
      return u >= 0 && u <= 1 && v >= 0 && v <= 1 ? scene(1 - u, v) : around(x, y);
    };
    const dihedral = dihedralNames.indexOf('flipY');
    const agreement = comparePixels(drawn(scene, 32), full, drawn(pasted, 64), turnedBy(affineOf(region, 1), dihedral));
    expect(agreement).toBeGreaterThan(0.8);
  });
});
