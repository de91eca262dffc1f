/** An upload event that cannot be interpreted: kept whole, with a code and where it came from. */
import Type, { type Static } from 'typebox';
import { Timestamp } from './common.ts';

export const deadLetterCodes = ['invalid_json', 'invalid_event', 'missing_event_id', 'record_too_large'] as const;
export type DeadLetterCode = (typeof deadLetterCodes)[number];

/** The dead letter's value is the original value, unchanged; this stands in its headers, one by one, as `x-dlq-*`. */
export const DeadLetterFacts = Type.Object(
  {
    code: Type.Enum(deadLetterCodes),
    detail: Type.String(),
    sourceTopic: Type.String(),
    sourcePartition: Type.Integer({ minimum: 0 }),
    sourceOffset: Type.Integer({ minimum: 0 }),
    at: Timestamp,
  },
  { $id: 'DeadLetterFacts', additionalProperties: false },
);
export type DeadLetterFacts = Static<typeof DeadLetterFacts>;
