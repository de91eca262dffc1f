import { describe, expect, it } from 'vitest';
import { createDeepContents } from '../../../src/bank/deep-contents.ts';
import { limits } from '../../../src/config/limits.ts';
import { dihedralNames } from '../../../src/contracts/common.ts';
import { packThumbnails, packViews } from '../../../src/contracts/packed-frames.ts';
import { createRandom } from '../../../src/demo/random.ts';
import type { FormQueries } from '../../../src/match/deep-content.ts';
import { fullRegion, knownViews, type Region, regionOfView } from '../../../src/match/region.ts';
import { RegionMatcher, type RegionOfFrame } from '../../../src/match/region-matcher.ts';
import { roughPicture } from '../../support/rough-picture.ts';
import { twinIndex } from '../../support/twin-index.ts';

const random = createRandom(5);
const hashOf = (): Uint8Array => Uint8Array.from({ length: limits.hashBytes }, () => random.whole(0, 255));

/** The hash with so many of its bits flipped, at random. */
function near(hash: Uint8Array, bits: number): Uint8Array {
  const copy = hash.slice();
  const places = new Set<number>();
  while (places.size < bits) places.add(random.whole(0, limits.hashBits - 1));
  for (const place of places) copy[place >> 3] = (copy[place >> 3] ?? 0) ^ (1 << (place & 7));
  return copy;
}

const stepMs = 250;
const frames = 40;
/** Of each content: frame by frame, view by view. */
const known = Array.from({ length: 3 }, () =>
  Array.from({ length: frames }, () => Array.from({ length: knownViews.length }, hashOf)),
);
const mirrored = dihedralNames.indexOf('flipY');
const pasted: Region = { left: 0.2, top: 0.1, width: 0.6, height: 0.7, degrees: 0 };

function bankOfThree() {
  const deep = createDeepContents({
    index: twinIndex(),
    qualityMin: () => 20,
    numberOf: (row) => row + 100,
    hotHashesMax: undefined,
  });
  known.forEach((content, row) => {
    deep.add(row, {
      aspect: 16 / 9,
      framesPerSecond: 1000 / stepMs,
      views: packViews(
        content.flatMap((views, frame) =>
          views.map((hash, view) => ({ timeMs: frame * stepMs, quality: 90, view, hash })),
        ),
      ),
      thumbnails: packThumbnails(
        content.map((_, frame) => ({
          timeMs: frame * stepMs,
          pixels: roughPicture(row * 1_000 + frame, limits.knownThumbnailSide),
        })),
      ),
    });
  });
  return {
    deepContents: deep.contents,
    nameDeep: (asked: FormQueries, wideBits: number) => deep.name(asked, wideBits),
    deep: (contentNumber: number) => deep.content(contentNumber - 100),
  };
}

function matcherOf(dihedrals = dihedralNames.map((_, view) => view), bank = bankOfThree()): RegionMatcher {
  return new RegionMatcher({
    bank,
    known: () => ({ kind: 'video', framesPerSecond: 1000 / stepMs }),
    namingRadiusBits: 60,
    reachBits: 90,
    dihedrals,
    qualityMin: 20,
  });
}

/** Eight random hashes, of which one is near a view of a known frame. */
function showing(hash: Uint8Array, dihedral: number, bits: number): Uint8Array {
  const hashes = new Uint8Array(dihedralNames.length * limits.hashBytes);
  dihedralNames.forEach((_, turn) => {
    hashes.set(turn === dihedral ? near(hash, bits) : hashOf(), turn * limits.hashBytes);
  });
  return hashes;
}

const add = (matcher: RegionMatcher, timeMs: number, regions: readonly RegionOfFrame[]) =>
  matcher.addRegions(timeMs, regions, 16 / 9);

/** Mirrored left to right. */
function flipped(pixels: Uint8Array, side: number): Uint8Array {
  return pixels.map((_, at) => pixels[at - (at % side) + side - 1 - (at % side)] ?? 0);
}

const noise = (region: Region) => ({ region, tier: 1 as const, quality: 90, hashes: showing(hashOf(), 0, 0) });

