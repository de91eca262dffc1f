/**
 * Goal: the deep side of a bank is the obvious one: every pair of a query and a view is found, contents are named by the
 * closest of them, and nothing that was removed or replaced is found any more; also after it was copied out and in again.
 * Method: against loops over everything, on the kernel's own index.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BankRevision } from '../../../src/bank/bank-records.ts';
import { type BankTable, createBankTable } from '../../../src/bank/bank-table.ts';
import type { TableImage } from '../../../src/bank/columns.ts';
import { limits } from '../../../src/config/limits.ts';
import { dihedralNames } from '../../../src/contracts/common.ts';
import { packThumbnails, packViews, type ViewOfFrame } from '../../../src/contracts/packed-frames.ts';
import { createHammingIndex } from '../../../src/kernel/segmented-index.ts';
import { bitsBetween } from '../../../src/match/bits.ts';
import type { FormQueries } from '../../../src/match/deep-content.ts';
import { knownViews } from '../../../src/match/region.ts';
import { bankEntry, sampledFrame } from '../../support/bank-entries.ts';
import { copiedImage } from '../../support/bank-twin.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';
import { anyHash } from '../../support/search-cases.ts';
import { turnedHashes } from '../../support/turned-hashes.ts';
import { type TwinIndex, twinIndex } from '../../support/twin-index.ts';

const qualityMin = 20;
const contentIds = ['a', 'b', 'c'];

interface Content {
  readonly views: readonly ViewOfFrame[];
  readonly thumbnailTimesMs: readonly number[];
}
type Step = 'copy' | 'look' | { readonly contentId: string; readonly content: Content | undefined };

interface TableOptions {
  readonly index?: TwinIndex;
  readonly hotHashesMax?: number;
}

function tableOf({ index = twinIndex(), hotHashesMax }: TableOptions = {}, image?: TableImage): BankTable {
  const deepIndex = createHammingIndex({ hashesMax: 10_000, merging: 'never' });
  return createBankTable({ index, deepIndex, frameQualityMin: () => qualityMin, hotHashesMax }, image);
}

const picture = (timeMs: number): Uint8Array =>
  Uint8Array.from({ length: limits.thumbnailBytes }, (_, at) => (timeMs + at) & 0xff);

function revisionOf(contentId: string, { views, thumbnailTimesMs }: Content, revision = 1): BankRevision {
  return {
    ...bankEntry({ contentId, frames: [] }),
    aspect: 1.5,
    views: packViews(views),
    thumbnails: packThumbnails(thumbnailTimesMs.map((timeMs) => ({ timeMs, pixels: picture(timeMs) }))),
    revision,
    parts: 1,
    addedAt: '2026-01-01T00:00:00Z',
  };
}

function numberOf(table: BankTable, contentId: string): number {
  // Numbers are given out by searches, so each content is found by a frame of its own.
  const [match] = table.frames.search(sampledFrame(hashNumber(contentId.charCodeAt(0))), 0).matches;
  return match?.contentNumber ?? -1;
}

function addTo(table: BankTable, contentId: string, content: Content, offset = 0): void {
  const frames = [{ timeMs: 0, quality: 100, hash: hashNumber(contentId.charCodeAt(0)) }];
  table.apply({ kind: 'part', part: 0, revision: { ...revisionOf(contentId, content), frames } }, offset);
}

function removeFrom(table: BankTable, contentId: string): void {
  table.apply({ kind: 'tombstone', contentId, part: 0 }, 0);
}

/** Each hash as that of a picture as it is. */
function asked(hashes: readonly Uint8Array[]): FormQueries {
  return { pictures: hashes.map(turnedHashes), forms: [dihedralNames.indexOf('original')] };
}

/** [query, view, from, until, distance] of all pairs within the radius, in order. */
function measured(table: BankTable, contentId: string, queries: readonly Uint8Array[], radiusBits: number) {
  const deep = table.findDeep(numberOf(table, contentId));
  if (deep === undefined) return undefined;
  const hits = deep.measure(asked(queries), radiusBits);
  expect(hits.capped).toBe(false);
  const pairs = Array.from({ length: hits.count }, (_, at) => {
    const entry = hits.entry[at] ?? -1;
    return [hits.query[at], deep.view[entry], deep.fromMs[entry], deep.untilMs[entry], hits.distanceBits[at]];
  });
  return pairs.map((pair) => pair.join(' ')).sort();
}

