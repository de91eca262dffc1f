/** Goal: a picture that was framed or put into another one is found where it lies, to within a hundredth of a side. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../../../src/config/limits.ts';
import {
  detectBoxes,
  nestedRegionsOf,
  regionsOf,
} from '../../../../../src/fingerprint/child/regions/detect-regions.ts';
import {
  joinRegions,
  type ListedRegion,
  listRegions,
  type TimedPlane,
} from '../../../../../src/fingerprint/child/regions/list-regions.ts';
import { createHasher } from '../../../../../src/kernel/load-kernel.ts';
import { fullRegion, type Region } from '../../../../../src/match/region.ts';
import {
  captioned,
  discs,
  flat,
  movingNoise,
  type Picture,
  pasted,
  planesOf,
  slopes,
  still,
} from '../../../../support/edited-pictures.ts';

const mapper = createHasher();
const part = (left: number, top: number, width: number, height: number): Region => ({
  left,
  top,
  width,
  height,
  degrees: 0,
});

/** How far the sides of the nearest region lie from those of the wanted one, at most; share of the picture. */
function offsetOf(regions: readonly Region[], wanted: Region): number {
  const offsets = regions.map((region) =>
    Math.max(
      Math.abs(region.left - wanted.left),
      Math.abs(region.top - wanted.top),
      Math.abs(region.left + region.width - wanted.left - wanted.width),
      Math.abs(region.top + region.height - wanted.top - wanted.height),
    ),
  );
  return Math.min(1, ...offsets);
}

function isWithin({ left, top, width, height }: Region, outer: Region): boolean {
  const slack = 0.02;
  return (
    Math.min(left - outer.left, top - outer.top) > -slack &&
    Math.max(left + width - outer.left - outer.width, top + height - outer.top - outer.height) < slack
  );
}

function expectFound(picture: Picture, frames: number, wanted: Region, offsetMax = 0.01): void {
  const planes = planesOf(picture, frames);
  const boxes = detectBoxes(planes, mapper);
  const regions = [...regionsOf(boxes), ...nestedRegionsOf(boxes, planes)];
  const offset = offsetOf(regions, wanted);
  expect({ offset, found: offset <= offsetMax, regions }).toMatchObject({ found: true });
}

/** One frame a second. */
function timed(planes: readonly Uint8Array[]): TimedPlane[] {
  return planes.map((plane, at) => ({ timeMs: at * 1000, plane }));
}

function regionsListed(frames: readonly TimedPlane[]): ListedRegion[] {
  const list = listRegions(frames, 16 / 9, mapper);
  return [...list.likely, ...list.others()];
}

const content = discs(3);
const strip = part(0, 0.21, 1, 0.58);
const window = part(0.3, 0.18, 0.46, 0.55);

describe('borders', () => {
  it.each([
    ['black bars', 0, 9],
    ['white bars', 255, 9],
    ['gray bars', 140, 9],
    ['bars around a single picture', 0, 1],
  ])('are trimmed: %s', (_name, level, frames) => {
    expectFound(pasted(flat(level), content, strip), frames, strip);
  });

  it('are trimmed on all sides, also where they are wide', () => {
    const small = part(0.36, 0.3, 0.3, 0.36);
    expectFound(pasted(flat(20), content, small), 7, small);
  });

  it('are trimmed through a line of words', () => {
    const bars = captioned(flat(250), part(0.2, 0.05, 0.35, 0.08));
    expectFound(pasted(bars, content, strip), 5, strip);
  });

  it('are trimmed one within the other', () => {
    const framed = pasted(flat(0), content, part(0.14, 0, 0.72, 1));
    const outer = part(0.1, 0.12, 0.8, 0.76);
    const picture = pasted(flat(230), framed, outer);
    expectFound(picture, 5, outer);
    expectFound(picture, 5, part(0.1 + 0.14 * 0.8, 0.12, 0.72 * 0.8, 0.76));
  });

  it('are looked into: a picture in a picture within bars', () => {
    const inner = pasted(movingNoise(4), content, part(0.25, 0.2, 0.5, 0.6));
    expectFound(pasted(flat(0), inner, part(0, 0.15, 1, 0.7)), 9, part(0.25, 0.15 + 0.2 * 0.7, 0.5, 0.6 * 0.7));
  });
});

