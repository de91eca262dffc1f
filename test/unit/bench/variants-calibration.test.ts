/** Goal: what an upload shows is not counted against it, and everything else is, by what comes nearest. */
import { describe, expect, it } from 'vitest';
import { calibrationOf } from '../../bench/variants/calibration.ts';
import type { LineMargin } from '../../bench/variants/engine.ts';
import type { MediaFile } from '../../bench/variants/media-files.ts';
import { planBanked, type Result, type Upload } from '../../bench/variants/submit.ts';

const fileOf = (id: string, changes: Partial<MediaFile> = {}): MediaFile => ({
  id,
  kind: 'video',
  path: `/media/${id}.mp4`,
  contentId: id,
  scenes: [],
  ...changes,
});
const files = [
  fileOf('film'),
  fileOf('filler', { scenes: ['room'] }),
  fileOf('same room', { scenes: ['room'] }),
  fileOf('other'),
  fileOf('another'),
];
const banked = new Map(files.map((file) => [file.id, file]));
const [film] = planBanked([fileOf('film')], banked);

function resultOf(margins: readonly LineMargin[], fillers: readonly string[] = []): Result {
  if (film === undefined) throw new Error('nothing was planned');
  const upload: Upload = { ...film, truth: { ...film.truth, fillers: new Set(fillers) } };
  const examined = {
    outcome: 'allow',
    reason: 'no_match',
    matches: [],
    margins,
    framesSampled: 8,
    sha256: '',
    ms: 1,
  } as const;
  return { upload, examined, score: { verdict: 'missed', falseBlocks: [], sameScene: [] }, cpuMs: null };
}

const line = (contentId: string, margin: number): LineMargin => ({ contentId, margin });

describe('the calibration', () => {
  it('takes of each upload the line of other content that is nearest to a block', () => {
    const lines = [line('other', -0.8), line('another', -0.3), line('film', 0.9)];
    const { withLine, greatestMargin, nearest } = calibrationOf([resultOf(lines)], banked, 100, 1);
    expect({ withLine, greatestMargin }).toEqual({ withLine: 1, greatestMargin: -0.3 });
    expect(nearest).toEqual([{ upload: 'banked/film', content: 'another', margin: -0.3 }]);
  });

  it('leaves out what else the upload shows, and what shares a scene with it', () => {
    const lines = [line('filler', 0.5), line(encodeURIComponent('same room'), 0.2), line('other', -1)];
    expect(calibrationOf([resultOf(lines, ['filler'])], banked, 100, 1).greatestMargin).toBe(-1);
    expect(calibrationOf([resultOf(lines)], banked, 100, 1).greatestMargin).toBe(0.5);
  });

  it('has no tail without lines to carry on from', () => {
    const none = calibrationOf([resultOf([]), resultOf([line('other', Number.NEGATIVE_INFINITY)])], banked, 100, 1);
    expect(none).toMatchObject({ uploads: 2, withLine: 0, greatestMargin: null, nearest: [], tail: null });
  });

  it('expects as many more in a bank of a million hashes as that is larger', () => {
    const results = Array.from({ length: 1_000 }, (_, at) => resultOf([line('other', -0.05 - Math.log(1 + at) / 10)]));
    const { tail } = calibrationOf(results, banked, 250_000, 1);
    expect(tail?.peaks).toBe(20);
    expect(tail?.falseBlocksPerUploadUpper95).toBeGreaterThan(0);
    expect(tail?.falseBlocksPerUploadOfMillionUpper95).toBeCloseTo(4 * (tail?.falseBlocksPerUploadUpper95 ?? 0), 9);
  });
});
