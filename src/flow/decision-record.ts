/** The decision of an upload as it is published, and the record that carries it. */
import { cloudEventRecord } from '../contracts/cloud-events.ts';
import type { Decision, MediaFacts } from '../contracts/decision.ts';
import type { UploadEvent } from '../contracts/upload.ts';
import type { Judgement } from '../decision/decide.ts';
import type { NewRecord } from '../log/log.ts';
import { decisionIdOf } from './decision-id.ts';
import type { Examination } from './examination.ts';

export interface DecisionFacts {
  readonly event: UploadEvent;
  readonly eventId: string;
  readonly revision: number;
  readonly judgement: Judgement;
  readonly examination: Examination;
  readonly media: MediaFacts;
  readonly policyVersion: string;
  readonly kernelVersion: string;
  readonly consumedAtMs: number;
  readonly decidedAtMs: number;
}

export function composeDecision(facts: DecisionFacts): Decision {
  const { event, judgement, examination } = facts;
  const degraded = examination.degraded();
  if (judgement.matchesCapped && !degraded.includes('hits_capped')) degraded.push('hits_capped');
  return {
    decisionId: decisionIdOf(event.uploadId, facts.revision),
    uploadId: event.uploadId,
    revision: facts.revision,
    eventId: facts.eventId,
    outcome: judgement.outcome,
    reason: judgement.reason,
    ...(judgement.observedOutcome === undefined ? {} : { observedOutcome: judgement.observedOutcome }),
    ...(examination.detail === undefined ? {} : { detail: examination.detail }),
    matches: [...judgement.matches],
    sampling: examination.sampling(),
    media: facts.media,
    bankPosition: examination.bankPosition,
    policyVersion: facts.policyVersion,
    kernelVersion: facts.kernelVersion,
    degraded,
    ...(event.stream === undefined ? {} : { stream: event.stream }),
    ...(event.uploaderId === undefined ? {} : { uploaderId: event.uploaderId }),
    ...(event.context === undefined ? {} : { context: event.context }),
    eventTime: new Date(event.uploadedAt).toISOString(),
    decidedAt: new Date(facts.decidedAtMs).toISOString(),
    decisionMs: Math.max(0, Math.round(facts.decidedAtMs - facts.consumedAtMs)),
  };
}

export function decisionRecord(decision: Decision): NewRecord {
  return cloudEventRecord('decisions', decision.uploadId, decision, {
    id: decision.decisionId,
    source: '/floodgate',
    subject: decision.uploadId,
    time: decision.decidedAt,
  });
}