describe('blurred surroundings', () => {
  it.each([9, 1])('are trimmed, %i frames', (frames) => {
    const upright = part(0.33, 0, 0.34, 1);
    expectFound(pasted(slopes(3), content, upright), frames, upright);
  });
});

describe('a picture in a picture', () => {
  it('is found on moving noise', () => {
    expectFound(pasted(movingNoise(9), content, window), 9, window);
  });

  it('is found on another moving picture', () => {
    expectFound(pasted(discs(40, 2), content, window), 9, window);
  });

  it('is found by its movement on a still one', () => {
    expectFound(pasted(still(discs(41)), content, window), 9, window, 0.03);
  });

  it('is found above a static caption that takes part of its place', () => {
    const caption = part(0, 0.8, 1, 0.2);
    expectFound(
      captioned(pasted(content, flat(200), caption), part(0.1, 0.86, 0.8, 0.07)),
      9,
      part(0, 0, 1, 0.8),
      0.02,
    );
  });
});

describe('what was framed before', () => {
  it('is found without its blurred surroundings, within bars', () => {
    const framed = pasted(slopes(3), content, part(0.2, 0, 0.6, 1));
    expectFound(pasted(flat(250), framed, part(0, 0.2, 1, 0.8)), 9, part(0.2, 0.2, 0.6, 0.8));
  });

  it('is found without its bars, in one of two pictures side by side', () => {
    const framed = pasted(flat(0), content, part(0, 0.2, 1, 0.6));
    const split = pasted(discs(40, 2), framed, part(0, 0, 0.5, 1));
    expectFound(split, 9, part(0, 0.2, 0.5, 0.6));
  });

  it('has its middle listed, for it may have been turned', () => {
    const middle = part(window.left + 0.065 * window.width, window.top + 0.065 * window.height, 0, 0);
    expectFound(pasted(discs(40, 2), content, window), 9, {
      ...middle,
      width: window.width * 0.87,
      height: window.height * 0.87,
    });
  });
});

describe('a passage', () => {
  const framed = pasted(discs(40, 2), content, window);
  /** Twelve frames, of which the fifth to the eighth are framed. */
  const frames = timed([
    ...planesOf(discs(50, 2), 4),
    ...planesOf(framed, 8).slice(4),
    ...planesOf(discs(51, 2), 12).slice(8),
  ]);

  it('has what is framed in it alone found, for its frames', () => {
    const found = regionsListed(frames).filter(({ region }) => offsetOf([region], window) <= 0.01);
    expect(found.length).toBeGreaterThan(0);
    for (const { tier, within } of found) {
      expect(tier).toBe(2);
      expect(within?.startMs).toBeGreaterThanOrEqual(2_000);
      expect(within?.endMs).toBeLessThanOrEqual(9_000);
    }
  });

  it('has the best rectangle in it turned, within its frame', () => {
    const turned = regionsListed(frames).filter(
      ({ region, within }) => within !== undefined && region.degrees !== 0 && isWithin(region, window),
    );
    expect(turned.map(({ region }) => region.degrees)).toEqual(expect.arrayContaining([-3, 3]));
  });

  it('goes by the region of another one that is about the same', () => {
    const first = { region: window, tier: 2, within: { startMs: 0, endMs: 3_000 } } as const;
    const alike = { ...first, region: { ...window, left: window.left + 0.01 } };
    const later = { startMs: 2_000, endMs: 5_000 };
    expect(joinRegions([first], [alike])).toEqual([first]);
    expect(joinRegions([first], [{ ...alike, within: later }])).toEqual([first, { ...first, within: later }]);
    expect(joinRegions([{ region: window, tier: 1 }], [alike])).toEqual([{ region: window, tier: 1 }]);
  });
});

