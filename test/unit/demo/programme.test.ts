import { extname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownFilms, knownStills, unrelatedFilms, unrelatedStills } from '../../../src/demo/films.ts';
import { filmSize, knownWorks, planCopies, stillSize, unrelatedWorks } from '../../../src/demo/programme.ts';

const known = knownWorks(true);
const plans = planCopies(known);

describe('the programme', () => {
  it('has every film and still, or the stills alone where no video can be made', () => {
    const ids = (works: readonly { id: string }[]) => works.map((work) => work.id);
    expect(ids(known)).toEqual(ids([...knownFilms, ...knownStills]));
    expect(ids(unrelatedWorks(true))).toEqual(ids([...unrelatedFilms, ...unrelatedStills]));
    expect(ids(knownWorks(false))).toEqual(ids(knownStills));
    expect(ids(unrelatedWorks(false))).toEqual(ids(unrelatedStills));
  });

  it('edits each known work in every way: re-encoded, scaled, mirrored, and films trimmed as well', () => {
    for (const work of known) {
      const edits = plans.filter((plan) => plan.of === work).map((plan) => plan.edit);
      const still = ['re-encoded', 'scaled', 'mirrored'];
      expect(edits).toEqual(expect.arrayContaining(work.kind === 'film' ? [...still, 'trimmed'] : still));
    }
    expect(plans).toHaveLength(5 * knownFilms.length + 3 * knownStills.length);
    expect(planCopies(knownWorks(false)).every((plan) => plan.kind === 'still')).toBe(true);
  });

  it('does what its words say', () => {
    for (const { edit, edits } of plans) {
      expect('mirror' in edits && edits.mirror === true).toBe(edit.includes('mirrored'));
      expect('trimStartSeconds' in edits).toBe(edit.includes('trimmed'));
    }
  });

  it('gives no file twice, and puts no copy into the container of its original', () => {
    const files = [...known, ...unrelatedWorks(true), ...plans].map((each) => each.fileName);
    expect(new Set(files).size).toBe(files.length);
    for (const file of files) expect(file).toMatch(/^[a-z0-9.-]+$/);
    const reencoded = plans.filter((plan) => plan.edit === 're-encoded');
    expect(reencoded.filter((plan) => extname(plan.fileName) === extname(plan.of.fileName))).toEqual([]);
  });

  it('is the same each time', () => {
    expect(planCopies(knownWorks(true))).toEqual(plans);
  });

  it('makes pictures with even sides, as codecs ask for', () => {
    for (const side of [filmSize.width, filmSize.height, stillSize.width, stillSize.height]) expect(side % 2).toBe(0);
  });
});
