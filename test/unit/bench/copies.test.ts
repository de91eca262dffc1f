// Goal: the bench submits the same copies for the same seed, each of them with the edit that it is counted under.
import { describe, expect, it } from 'vitest';
import type { MediaMaker } from '../../../src/demo/media-maker.ts';
import { type CopyPlan, type FailedCopy, makeCopies, planCopies } from '../../bench/copies.ts';
import type { MediaItem } from '../../bench/media-set.ts';

function video(durationSeconds: number, height = 720): MediaItem {
  const id = `clip of ${durationSeconds} s`;
  const common = { source: '', subject: '', contentId: id, width: 0 };
  return { ...common, id, kind: 'video', path: `/media/${id}.mp4`, durationSeconds, height };
}
const image: MediaItem = { ...video(0), id: 'photo', kind: 'image', path: '/media/photo.jpg' };

function planOf(original: MediaItem, edit: string, seed = 1): CopyPlan {
  return planCopies(original, seed).find((plan) => plan.edit === edit) ?? expect.fail(`no ${edit} copy`);
}

describe('planCopies', () => {
  it('gives four copies of a video and three of an image, under names that differ', () => {
    const plans = [...planCopies(video(10), 1), ...planCopies(video(11), 1), ...planCopies(image, 1)];
    expect(plans.map((plan) => plan.edit)).toEqual([
      ...['re-encoded', 'rescaled', 'trimmed', 'mirrored'],
      ...['re-encoded', 'rescaled', 'trimmed', 'mirrored'],
      ...['re-encoded', 'rescaled', 'mirrored'],
    ]);
    expect(new Set(plans.map((plan) => plan.name)).size).toBe(plans.length);
  });

  it('repeats itself by seed and differs between seeds', () => {
    expect(planCopies(video(10), 7)).toEqual(planCopies(video(10), 7));
    expect(planCopies(video(10), 7)).not.toEqual(planCopies(video(10), 8));
  });

  it('makes a rescaled copy smaller than its original, and changes nothing else', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { edits } = planOf(video(10, 290), 'rescaled', seed);
      expect(edits).toMatchObject({ scale: { factor: 0.6 } });
      expect(edits).not.toHaveProperty('mirror');
    }
  });

  it('trims about a third off the start, and leaves three seconds where there are that many', () => {
    for (const seconds of [0.9, 2, 3.4, 4, 8, 140]) {
      for (let seed = 0; seed < 20; seed++) {
        const plan = planOf(video(seconds), 'trimmed', seed);
        const { trimStartSeconds = 0, trimEndSeconds = 0 } = plan.kind === 'video' ? plan.edits : {};
        const kept = seconds - trimStartSeconds - trimEndSeconds;
        expect(trimStartSeconds).toBeGreaterThan(0);
        expect(kept).toBeGreaterThan(Math.min(2.95, seconds * 0.45));
        if (seconds >= 8) expect(trimStartSeconds / seconds).toBeGreaterThan(0.25);
      }
    }
  });

  it('mirrors the mirrored ones', () => {
    expect(planOf(video(10), 'mirrored').edits).toMatchObject({ mirror: true });
    expect(planOf(image, 'mirrored').edits).toMatchObject({ mirror: true });
  });
});

describe('makeCopies', () => {
  const refused = async (): Promise<never> => {
    throw new Error('not here');
  };

  it('yields in order, makes only a few ahead, and goes on past an original that cannot be copied', async () => {
    let asked = 0;
    const maker: MediaMaker = {
      videoAvailable: async () => true,
      renderFilm: refused,
      renderStill: refused,
      transcode: refused,
      async editImage({ input, output }) {
        asked += 1;
        if (input.includes('broken')) throw new Error('broken file');
        return { path: output, bytes: 1, width: 1, height: 1 };
      },
      close: async () => {},
    };
    const plans = ['a', 'broken', 'c', 'd'].flatMap((id) => planCopies({ ...image, id, path: `/media/${id}` }, 1));
    const failures: FailedCopy[] = [];
    const copies = makeCopies({
      maker,
      plans,
      folder: '/copies',
      ahead: 2,
      onFailure: (failed) => failures.push(failed),
    });
    const first = await copies.next();
    expect(first.value).toMatchObject({ plan: plans[0] });
    expect(asked).toBeLessThanOrEqual(4);
    const rest: CopyPlan[] = [];
    for await (const copy of copies) rest.push(copy.plan);
    expect(rest).toEqual([...plans.slice(1, 3), ...plans.slice(6)]);
    expect(failures.map((failed) => failed.plan)).toEqual(plans.slice(3, 6));
  });
});