describe('a single picture', () => {
  it('has its window found: a screenshot', () => {
    const screen = captioned(captioned(flat(243), part(0.04, 0.04, 0.5, 0.03)), part(0.1, 0.85, 0.7, 0.03));
    expectFound(pasted(screen, content, window), 1, window);
  });

  it('has its panels found: a collage with gaps', () => {
    const panels = [part(0, 0, 0.495, 0.595), part(0.505, 0, 0.495, 0.595), part(0, 0.605, 1, 0.395)];
    const collage = panels.reduce<Picture>((all, panel, at) => pasted(all, discs(60 + at), panel), flat(250));
    for (const panel of panels) expectFound(collage, 1, panel);
  });
});

describe('nothing', () => {
  it.each<[string, Picture, number]>([
    ['a flat picture', flat(90), 3],
    ['moving noise', movingNoise(2), 9],
  ])('is found in %s', (_name, picture, frames) => {
    const planes = planesOf(picture, frames);
    const boxes = detectBoxes(planes, mapper);
    expect([...regionsOf(boxes), ...nestedRegionsOf(boxes, planes)]).toEqual([]);
  });

  it('is listed without frames', () => {
    expect(regionsListed([])).toEqual([]);
  });
});

describe('the list', () => {
  const pictures: readonly Picture[] = [
    content,
    flat(7),
    pasted(flat(0), pasted(movingNoise(1), content, window), strip),
    pasted(discs(5, 0), discs(6, 0), window),
  ];

  it('begins with the picture, has the detected regions and strips before crops, and is never long', () => {
    for (const picture of pictures) {
      const listed = regionsListed(timed(planesOf(picture, 5)));
      expect(listed[0]).toEqual({ region: fullRegion, tier: 1 });
      expect(listed.length).toBeGreaterThanOrEqual(22);
      expect(listed.length).toBeLessThanOrEqual(limits.regionsMax);
      const tiers = listed.map(({ tier }) => tier);
      expect(tiers).toEqual(tiers.toSorted((a, b) => a - b));
      expect(tiers.filter((tier) => tier === 2).length).toBeGreaterThan(10);
    }
  });

  it('turns the picture against what a copy was turned by, within its frame', () => {
    const turnsOf = (picture: Picture) =>
      regionsListed(timed(planesOf(picture, 5)))
        .map(({ region }) => region)
        .filter(({ degrees }) => degrees !== 0);
    const inner = turnsOf(pasted(flat(0), content, strip));
    for (const turned of [inner, turnsOf(content)]) {
      const degrees = turned.map((region) => region.degrees).toSorted((a, b) => a - b);
      expect(degrees.length).toBeGreaterThanOrEqual(6);
      expect(degrees).toEqual(degrees.map((turn) => -turn).toSorted((a, b) => a - b));
    }
    for (const { left, top, width, height } of inner) {
      expect(Math.min(left - strip.left, top - strip.top)).toBeGreaterThan(-0.02);
      expect(left + width).toBeLessThan(strip.left + strip.width + 0.02);
      expect(top + height).toBeLessThan(strip.top + strip.height + 0.02);
    }
  });

  it('has regions within the picture, none twice', () => {
    for (const picture of pictures) {
      const listed = regionsListed(timed(planesOf(picture, 5))).map(({ region }) => region);
      for (const [place, region] of listed.entries()) {
        const { left, top, width, height } = region;
        expect(Math.min(left, top, 1 - left - width, 1 - top - height)).toBeGreaterThanOrEqual(-1e-9);
        const alike = listed.slice(0, place).filter((each) => each !== region && each.degrees === region.degrees);
        expect(offsetOf(alike, region)).toBeGreaterThanOrEqual(0.02);
      }
    }
  });
});
