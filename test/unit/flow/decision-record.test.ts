import { describe, expect, it } from 'vitest';
import { Decision } from '../../../src/contracts/decision.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import type { Judgement } from '../../../src/decision/decide.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import { decisionIdOf } from '../../../src/flow/decision-id.ts';
import { composeDecision, type DecisionFacts, decisionRecord } from '../../../src/flow/decision-record.ts';
import { Examination } from '../../../src/flow/examination.ts';
import { matchOf } from '../../support/decisions.ts';
import { bankOf } from '../../support/fake-bank.ts';
import { uploadEvent, videoResult } from '../../support/pipeline-rig.ts';

const judgement: Judgement = { outcome: 'block', reason: 'matched', matches: [matchOf()], matchesCapped: false };

function factsOf(changes: Partial<DecisionFacts> = {}): DecisionFacts {
  const examination = new Examination({ bank: bankOf({ position: 41 }), policy: parsePolicy({}), elapsedMs: () => 0 });
  examination.end(videoResult({ degraded: ['decode_errors'] }));
  return {
    event: uploadEvent({ uploadedAt: '2026-11-22T11:00:00+01:00' }),
    eventId: 'event-9',
    revision: 3,
    judgement,
    examination,
    media: { kind: 'video' },
    policyVersion: 'default-1',
    kernelVersion: '1-test',
    consumedAtMs: Date.parse('2026-11-22T10:00:01Z'),
    decidedAtMs: Date.parse('2026-11-22T10:00:01.087Z'),
    ...changes,
  };
}

describe('composeDecision', () => {
  it('is valid, with times in UTC and every version that took part', () => {
    const decision = composeDecision(factsOf());
    expect(validatorOf(Decision, 'the decision', 'internal').faults(decision)).toEqual([]);
    expect(decision).toMatchObject({
      decisionId: decisionIdOf('upload-1', 3),
      revision: 3,
      eventId: 'event-9',
      bankPosition: 41,
      eventTime: '2026-11-22T10:00:00.000Z',
      decidedAt: '2026-11-22T10:00:01.087Z',
      decisionMs: 87,
      degraded: ['decode_errors'],
    });
  });

  it('leaves out what is not there', () => {
    const decision = composeDecision(factsOf());
    for (const absent of ['observedOutcome', 'detail', 'uploaderId', 'context'])
      expect(decision).not.toHaveProperty(absent);
  });

  it('echoes what the event carries and says what would have been', () => {
    const event = uploadEvent({ uploaderId: 'user-7', context: { room: 'lobby' } });
    const decision = composeDecision(factsOf({ event, judgement: { ...judgement, observedOutcome: 'block' } }));
    expect(decision).toMatchObject({ uploaderId: 'user-7', context: { room: 'lobby' }, observedOutcome: 'block' });
  });

  it('says so when there were more matches than it may name', () => {
    const capped = composeDecision(factsOf({ judgement: { ...judgement, matchesCapped: true } }));
    expect(capped.degraded).toEqual(['decode_errors', 'hits_capped']);
  });

  it('never takes less than no time, whatever the clock does', () => {
    expect(composeDecision(factsOf({ decidedAtMs: 5, consumedAtMs: 9 })).decisionMs).toBe(0);
  });
});

describe('decisionRecord', () => {
  it('is a CloudEvent under the upload’s key, with the id of the decision', () => {
    const decision = composeDecision(factsOf());
    const record = decisionRecord(decision);
    expect(record).toMatchObject({
      topic: 'decisions',
      key: 'upload-1',
      headers: { ce_id: decision.decisionId, ce_subject: 'upload-1', ce_time: decision.decidedAt },
    });
    expect(JSON.parse(Buffer.from(record.value ?? []).toString('utf8'))).toEqual(decision);
  });
});
