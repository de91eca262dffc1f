/** The checker of the chaos run finds what it is there to find. */
import { describe, expect, it } from 'vitest';
import { judge, type SeenDecision } from '../../chaos/verdict.ts';

const sent = [
  { eventId: 'a/1', uploadId: 'a' },
  { eventId: 'b/1', uploadId: 'b' },
  { eventId: 'b/2', uploadId: 'b' },
];

function decision(uploadId: string, revision: number, changes: Partial<SeenDecision> = {}): SeenDecision {
  const eventId = `${uploadId}/${revision}`;
  return { decisionId: `${uploadId}-${revision}`, uploadId, revision, eventId, outcome: 'allow', ...changes };
}

const whole = [decision('a', 1), decision('b', 1), decision('b', 2)];
const clean = { duplicates: 0, duplicatesUnderOtherIds: 0, conflictingDecisions: 0, lost: 0, outOfOrder: 0 };

describe('the verdict on a chaos run', () => {
  it('is clean when every event has its decision or its dead letter', () => {
    expect(judge(sent, whole, [])).toEqual({ ...clean, decided: 3, deadLetters: 0 });
    expect(judge(sent, whole.slice(1), ['a/1'])).toEqual({ ...clean, decided: 2, deadLetters: 1 });
  });

  it('finds an event without either', () => {
    expect(judge(sent, whole.slice(1), []).lost).toBe(1);
  });

  it('finds a decision that is there twice, and one that differs', () => {
    expect(judge(sent, [...whole, decision('a', 1)], [])).toMatchObject({ duplicates: 1, conflictingDecisions: 0 });
    const other = decision('a', 1, { outcome: 'block' });
    expect(judge(sent, [...whole, other], [])).toMatchObject({ duplicates: 1, conflictingDecisions: 1 });
  });

  it('finds an event that was decided under two ids, and a dead letter that is there twice', () => {
    const again = decision('a', 2, { eventId: 'a/1' });
    expect(judge(sent, [...whole, again], [])).toMatchObject({ duplicates: 1, duplicatesUnderOtherIds: 1 });
    expect(judge(sent, whole.slice(1), ['a/1', 'a/1']).duplicates).toBe(1);
  });

  it('finds revisions that are not in the order of their events', () => {
    const [a, first, second] = whole;
    if (a === undefined || first === undefined || second === undefined) throw new Error('decisions are missing');
    expect(judge(sent, [a, second, first], []).outOfOrder).toBe(1);
    const swapped = [decision('b', 1, { eventId: 'b/2' }), decision('b', 2, { eventId: 'b/1' })];
    expect(judge(sent, [a, ...swapped], []).outOfOrder).toBe(1);
  });
});
