/** An upload event that cannot be interpreted: kept whole, with a code, where it came from and which attempt it was. */
import Type, { type Static } from 'typebox';
import { limits } from '../config/limits.ts';
import { Timestamp } from './common.ts';

export const deadLetterCodes = ['invalid_json', 'invalid_event', 'missing_event_id', 'record_too_large'] as const;
export type DeadLetterCode = (typeof deadLetterCodes)[number];

const Place = (description: string) => Type.String({ pattern: '^[a-z-]+/\\d+/\\d+$', description });

/** The dead letter's value is the original value, unchanged; this stands in its headers, one by one, as `x-dlq-*`. */
export const DeadLetterFacts = Type.Object(
  {
    code: Type.Enum(deadLetterCodes, { description: 'What is wrong with the event; stable.' }),
    detail: Type.String({ description: 'For people: each fault with its JSON pointer.' }),
    sourceTopic: Type.String({ description: 'Short name of the topic that the record stood in.' }),
    sourcePartition: Type.Integer({ minimum: 0 }),
    sourceOffset: Type.Integer({ minimum: 0 }),
    origin: Place('Where the event stood at its first attempt: topic/partition/offset. It stays through replays.'),
    attempt: Type.Integer({ minimum: 1, description: '1 at first; one more with each replay that fails again.' }),
    appVersion: Type.String({ description: 'Version of Floodgate that could not interpret it.' }),
    at: Timestamp,
    cut: Type.Boolean({ description: 'The record was over the limit, and a part of it was left out.' }),
  },
  { $id: 'DeadLetterFacts', additionalProperties: false },
);
export type DeadLetterFacts = Static<typeof DeadLetterFacts>;

const DeadLetterId = Type.String({
  pattern: '^\\d{1,10}-\\d{1,16}$',
  description: 'Partition and offset of the dead letter.',
  examples: ['0-17'],
});

export const DeadLetterParams = Type.Object({ id: DeadLetterId });

const summaryFields = {
  id: DeadLetterId,
  key: Type.String({ description: 'Key of the record, as it was.' }),
  appendedAt: Timestamp,
  facts: Type.Unsafe<DeadLetterFacts>({ $ref: 'DeadLetterFacts#' }),
  valueBytes: Type.Integer({ minimum: 0 }),
};

export const DeadLetterSummary = Type.Object(summaryFields, { $id: 'DeadLetterSummary', additionalProperties: false });
export type DeadLetterSummary = Static<typeof DeadLetterSummary>;

export const DeadLetter = Type.Object(
  {
    ...summaryFields,
    headers: Type.Record(Type.String(), Type.String(), { description: 'Of the record, as they were.' }),
    value: Type.Union([Type.String(), Type.Null()]),
    valueEncoding: Type.Enum(['text', 'base64'], { description: 'base64 when the value is not UTF-8.' }),
  },
  { $id: 'DeadLetter', additionalProperties: false },
);
export type DeadLetter = Static<typeof DeadLetter>;

export const DeadLetterList = Type.Object(
  {
    items: Type.Array(Type.Unsafe<DeadLetterSummary>({ $ref: 'DeadLetterSummary#' }), { description: 'Newest first.' }),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'Opaque; null at the end. A page may hold fewer items than asked for, and none, before the end.',
    }),
  },
  { $id: 'DeadLetterList', additionalProperties: false },
);
export type DeadLetterList = Static<typeof DeadLetterList>;

export const DeadLetterListQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({
        pattern: '^\\d+-\\d+(\\.\\d+-\\d+)*$',
        maxLength: 32_768,
        description: 'nextCursor of the page before.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageItemsMax, default: 50 })),
    code: Type.Optional(Type.Enum(deadLetterCodes)),
  },
  { additionalProperties: false },
);

/** Body of POST /v1/dead-letters/{id}/replay; may be left out. */
export const DeadLetterReplay = Type.Object(
  {
    value: Type.Optional(Type.String({ description: 'A corrected value; without it, the original one.' })),
    valueEncoding: Type.Optional(Type.Enum(['text', 'base64'])),
  },
  { $id: 'DeadLetterReplay', additionalProperties: false },
);
export type DeadLetterReplay = Static<typeof DeadLetterReplay>;

export const DeadLetterReplayed = Type.Object(
  {
    id: DeadLetterId,
    attempt: Type.Integer({ minimum: 2 }),
    position: Type.Object({ partition: Type.Integer({ minimum: 0 }), offset: Type.Integer({ minimum: 0 }) }),
  },
  { $id: 'DeadLetterReplayed', additionalProperties: false },
);
export type DeadLetterReplayed = Static<typeof DeadLetterReplayed>;

/** Body of POST /v1/dead-letters/replay. */
export const DeadLettersReplay = Type.Object(
  {
    code: Type.Enum(deadLetterCodes),
    count: Type.Integer({
      minimum: 0,
      maximum: limits.deadLettersReplayedMax,
      description: 'How many events this will replay; another number is refused, and the right one is told.',
    }),
  },
  { $id: 'DeadLettersReplay', additionalProperties: false },
);
export type DeadLettersReplay = Static<typeof DeadLettersReplay>;

export const DeadLettersReplayed = Type.Object(
  { replayed: Type.Integer({ minimum: 0 }) },
  { $id: 'DeadLettersReplayed', additionalProperties: false },
);
export type DeadLettersReplayed = Static<typeof DeadLettersReplayed>;
