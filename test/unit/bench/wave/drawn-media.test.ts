// Goal: without real media the wave is still one of many different copies, the same ones for the same seed.
import { expect, it } from 'vitest';
import { planEdits } from '../../../bench/wave/drawn-media.ts';

const wishes = { seed: 1, copies: 60, unrelated: 6, incident: undefined, drawn: true };

it('plans copies of 480p to 720p under names that differ', () => {
  const plans = planEdits(wishes);
  expect(new Set(plans.map(({ name }) => name)).size).toBe(60);
  const heights = plans.map(({ edits }) =>
    edits.scale !== undefined && 'height' in edits.scale ? edits.scale.height : 0,
  );
  expect(new Set(heights)).toEqual(new Set([480, 600, 720]));
});

it('repeats itself by seed, and plans the first copies the same however many there are', () => {
  expect(planEdits({ ...wishes, copies: 8 })).toEqual(planEdits(wishes).slice(0, 8));
  expect(planEdits({ ...wishes, seed: 2 })).not.toEqual(planEdits(wishes));
});
