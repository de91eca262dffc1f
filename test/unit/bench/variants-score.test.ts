// Goal: a block counts as right by its content alone, a wrong one is never excused except by what the manifests state, and
// the figures are those that the words for them say.
import { describe, expect, it } from 'vitest';
import { quantile } from '../../bench/conditions.ts';
import { processMs, schedulerMs } from '../../bench/variants/cpu-time.ts';
import type { MediaFile, Variant } from '../../bench/variants/media-files.ts';
import { editsOf } from '../../bench/variants/report.ts';
import {
  type Answer,
  countComparisons,
  iou,
  kindRows,
  recallOf,
  type ScoredVariant,
  scoreAnswer,
  segmentIou,
  truthOf,
  type Verdict,
  worstOf,
} from '../../bench/variants/score.ts';
import { momentsOf } from '../../bench/variants/sheets.ts';

const file = (id: string, contentId = id, scenes: readonly string[] = []): MediaFile => ({
  id,
  kind: 'video',
  path: `/media/${id}.mp4`,
  contentId,
  scenes,
});
const files = [
  file('a', 'ca', ['room']),
  file('a2', 'ca'),
  file('b'),
  file('filler', 'cf'),
  file('near', 'cn', ['room']),
];
const banked = new Map(files.map((each) => [each.id, each]));
const truth = truthOf(file('a', 'ca', ['room']), ['filler'], banked);

function answer(outcome: Answer['outcome'], matched: Record<string, boolean> = {}, reason = ''): Answer {
  return { outcome, reason, matched: Object.entries(matched).map(([id, blocks]) => ({ id, blocks })) };
}

describe('scoreAnswer', () => {
  it.each<[string, Answer, Verdict]>([
    ['its own content blocks', answer('block', { a: true }), 'blocked'],
    ['another file of its content blocks', answer('block', { b: true, a2: true }), 'blocked'],
    ['other content blocks, and its own comes near', answer('block', { b: true, a: false }), 'held'],
    ['its own content holds it', answer('review', { a: false }), 'held'],
    ['other content blocks alone', answer('block', { b: true }), 'missed'],
    ['other content holds it', answer('review', { b: false }), 'missed'],
    ['it could not be judged', answer('review', {}, 'no_detail'), 'missed'],
    ['its format is refused', answer('review', {}, 'unsupported'), 'refused'],
    ['its own content is merely reported', answer('allow', { a: false }), 'missed'],
  ])('when %s', (_, given, verdict) => {
    expect(scoreAnswer(given, truth, banked).verdict).toBe(verdict);
  });

  it('names blocks by other content, and tells the same scene apart', () => {
    const matched = { a: true, b: true, filler: true, near: true };
    const score = scoreAnswer(answer('block', matched), truth, banked);
    expect(score).toEqual({ verdict: 'blocked', falseBlocks: ['b'], sameScene: ['near'] });
  });

  it('does not count what would not have blocked', () => {
    expect(scoreAnswer(answer('block', { a: true, b: false, near: false }), truth, banked)).toMatchObject({
      falseBlocks: [],
      sameScene: [],
    });
  });
});

describe('countComparisons', () => {
  it('counts the contents that a block would be false on', () => {
    expect(countComparisons(truth, banked)).toBe(1);
    expect(countComparisons(truthOf(file('b'), [], banked), banked)).toBe(3);
  });
});

function scored(group: Variant['group'], kinds: readonly string[], verdict: Verdict): ScoredVariant {
  const edits = kinds.map((kind) => ({ kind }));
  const variant: Variant = {
    id: 'v',
    kind: 'video',
    path: '',
    sourceId: 'a',
    sourceFile: '',
    group,
    edits,
    mapping: [],
    fillerIds: [],
  };
  return { variant, source: file('a'), verdict };
}

describe('the recall', () => {
  it('counts held and refused for review alone', () => {
    expect(recallOf(['blocked', 'held', 'refused', 'missed'])).toEqual({ n: 4, block: 0.25, review: 0.75 });
    expect(recallOf([])).toEqual({ n: 0, block: 0, review: 0 });
  });

  const rows = kindRows([
    scored('control', [], 'blocked'),
    scored('single', ['crop'], 'missed'),
    scored('single', ['crop'], 'blocked'),
    scored('single', ['logo'], 'held'),
    scored('single', ['trim'], 'held'),
    scored('single', ['trim'], 'missed'),
    scored('combo', ['crop', 'logo'], 'blocked'),
    scored('combo', ['trim', 'crop'], 'missed'),
  ]);

  it('has a row for each kind of single edit, with the combinations that the kind is part of', () => {
    expect(
      rows.map(({ kind, recall, inCombos }) => [kind, recall.n, recall.block, inCombos.n, inCombos.block]),
    ).toEqual([
      ['crop', 2, 0.5, 2, 0.5],
      ['logo', 1, 0, 1, 1],
      ['trim', 2, 0, 1, 0],
    ]);
  });

  it('is worst where the least is blocked', () => {
    expect(worstOf(rows)).toEqual({ kind: 'trim', recallBlock: 0, n: 2 });
    expect(worstOf([])).toBeNull();
  });
});

describe('intersection over union', () => {
  it.each([
    ['the same', [{ start: 1, end: 3 }], [{ start: 1, end: 3 }], 1],
    ['half', [{ start: 0, end: 2 }], [{ start: 0, end: 4 }], 0.5],
    ['apart', [{ start: 0, end: 1 }], [{ start: 2, end: 3 }], 0],
    ['a moment', [{ start: 1, end: 1 }], [{ start: 1, end: 1 }], 0],
    [
      'two parts',
      [{ start: 0, end: 4 }],
      [
        { start: 0, end: 1 },
        { start: 3, end: 4 },
      ],
      0.5,
    ],
  ])('of %s', (_, found, expected, value) => {
    expect(iou(found, expected)).toBe(value);
  });

  it('is the mean of both axes for a match', () => {
    const mapping = [{ outStart: 0, outEnd: 4, srcStart: 10, srcEnd: 14 }];
    const upload = { startSeconds: 0, endSeconds: 2 };
    expect(segmentIou(upload, { startSeconds: 10, endSeconds: 14 }, mapping)).toBe(0.75);
    expect(segmentIou(upload, { startSeconds: 0, endSeconds: 2 }, mapping)).toBe(0.25);
  });
});

describe('the percentiles', () => {
  it('are values that occurred, by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect([quantile(values, 0.5), quantile(values, 0.95), quantile([7], 0.95), quantile([], 0.5)]).toEqual([
      50, 95, 7, 0,
    ]);
  });
});

describe('CPU time', () => {
  it("is read from the kernel's files, whatever a process is called", () => {
    const stat = '42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 12 34 0 0 20 0 1 0 1 1 1';
    expect(processMs(stat)).toBe(460);
    expect(schedulerMs('1500000 20 3\n')).toBe(1.5);
  });
});

describe('what a sheet shows', () => {
  it('is the same moment of variant and original', () => {
    const moments = momentsOf({ outStart: 2, outEnd: 4, srcStart: 10, srcEnd: 20 });
    expect(moments[0]).toEqual({ out: 2.2, src: 11 });
    expect(moments.every(({ out, src }) => Math.abs((out - 2) * 5 - (src - 10)) < 1e-9)).toBe(true);
  });

  it('names the edits with their parameters', () => {
    expect(
      editsOf([
        { kind: 'crop', fraction: 0.2, anchor: 'tl' },
        { kind: 'mirror', nested: {} },
      ]),
    ).toBe('crop 0.2 tl + mirror');
    expect(editsOf([])).toBe('no edit');
  });
});