function pairsOf({ views }: Content, queries: readonly Uint8Array[], radiusBits: number): string[] {
  return queries
    .flatMap((query, at) =>
      views
        .filter(({ quality }) => quality >= qualityMin)
        .map(({ view, timeMs, hash }) => ({ at, view, timeMs, bits: bitsBetween(query, hash) })),
    )
    .filter(({ bits }) => bits <= radiusBits)
    .map(({ at, view, timeMs, bits }) => [at, view, timeMs, timeMs, bits].join(' '))
    .sort();
}

const bitsOfPair = (pair: string) => Number(pair.split(' ')[4]);

const anyContent: fc.Arbitrary<Content> = fc
  .record({
    views: fc.array(
      fc.record({
        quality: fc.constantFrom(qualityMin - 1, qualityMin, 100),
        view: fc.nat(knownViews.length - 1),
        hash: fc.oneof(anyHash, fc.nat(3).map(hashNumber)),
      }),
      { maxLength: 12 },
    ),
    thumbnailTimesMs: fc.uniqueArray(fc.nat(5_000), { maxLength: 4 }),
  })
  // Far apart, so that no two are a run.
  .map(({ views, ...rest }) => ({ ...rest, views: views.map((view, at) => ({ ...view, timeMs: at * 60_000 })) }));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      contentId: fc.constantFrom(...contentIds),
      content: fc.option(anyContent, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom('copy' as const, 'look' as const) },
);

function expectSame(
  table: BankTable,
  twin: ReadonlyMap<string, Content>,
  queries: readonly Uint8Array[],
  bits: number,
) {
  const closest: string[] = [];
  for (const contentId of contentIds) {
    const content = twin.get(contentId);
    const isDeep = content?.views.some(({ quality }) => quality >= qualityMin) === true;
    const given = measured(table, contentId, queries, bits);
    expect(given === undefined).toBe(!isDeep);
    if (!isDeep) continue;
    const pairs = pairsOf(content, queries, bits);
    expect(pairs).toEqual(expect.arrayContaining(given ?? []));
    // A scan may leave out what is next to the radius (assembly/search/quartet-scan.ts), and nothing else.
    expect(given).toEqual(expect.arrayContaining(pairs.filter((pair) => bitsOfPair(pair) <= 0.75 * bits)));
    const least = Math.min(...pairs.map(bitsOfPair));
    if (least <= 0.75 * bits) closest.push(`${least} ${contentId}`);
    const deep = table.findDeep(numberOf(table, contentId));
    expect(deep?.aspect).toBe(1.5);
    for (const timeMs of [0, 1_700, 6_000]) {
      const [nearest] = [...content.thumbnailTimesMs].sort(
        (a, b) => Math.abs(a - timeMs) - Math.abs(b - timeMs) || a - b,
      );
      const given = deep?.thumbnailNear(timeMs);
      expect(given?.timeMs).toBe(nearest);
      if (nearest !== undefined) expect(given?.pixels).toEqual(picture(nearest));
    }
  }
  const naming = table.deep.name(asked(queries), bits);
  expect(naming).toMatchObject({ capped: false, radiusBits: bits });
  const given = naming.named.map(({ contentNumber, query, distanceBits }) => {
    const contentId = table.findByNumber(contentNumber)?.contentId ?? '';
    const [hash] = queries.slice(query);
    const bitsOfQuery = twin.get(contentId)?.views.map((view) => bitsBetween(view.hash, hash ?? new Uint8Array(32)));
    expect(bitsOfQuery).toContain(distanceBits);
    return `${distanceBits} ${contentId}`;
  });
  const distances = naming.named.map(({ distanceBits }) => distanceBits);
  expect(distances).toEqual([...distances].sort((a, b) => a - b));
  expect(given).toEqual(expect.arrayContaining(closest));
}

