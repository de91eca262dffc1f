import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { align, createAligner } from '../../../src/match/align.ts';
import type { Alignment } from '../../../src/match/alignment.ts';
import type { FrameMatch } from '../../../src/match/frame-match.ts';
import { copyMatches, everythingCounts, frameMatch, knownContent, moments } from '../../support/frame-matches.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';

function best(matches: readonly FrameMatch[], options = everythingCounts): Alignment {
  const times = [...new Set(matches.map((match) => match.uploadTimeMs))];
  const [first] = align(matches, times, options);
  if (first === undefined) throw new Error('nothing was aligned');
  return first;
}

describe('a line in time', () => {
  it('gives the offset of a trimmed copy and the segments on both sides', () => {
    const alignment = best(copyMatches(moments(8, 1300), { offsetMs: 12_000 }));
    expect(alignment.inliers).toHaveLength(8);
    expect(alignment.line.speed).toBe(1);
    expect(Math.abs(alignment.line.offsetMs - 12_000)).toBeLessThanOrEqual(250);
    expect(alignment.upload).toEqual({ startMs: 0, endMs: 9100 });
    expect(alignment.known).toEqual({ startMs: 12_000, endMs: 21_000 });
    expect(alignment.matchedMs).toBe(9100);
  });

  it.each([0.5, 0.67, 0.83, 1, 1.04, 1.15, 1.37, 1.5, 2])('finds a copy at %f times the speed', (speed) => {
    const alignment = best(copyMatches(moments(20, 2700), { speed, offsetMs: 4000 }));
    expect(alignment.inliers).toHaveLength(20);
    expect(alignment.line.speed).toBeCloseTo(speed, 1);
  });

  it('does not claim a speed that a few samples cannot tell from the normal one', () => {
    const matches = [
      frameMatch({ uploadTimeMs: 0 }),
      frameMatch({ uploadTimeMs: 1800, knownTimeMs: 2000, knownUntilMs: 2000 }),
    ];
    expect(best(matches).line.speed).toBe(1);
  });

  it('finds no line for a copy played backwards, and keeps single frames apart', () => {
    const matches = moments(10, 2000).map((uploadTimeMs) => {
      const knownTimeMs = 20_000 - uploadTimeMs;
      return frameMatch({ uploadTimeMs, knownTimeMs, knownUntilMs: knownTimeMs });
    });
    expect(best(matches).inliers).toHaveLength(1);
  });

  // Goal: of fast footage only frames near a known one match; what lies between two of those cannot, and is no gap.
  it('counts the time between inliers that stand as close as known frames do, whatever misses between them', () => {
    const sampled = moments(25, 125);
    const matches = copyMatches(moments(7, 500), { offsetMs: 4000 });
    expect(align(matches, sampled, everythingCounts)[0]?.matchedMs).toBe(3000);
    const sparse = copyMatches(moments(4, 1000), { offsetMs: 4000 });
    expect(align(sparse, sampled, everythingCounts)[0]?.matchedMs).toBe(0);
  });

  it('never mixes mirrored frames with others, nor two contents', () => {
    const mirrored = copyMatches(moments(5, 1000), { offsetMs: 3000 }, { dihedral: 4 });
    const plain = copyMatches(moments(3, 1000), { offsetMs: 3000 });
    const other = copyMatches(moments(4, 1000), { offsetMs: 3000 }, { contentNumber: 2 });
    const alignments = align([...mirrored, ...plain, ...other], moments(5, 1000), everythingCounts);
    expect(alignments.map(({ contentNumber, dihedral, inliers }) => [contentNumber, dihedral, inliers.length])).toEqual(
      [
        [1, 4, 5],
        [2, 0, 4],
        [1, 0, 3],
      ],
    );
  });

  it('takes one known frame for each frame of the upload, the closest within the tolerance', () => {
    const matches = copyMatches([0, 2000, 4000], {}).flatMap((match) => [
      { ...match, distanceBits: 40 },
      { ...match, distanceBits: 12, knownTimeMs: match.knownTimeMs + 500, knownUntilMs: match.knownTimeMs + 500 },
    ]);
    const alignment = best(matches);
    expect(alignment.inliers.map((match) => match.distanceBits)).toEqual([12, 12, 12]);
    expect(alignment.medianDistanceBits).toBe(12);
  });

  it('counts only the stretches that match as matched time', () => {
    const matches = copyMatches([0, 1000, 2000, 20_000, 21_000], {});
    const [alignment] = align(matches, moments(22, 1000), everythingCounts);
    expect(alignment?.upload).toEqual({ startMs: 0, endMs: 21_000 });
    expect(alignment?.matchedMs).toBe(3000);
  });

  it('leaves out what does not count and what was removed since', () => {
    const matches = copyMatches(moments(3, 1000), {});
    expect(align(matches, [], { ...everythingCounts, counts: () => false })).toEqual([]);
    expect(align(matches, [], { ...everythingCounts, known: () => undefined })).toEqual([]);
  });
});