describe('matching of regions', () => {
  it('finds which part, turned how, shows which view of what, when', () => {
    const matcher = matcherOf();
    const view = 2;
    // Twice as fast, from the tenth frame on; every second frame comes only near.
    for (let at = 0; at < 8; at++) {
      const knownFrame = known[1]?.[10 + 2 * at]?.[view] ?? hashOf();
      const bits = at % 2 === 0 ? 40 : 72;
      matcher.addThumbnail(at * stepMs, roughPicture(at, 64));
      add(matcher, at * stepMs, [
        noise(fullRegion),
        { region: pasted, tier: 1, quality: 90, hashes: showing(knownFrame, mirrored, bits) },
      ]);
    }
    const [best] = matcher.alignments();
    expect(best).toMatchObject({ contentNumber: 101, dihedral: mirrored });
    expect(best?.line.speed).toBeCloseTo(2, 1);
    expect(best?.inliers).toHaveLength(8);
    expect(best?.picture?.uploadRegion).toEqual(pasted);
    expect(best?.picture?.knownRegion).toEqual(regionOfView(view, 16 / 9));
    // The pictures were drawn at random: the pixels do not bear it out.
    expect(best?.picture?.pixels?.agreement).toBeLessThan(0.5);
  });

  it('compares frames that came before the content was named', () => {
    const matcher = matcherOf();
    const hashAt = (at: number) => known[2]?.[at]?.[0] ?? hashOf();
    for (let at = 0; at < 4; at++) {
      const named = add(matcher, at * stepMs, [
        { region: fullRegion, tier: 1, quality: 90, hashes: showing(hashAt(at), 0, at < 3 ? 75 : 20) },
      ]);
      expect(named.map(({ contentNumber }) => contentNumber)).toEqual(at < 3 ? [] : [102]);
    }
    expect(matcher.alignments()[0]?.inliers).toHaveLength(4);
  });

  it('asks for names only while the bank holds content that is not compared yet', () => {
    const bank = bankOfThree();
    let asked = 0;
    const nameDeep = (...given: Parameters<typeof bank.nameDeep>) => {
      asked += 1;
      return bank.nameDeep(...given);
    };
    const matcher = matcherOf(undefined, { ...bank, nameDeep });
    for (const [at, content] of [0, 1, 2, 0, 1].entries()) {
      const hashes = showing(known[content]?.[at]?.[0] ?? hashOf(), 0, 20);
      const named = add(matcher, at * stepMs, [{ region: fullRegion, tier: 1, quality: 90, hashes }]);
      expect(named.map(({ contentNumber }) => contentNumber)).toEqual(at < 3 ? [100 + content] : []);
    }
    expect(asked).toBe(3);
  });

  it('lets pixels bear out what is right', () => {
    const matcher = matcherOf();
    for (let at = 0; at < 3; at++) {
      matcher.addThumbnail(at * stepMs, roughPicture(at, 64));
      add(matcher, at * stepMs, [
        { region: fullRegion, tier: 1, quality: 90, hashes: showing(known[0]?.[at]?.[0] ?? hashOf(), 0, 30) },
      ]);
    }
    expect(matcher.alignments()[0]?.picture?.pixels?.agreement).toBeGreaterThan(0.95);
  });

  // Goal: inverting the colours hides nothing. The hash of a negative is the complement of the hash.
  it('finds a negative, mirrored or not, and its pixels bear it out', () => {
    for (const dihedral of [0, mirrored]) {
      const matcher = matcherOf();
      for (let at = 0; at < 4; at++) {
        const complement = (known[0]?.[at]?.[0] ?? hashOf()).map((byte) => ~byte);
        const shown = roughPicture(at, 64).map((value) => 255 - value);
        matcher.addThumbnail(at * stepMs, dihedral === 0 ? shown : flipped(shown, 64));
        add(matcher, at * stepMs, [
          { region: fullRegion, tier: 1, quality: 90, hashes: showing(complement, dihedral, 40) },
        ]);
      }
      const [best] = matcher.alignments();
      expect(best).toMatchObject({ contentNumber: 100, dihedral });
      expect(best?.picture?.negative).toBe(true);
      expect(best?.picture?.pixels?.agreement).toBeGreaterThan(0.95);
    }
  });

  it('finds nothing in what nobody knows, nor in turns that are not looked up, nor in regions without detail', () => {
    const unknown = matcherOf();
    const straight = matcherOf([0]);
    const flat = matcherOf();
    for (let at = 0; at < 6; at++) {
      const hashes = showing(known[0]?.[at]?.[0] ?? hashOf(), mirrored, 20);
      add(unknown, at * stepMs, [noise(fullRegion), noise(pasted)]);
      add(straight, at * stepMs, [{ region: fullRegion, tier: 1, quality: 90, hashes }]);
      add(flat, at * stepMs, [{ region: fullRegion, tier: 1, quality: 19, hashes }]);
    }
    for (const matcher of [unknown, straight, flat]) expect(matcher.alignments()).toEqual([]);
  });

  it('counts a region of one moment once, though a second look meets it again', () => {
    const once = matcherOf();
    const again = matcherOf();
    for (let at = 0; at < 4; at++) {
      const hashes = showing(known[0]?.[at]?.[0] ?? hashOf(), 0, 30);
      const regions = [{ region: fullRegion, tier: 1 as const, quality: 90, hashes }];
      add(once, at * stepMs, regions);
      add(again, at * stepMs, regions);
      add(again, at * stepMs, regions);
    }
    expect(again.alignments()).toEqual(once.alignments());
    expect(again.alignments()[0]?.inliers).toHaveLength(4);
  });

  it('forgets at a reset, and says when regions were left out', () => {
    const matcher = matcherOf();
    const hashes = showing(known[0]?.[0]?.[0] ?? hashOf(), 0, 0);
    for (let at = 0; at <= limits.regionsMax; at++) {
      add(matcher, 0, [{ region: { ...pasted, left: at / 1_000 }, tier: 1, quality: 90, hashes }]);
    }
    expect(matcher.capped).toBe(true);
    matcher.reset();
    expect(matcher.capped).toBe(false);
    expect(matcher.alignments()).toEqual([]);
    // There is room for as many regions again, and those of the same moments are new.
    for (let at = 0; at < 4; at++) {
      const shown = showing(known[0]?.[at]?.[0] ?? hashOf(), 0, 30);
      add(matcher, at * stepMs, [{ region: fullRegion, tier: 1, quality: 90, hashes: shown }]);
    }
    expect(matcher.capped).toBe(false);
    expect(matcher.alignments()[0]?.inliers).toHaveLength(4);
  });
});
