import { describe, expect, it } from 'vitest';
import { type Alignment, extentOf, summariseAlignment, type TimeLine } from '../../../src/match/alignment.ts';
import { copyMatches, frameMatch, lineOf } from '../../support/frame-matches.ts';
import { flipped, hashNumber } from '../../support/hashes.ts';

const still: TimeLine = { speed: 1, offsetMs: 0 };
const onTime = (changes: Partial<TimeLine> = {}): TimeLine => ({ ...still, ...changes });

/** Frames of the upload at `matchedMs` lie on the line; those at `otherMs` were looked at and do not. */
function alignmentOf(line: TimeLine, matchedMs: readonly number[], otherMs: readonly number[] = []): Alignment {
  return summariseAlignment({
    contentNumber: 1,
    dihedral: 0,
    line,
    inliers: copyMatches(matchedMs, line),
    frameTimesMs: [...matchedMs, ...otherMs].sort((a, b) => a - b),
    knownStepMs: 500,
  });
}

const extent = (...[alignment, uploadMs, knownMs]: Parameters<typeof extentOf>) => {
  const { upload, known } = extentOf(alignment, uploadMs, knownMs);
  return { upload: [upload.startMs, upload.endMs], known: [known.startMs, known.endMs] };
};

describe('distinct frames', () => {
  const at = (uploadTimeMs: number, knownTimeMs: number, distanceBits: number, uploadHash = hashNumber(uploadTimeMs)) =>
    frameMatch({ uploadTimeMs, knownTimeMs, knownUntilMs: knownTimeMs, distanceBits, uploadHash });

  it('differ from each other in the upload; the closest of those that do not counts', () => {
    const picture = hashNumber(1);
    const frames = [at(0, 0, 30, picture), at(1_000, 1_000, 20, flipped(picture, 12)), at(2_000, 2_000, 40)];
    expect(lineOf(frames).distinctBits).toEqual([20, 40]);
  });

  it('differ in the known content as well: what changes over one known frame is not in it', () => {
    expect(lineOf([at(0, 500, 30), at(250, 500, 20), at(1_000, 1_500, 40)]).distinctBits).toEqual([20, 40]);
  });

  it('differ in the known picture, not only in its moment: a board that hardly changes is one picture', () => {
    const board = hashNumber(900);
    const entries = [board, flipped(board, 12), hashNumber(901)];
    const inliers = entries.map((_, entry) => ({ ...at(entry * 1_000, entry * 1_000, 30 + entry), knownEntry: entry }));
    const parts = { contentNumber: 1, dihedral: 0, line: still, frameTimesMs: [0, 1_000, 2_000], knownStepMs: 500 };
    const knownHashOf = (entry: number) => entries[entry] ?? board;
    expect(summariseAlignment({ ...parts, inliers, knownHashOf }).distinctBits).toEqual([30, 32]);
  });

  it('are told by the upload alone where the known content is a picture, which has one moment', () => {
    const alignment = summariseAlignment({
      contentNumber: 1,
      dihedral: 0,
      line: still,
      inliers: [at(0, 0, 30), at(1_000, 0, 20)],
      frameTimesMs: [0, 1_000],
      knownStepMs: 0,
    });
    expect(alignment.distinctBits).toEqual([30, 20]);
  });
});

describe('how far a match may reach', () => {
  it('is halfway to the nearest frames that were looked at and are not on the line', () => {
    expect(alignmentOf(still, [4_000, 6_000], [0, 3_000, 7_500, 9_000]).reach).toEqual({
      startMs: 3_500,
      endMs: 6_750,
    });
  });

  it('does not end at frames between those that match', () => {
    expect(alignmentOf(still, [4_000, 6_000], [5_000]).reach).toEqual({
      startMs: 0,
      endMs: Number.POSITIVE_INFINITY,
    });
  });
});

describe('the extent of a match', () => {
  it('is all of both contents when every frame of both lies on the line', () => {
    expect(extent(alignmentOf(still, [1_000, 5_000, 9_000]), 10_000, 10_000)).toEqual({
      upload: [0, 10_000],
      known: [0, 10_000],
    });
  });

  it.each([
    ['the upload begins in the midst of the known content', onTime({ offsetMs: 20_000 }), 10_000, 60_000],
    ['and is faster', onTime({ speed: 2, offsetMs: 20_000 }), 10_000, 60_000],
    ['and is slower', onTime({ speed: 0.5, offsetMs: 20_000 }), 10_000, 60_000],
  ])('ends with the upload where %s', (_how, line, uploadMs, knownMs) => {
    const { speed, offsetMs } = line;
    expect(extent(alignmentOf(line, [2_000, 4_000, 8_000]), uploadMs, knownMs)).toEqual({
      upload: [0, uploadMs],
      known: [offsetMs, offsetMs + speed * uploadMs],
    });
  });

  it('ends with the known content where that is only part of the upload', () => {
    // Shown from second 10 on, at twice its speed.
    const line = onTime({ speed: 2, offsetMs: -20_000 });
    expect(extent(alignmentOf(line, [11_000, 13_000]), 60_000, 8_000)).toEqual({
      upload: [10_000, 14_000],
      known: [0, 8_000],
    });
  });

  it('ends where other frames begin', () => {
    const cut = alignmentOf(onTime({ offsetMs: 5_000 }), [4_000, 6_000], [3_000, 8_000]);
    expect(extent(cut, 60_000, 60_000)).toEqual({ upload: [3_500, 7_000], known: [8_500, 12_000] });
  });

  it('never leaves out a frame that matched, though a content is longer than it was said to be', () => {
    const late = alignmentOf(still, [0, 4_000, 12_000]);
    expect(extent(late, 10_000, 8_000)).toEqual({ upload: [0, 12_000], known: [0, 12_000] });
    // A line that is fitted a little off must not tell of moments before the beginning.
    expect(extent(alignmentOf(onTime({ offsetMs: -200 }), [400, 4_000]), 10_000, 10_000).known[0]).toBe(0);
  });

  it('is not bounded by a content of unknown length', () => {
    const line = onTime({ offsetMs: 1_000 });
    expect(extent(alignmentOf(line, [2_000, 4_000]), 10_000, 0)).toEqual({
      upload: [0, 10_000],
      known: [1_000, 11_000],
    });
    expect(extent(alignmentOf(line, [2_000, 4_000]), 0, 60_000)).toEqual({
      upload: [0, 4_000],
      known: [1_000, 5_000],
    });
  });
});