describe('deep contents', () => {
  it('are the obvious ones after any changes and copies', { timeout: 60_000 }, () => {
    const anyQueries = fc.array(fc.oneof(anyHash, fc.nat(3).map(hashNumber)), { minLength: 1, maxLength: 70 });
    const anyRadius = fc.constantFrom(0, 31, 60, 90);
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 14 }), anyQueries, anyRadius, (steps, queries, bits) => {
        const index = twinIndex();
        let table = tableOf({ index });
        const twin = new Map<string, Content>();
        for (const step of steps) {
          if (step === 'copy') table = tableOf({ index }, copiedImage(table.image()));
          else if (step === 'look') expectSame(table, twin, queries, bits);
          else if (step.content === undefined) {
            removeFrom(table, step.contentId);
            twin.delete(step.contentId);
          } else {
            addTo(table, step.contentId, step.content);
            twin.set(step.contentId, step.content);
          }
        }
        expectSame(table, twin, queries, bits);
        expectSame(tableOf({ index }, copiedImage(table.image())), twin, queries, bits);
        for (const contentId of contentIds) removeFrom(table, contentId);
        expect(table.deep.hashes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  const still = (view: number, timesMs: readonly number[], hashes: readonly Uint8Array[]): ViewOfFrame[] =>
    timesMs.map((timeMs, at) => ({
      timeMs,
      view,
      quality: Math.min(60 + at, 100),
      hash: hashes[at % hashes.length] ?? hashNumber(0),
    }));

  it('keep what hardly changes as one entry of its view, and do not let it drift', () => {
    const table = tableOf();
    const base = hashNumber(5);
    const drifting = [base, flipped(base, 4), flipped(base, 8)];
    const views = [
      ...still(3, [0, 500, 1_000], drifting),
      ...still(0, [0, 500, 9_000], [hashNumber(6)]),
      { timeMs: 0, view: knownViews.length + 3, quality: 90, hash: hashNumber(7) },
    ];
    addTo(table, 'a', { views: views.sort((x, y) => x.timeMs - y.timeMs), thumbnailTimesMs: [] });
    expect(measured(table, 'a', [base, hashNumber(6)], 8)).toEqual([
      '0 3 0 500 0',
      '0 3 1000 1000 8',
      '1 0 0 500 0',
      '1 0 9000 9000 0',
    ]);
    expect(table.find('a')).toMatchObject({ viewsIndexed: 6 });
    expect(table.deep.hashes).toBe(3);
    expect([...(table.findDeep(numberOf(table, 'a'))?.quality ?? [])].sort()).toEqual([60, 60, 62, 62]);
  });

  it('are plain without views that have detail enough', () => {
    const table = tableOf();
    addTo(table, 'a', {
      views: still(1, [0], [hashNumber(1)]).map((view) => ({ ...view, quality: 19 })),
      thumbnailTimesMs: [],
    });
    addTo(table, 'b', { views: [], thumbnailTimesMs: [] });
    expect(table.findDeep(numberOf(table, 'a'))).toBeUndefined();
    expect(table.findDeep(numberOf(table, 'b'))).toBeUndefined();
    expect(table.find('a')).toMatchObject({ viewsIndexed: 0 });
  });

  it('measure nothing once they are gone, whoever still holds them and whoever has their slots', () => {
    const table = tableOf();
    addTo(table, 'a', { views: still(0, [0, 60_000], [hashNumber(1), hashNumber(2)]), thumbnailTimesMs: [] });
    const held = table.findDeep(numberOf(table, 'a'));
    expect(held?.measure(asked([hashNumber(1)]), 0).count).toBe(1);
    removeFrom(table, 'a');
    addTo(table, 'b', { views: still(0, [0, 60_000], [hashNumber(2), hashNumber(1)]), thumbnailTimesMs: [] });
    expect(held?.measure(asked([hashNumber(1)]), 0)).toMatchObject({ count: 0, capped: false });
    expect(table.deep.name(asked([hashNumber(1)]), 0).named).toHaveLength(1);
  });

  it('are named up to the bound, the closest first, and it is said that there were more', () => {
    const table = tableOf();
    const base = hashNumber(50);
    for (let at = 0; at <= limits.namedContentsMax; at++) {
      addTo(table, String.fromCharCode(97 + at), { views: still(0, [0], [flipped(base, at)]), thumbnailTimesMs: [] });
    }
    const { named, capped } = table.deep.name(asked([hashNumber(60), base]), limits.namedContentsMax);
    expect(capped).toBe(true);
    expect(named.map(({ distanceBits }) => distanceBits)).toEqual(
      Array.from({ length: limits.namedContentsMax }, (_, at) => at),
    );
    expect(named.every(({ query }) => query === 1)).toBe(true);
    expect(table.deep.name(asked([base]), limits.namedContentsMax - 1).capped).toBe(false);
  });

  it('are asked for more hashes than one search takes, and each keeps its number', () => {
    const table = tableOf();
    addTo(table, 'a', { views: still(0, [0], [hashNumber(1)]), thumbnailTimesMs: [] });
    const last = 2 * limits.queriesPerSearchMax + 2;
    const queries = asked(Array.from({ length: last + 1 }, (_, at) => hashNumber(at === last ? 1 : 100 + at)));
    expect(table.deep.name(queries, 20).named).toMatchObject([{ query: last, distanceBits: 0 }]);
    const hits = table.findDeep(numberOf(table, 'a'))?.measure(queries, 20);
    expect([hits?.count, hits?.query[0], hits?.entry[0]]).toEqual([1, last, 0]);
  });

  it('give as many pairs as they may and say that there were more', () => {
    const table = tableOf();
    const times = Array.from({ length: 1_700 }, (_, at) => at * 60_000);
    addTo(table, 'a', { views: still(0, times, [hashNumber(1)]), thumbnailTimesMs: [] });
    const deep = table.findDeep(numberOf(table, 'a'));
    const queries = Array.from({ length: limits.quartetsPerSearchMax }, () => hashNumber(1));
    expect(deep?.measure(asked(queries), 0)).toMatchObject({ count: limits.hitsPerSearchMax, capped: true });
    expect(deep?.measure(asked(queries.slice(0, 6)), 0)).toMatchObject({ count: 6 * 1_700, capped: false });
  });

  it('leave nothing behind when there is no room for them', () => {
    const options = { index: twinIndex(), deepIndex: twinIndex(3), frameQualityMin: () => qualityMin };
    const table = createBankTable(options);
    addTo(table, 'a', { views: still(0, [0], [hashNumber(1)]), thumbnailTimesMs: [] });
    const many = still(0, [0, 60_000, 120_000, 180_000], [1, 2, 3, 4].map(hashNumber));
    expect(() => addTo(table, 'b', { views: many, thumbnailTimesMs: [] })).toThrow(/full/);
    expect(table.find('b')).toBeUndefined();
    expect([options.index.size, options.deepIndex.size]).toEqual([1, 1]);
    expect(table.deep.name(asked([hashNumber(1)]), 0).named).toHaveLength(1);
  });
});

describe('a large bank', () => {
  it('is searched as widely as its segments answer, and says so', () => {
    const hot = tableOf({ hotHashesMax: 2 });
    const large = tableOf({ hotHashesMax: 1 });
    for (const table of [hot, large]) {
      for (const [contentId, number] of [
        ['a', 1],
        ['b', 2],
      ] as const) {
        addTo(table, contentId, {
          views: [{ timeMs: 0, view: 0, quality: 90, hash: hashNumber(number) }],
          thumbnailTimesMs: [],
        });
      }
    }
    const near = asked([flipped(hashNumber(1), 40)]);
    expect(hot.deep.name(near, 60)).toMatchObject({ radiusBits: 60, named: [{ distanceBits: 40 }] });
    expect(large.deep.name(near, 60)).toEqual({ radiusBits: limits.segmentRadiusBitsMax, named: [], capped: false });
    expect(large.deep.name(asked([flipped(hashNumber(1), 31)]), 60).named).toHaveLength(1);
    const frame = sampledFrame(flipped(hashNumber('a'.charCodeAt(0)), 40));
    expect(hot.frames.search(frame, 60)).toMatchObject({ radiusBits: 60, matches: [{ distanceBits: 40 }] });
    expect(large.frames.search(frame, 60)).toMatchObject({ radiusBits: limits.segmentRadiusBitsMax, matches: [] });
    expect(large.frames.search(frame, 20).radiusBits).toBe(20);
  });
});
