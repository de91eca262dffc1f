/** The decision on a stream as it is published, and the record that carries it. */
import { cloudEventRecord } from '../contracts/cloud-events.ts';
import type { Decision } from '../contracts/decision.ts';
import type { SegmentsSeen, StreamDecision } from '../contracts/stream.ts';
import { streamDecisionIdOf } from '../flow/decision-id.ts';
import type { NewRecord } from '../log/log.ts';
import type { StreamJudgement } from './judge-stream.ts';

export interface StreamDecisionFacts {
  readonly judgement: StreamJudgement;
  readonly revision: number;
  readonly segments: SegmentsSeen;
  /** On the segment that tipped it. */
  readonly decision: Decision;
  readonly stream: { readonly id: string; readonly sequence: number };
  readonly capped: boolean;
}

export function composeStreamDecision(facts: StreamDecisionFacts): StreamDecision {
  const { decision, revision, stream, segments } = facts;
  const { matchesCapped, ...judgement } = facts.judgement;
  const degraded = new Set(decision.degraded);
  if (facts.capped || matchesCapped) degraded.add('hits_capped');
  return {
    decisionId: streamDecisionIdOf(stream.id, revision),
    streamId: stream.id,
    revision,
    ...judgement,
    segments,
    uploadId: decision.uploadId,
    eventId: decision.eventId,
    sequence: stream.sequence,
    bankPosition: decision.bankPosition,
    policyVersion: decision.policyVersion,
    kernelVersion: decision.kernelVersion,
    degraded: [...degraded],
    eventTime: decision.eventTime,
    decidedAt: decision.decidedAt,
  };
}

export function streamDecisionRecord(decision: StreamDecision): NewRecord {
  return cloudEventRecord('stream-decisions', decision.streamId, decision, {
    id: decision.decisionId,
    source: '/floodgate',
    subject: decision.streamId,
    time: decision.decidedAt,
  });
}
