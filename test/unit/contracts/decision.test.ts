/** Goal: decisions that are in a log already stay readable, and what is nearly one is refused at the field at fault. */
import { describe, expect, it } from 'vitest';
import { Decision, reasons, unjudgedReasons } from '../../../src/contracts/decision.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { matchOf } from '../../support/decisions.ts';
import { goldenEvents, nearMiss } from '../../support/golden-events.ts';

const validator = validatorOf(Decision, 'the decision', 'internal');

describe('decisions', () => {
  it.each(goldenEvents('decision'))('are valid as they stand: $outcome, $reason', (decision) => {
    expect(validator.faults(decision)).toEqual([]);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['another outcome', '/outcome', { outcome: 'delete' }],
    ['another reason', '/reason', { reason: 'disliked' }],
    ['an observed outcome that lets through', '/observedOutcome', { observedOutcome: 'allow' }],
    ['revision 0', '/revision', { revision: 0 }],
    ['no event', '/eventId', { eventId: undefined }],
    ['an id that is no UUID', '/decisionId', { decisionId: 'one' }],
    ['no sampling at all', '/sampling', { sampling: undefined }],
    ['a bank position before the first', '/bankPosition', { bankPosition: -2 }],
    ['an unknown degradation', '/degraded/0', { degraded: ['tired'] }],
    ['a time that is none', '/decidedAt', { decidedAt: 'now' }],
    ['a view that is none', '/matches/0/view', { matches: [{ ...matchOf(), view: 'sideways' }] }],
    ['a distance over 256', '/matches/0/distanceBits', { matches: [matchOf({ distanceBits: 257 })] }],
    ['a misspelt field', '/verdict', { verdict: 'block' }],
  ])('are refused with %s', (_what, pointer, changes) => {
    expect(validator.faults(nearMiss('decision', changes)).map((fault) => fault.pointer)).toContain(pointer);
  });

  it('end their reasons with those that say that the content could not be judged', () => {
    expect(reasons.slice(-unjudgedReasons.length)).toEqual(unjudgedReasons);
  });
});
