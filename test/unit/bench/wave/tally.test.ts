// Goal: no copy that got through and no clip that was wrongly stopped is counted as something better.
import { expect, it } from 'vitest';
import { type Decided, type Offered, spreadOf, tallyOf } from '../../../bench/wave/tally.ts';

const blocked: Decided = { atMs: 100, outcome: 'block', reason: 'matched', degraded: [], isIncident: true };

function upload(kind: Offered['kind'], decided?: Partial<Decided>, dueMs = 0): Offered {
  const made = decided === undefined ? {} : { decided: { ...blocked, ...decided } };
  return { uploadId: 'u', kind, about: `${kind} file`, dueMs, ...made };
}

it('counts copies blocked, held and let through, and unrelated clips stopped', () => {
  const tally = tallyOf([
    upload('edited', {}),
    upload('edited', { outcome: 'review', reason: 'near_match' }),
    upload('edited', { outcome: 'allow', reason: 'no_match', degraded: ['regions_shed'] }),
    upload('identical', { reason: 'exact_copy' }),
    upload('unrelated', { outcome: 'allow', reason: 'no_match', isIncident: false }),
    upload('unrelated', { outcome: 'block' }),
  ]);
  expect(tally).toMatchObject({ offered: 6, decided: 6, lost: 0, recall: 0.5, leaked: 1, held: 1, falseBlocks: 1 });
  expect(tally.recallEdited).toBeCloseTo(1 / 3);
  expect(tally.missedReasons).toEqual({ 'review near_match': 1, 'allow no_match': 1 });
  expect(tally.degradations).toEqual({ regions_shed: 1 });
  expect(tally.wrongFiles).toEqual({ 'block unrelated file': 1 });
});

it('does not count a copy as caught that was blocked as something else', () => {
  expect(tallyOf([upload('edited', { isIncident: false })]).recall).toBe(0);
});

it('counts what has no decision as lost, and not among the latencies', () => {
  expect(tallyOf([upload('edited', { atMs: 70 }, 20), upload('edited')])).toMatchObject({ lost: 1, p99Ms: 50 });
});

it('names the files of the slowest two in a hundred', () => {
  const quick = Array.from({ length: 98 }, (_, place) => upload('edited', { atMs: 100 + place }));
  const tally = tallyOf([...quick, upload('unrelated', { atMs: 900 }), upload('identical', { atMs: 950 })]);
  expect(tally.slowFiles).toEqual({ 'unrelated file': 1, 'identical file': 1 });
});

it('tells how far a quantile is spread over the parts of a stage', () => {
  const uploads = [100, 100, 400, 400, 200, 200].map((atMs) => upload('edited', { atMs }));
  expect(spreadOf(uploads, 0.5, 3)).toEqual([100, 400]);
});