describe('images and stills', () => {
  it('aligns one frame against one', () => {
    const alignment = best([frameMatch({ distanceBits: 7 })]);
    expect(alignment).toMatchObject({ distanceBits: 7, matchedMs: 0, upload: { startMs: 0, endMs: 0 } });
    expect(alignment.distinctBits).toEqual([7]);
  });

  it('counts a known image wherever it stands in a video', () => {
    const matches = [0, 5000, 30_000].map((uploadTimeMs) => frameMatch({ uploadTimeMs }));
    const alignment = best(matches, { ...everythingCounts, known: () => knownContent({ kind: 'image' }) });
    expect(alignment.inliers).toHaveLength(3);
    expect(alignment.known).toEqual({ startMs: 0, endMs: 0 });
    expect(alignment.line.speed).toBe(1);
  });

  it('gives a still camera one vote however long it stands', () => {
    const still = hashNumber(1);
    const matches = moments(20, 1000).flatMap((uploadTimeMs, at) =>
      moments(60, 500).map((knownTimeMs) =>
        frameMatch({ uploadTimeMs, knownTimeMs, knownUntilMs: knownTimeMs, uploadHash: flipped(still, at % 8) }),
      ),
    );
    const alignment = best(matches);
    expect(alignment.inliers).toHaveLength(20);
    expect(alignment.distinctBits).toHaveLength(1);
    expect(alignment.score).toBe(4);
    expect(alignment.matchedMs).toBe(19_000);
  });

  it('passes a line through a known frame that lasts, at the right moment of it', () => {
    const lasting = moments(6, 4000).map((uploadTimeMs) =>
      frameMatch({ uploadTimeMs, knownTimeMs: 10_000, knownUntilMs: 40_000, distanceBits: 4 }),
    );
    const start = frameMatch({ uploadTimeMs: 24_000, knownTimeMs: 39_000, knownUntilMs: 39_000, distanceBits: 2 });
    const alignment = best([...lasting, start]);
    expect(alignment.inliers).toHaveLength(7);
    expect(alignment.known.endMs - alignment.known.startMs).toBe(24_000);
  });
});

describe('bounds', () => {
  it('stays quick and says so on a bank full of near-identical frames', () => {
    const aligner = createAligner(everythingCounts);
    const perFrame = 6000;
    const startedMs = performance.now();
    for (const uploadTimeMs of moments(16, 1000)) {
      const matches = moments(perFrame, 10).map((knownTimeMs, at) =>
        frameMatch({
          uploadTimeMs,
          knownTimeMs,
          knownUntilMs: knownTimeMs,
          contentNumber: at % 700,
          distanceBits: at % 60,
        }),
      );
      aligner.add(uploadTimeMs, matches);
      aligner.alignments();
    }
    // 16 frames take some 0.2 s on a quiet core; without bounds it would be minutes.
    expect(performance.now() - startedMs).toBeLessThan(8000);
    expect(aligner.capped).toBe(true);
    expect(aligner.alignments().length).toBeLessThanOrEqual(limits.alignmentsMax);
  });

  it('keeps the content that goes on matching when a title card matches everything', () => {
    const aligner = createAligner(everythingCounts);
    aligner.add(
      0,
      moments(2000, 1).map((contentNumber) => frameMatch({ contentNumber, distanceBits: 0 })),
    );
    for (const match of copyMatches([1000, 2000, 3000], {}, { contentNumber: 5000, distanceBits: 25 })) {
      aligner.add(match.uploadTimeMs, [match]);
    }
    expect(aligner.alignments()[0]).toMatchObject({ contentNumber: 5000 });
    expect(aligner.alignments()[0]?.inliers).toHaveLength(3);
  });

  it('forgets everything on reset', () => {
    const aligner = createAligner(everythingCounts);
    aligner.add(0, [frameMatch()]);
    aligner.reset();
    expect(aligner.alignments()).toEqual([]);
  });
});

describe('properties', () => {
  it('recovers a planted line under noise, in whatever order frames come', () => {
    const noise = fc.array(
      fc.record({ at: fc.nat(11), knownTimeMs: fc.nat(300_000), distanceBits: fc.integer({ min: 30, max: 60 }) }),
      { maxLength: 60 },
    );
    const planted = fc.record({
      speed: fc.double({ min: 0.55, max: 1.9, noNaN: true }),
      offsetMs: fc.integer({ min: 0, max: 200_000 }),
      order: fc.shuffledSubarray(moments(12, 1), { minLength: 12, maxLength: 12 }),
      noise,
    });
    fc.assert(
      fc.property(planted, ({ speed, offsetMs, order, noise: noiseMatches }) => {
        const timesMs = moments(12, 1700);
        const copies = copyMatches(timesMs, { speed, offsetMs }, { distanceBits: 20 });
        const aligner = createAligner(everythingCounts);
        for (const at of order) {
          const uploadTimeMs = timesMs[at] ?? 0;
          const ofFrame = noiseMatches
            .filter((match) => match.at === at)
            .map(({ knownTimeMs, distanceBits }) =>
              frameMatch({ uploadTimeMs, knownTimeMs, knownUntilMs: knownTimeMs, distanceBits }),
            );
          aligner.add(uploadTimeMs, [...ofFrame, ...copies.filter((match) => match.uploadTimeMs === uploadTimeMs)]);
        }
        const [found] = aligner.alignments();
        const hit = found?.inliers.filter((match) => match.distanceBits === 20).length ?? 0;
        expect(hit).toBeGreaterThanOrEqual(10);
        expect(Math.abs((found?.line.speed ?? 0) - speed)).toBeLessThan(0.1);
      }),
      { numRuns: 150 },
    );
  });
});
