/** Bodies of the HTTP API that are not events themselves. */
import Type, { type Static, type TSchema } from 'typebox';
import { limits } from '../config/limits.ts';
import { BankAddition, BankContent } from './bank.ts';
import { BankName, ContentId, Outcome, Timestamp, UploadId } from './common.ts';
import {
  DeadLetter,
  DeadLetterFacts,
  DeadLetterList,
  DeadLetterReplay,
  DeadLetterReplayed,
  DeadLetterSummary,
  DeadLettersReplay,
  DeadLettersReplayed,
} from './dead-letter.ts';
import { Decision, Match, Reason } from './decision.ts';
import { Stream, StreamDecision } from './stream.ts';
import { UploadEvent } from './upload.ts';

/** Refers to a schema by its `$id`, so that the OpenAPI document describes it once; the type stays known. */
export function named<S extends TSchema>(schema: S & { $id?: string }) {
  return Type.Unsafe<Static<S>>({ $ref: `${schema.$id}#` });
}

/** Body of POST /v1/uploads: an upload event whose identity and time may be left to the service. */
export const UploadSubmission = Type.Object(
  {
    ...UploadEvent.properties,
    uploadId: Type.Optional(UploadId),
    uploadedAt: Type.Optional(Timestamp),
  },
  {
    $id: 'UploadSubmission',
    additionalProperties: false,
    description: 'Without uploadId one is made from the event id; without uploadedAt the time of receipt is taken.',
    examples: [{ uploadId: 'upload-8c1f', content: { uri: 'https://uploads.example/8c1f.mp4' } }],
  },
);
export type UploadSubmission = Static<typeof UploadSubmission>;

export const UploadAccepted = Type.Object(
  {
    uploadId: UploadId,
    eventId: Type.String({ description: 'ce_id of the event; the same id again changes nothing.' }),
    position: Type.Object({
      partition: Type.Integer({ minimum: 0 }),
      offset: Type.Integer({ minimum: 0 }),
    }),
    decision: Type.String({
      description: 'Where the decision will be found.',
      examples: ['/v1/decisions/upload-8c1f'],
    }),
  },
  { $id: 'UploadAccepted', additionalProperties: false },
);
export type UploadAccepted = Static<typeof UploadAccepted>;

export const DecisionList = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        sequence: Type.Integer({ minimum: 0, description: 'Id of this decision in the stream of decisions.' }),
        decision: named(Decision),
      }),
      { description: 'Newest first.' },
    ),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'Opaque; null at the end.' }),
  },
  { $id: 'DecisionList', additionalProperties: false },
);
export type DecisionList = Static<typeof DecisionList>;

export const BankList = Type.Object(
  {
    items: Type.Array(named(BankContent)),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'Opaque; null at the end.' }),
  },
  { $id: 'BankList', additionalProperties: false },
);
export type BankList = Static<typeof BankList>;

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    components: Type.Record(
      Type.String(),
      Type.Object({ ready: Type.Boolean(), why: Type.Union([Type.String(), Type.Null()]) }),
    ),
  },
  { $id: 'Readiness' },
);
export type Readiness = Static<typeof Readiness>;

/** The numbers of the live page. */
export const ServiceStatus = Type.Object(
  {
    version: Type.String(),
    uptimeSeconds: Type.Number({ minimum: 0 }),
    policyVersion: Type.String(),
    observeOnly: Type.Boolean({ description: 'Decisions are published, but none of them blocks.' }),
    uploadsConsumed: Type.Integer({ minimum: 0, description: 'Since the service started.' }),
    uploadsDecided: Type.Integer({ minimum: 0, description: 'Since the service started.' }),
    inflightUploads: Type.Integer({ minimum: 0 }),
    backlogUploads: Type.Integer({ minimum: 0, description: 'Uploads in the log without a decision.' }),
    backlogSeconds: Type.Number({ minimum: 0, description: 'Age of the oldest of them.' }),
    outcomes: Type.Object({
      block: Type.Integer({ minimum: 0 }),
      review: Type.Integer({ minimum: 0 }),
      allow: Type.Integer({ minimum: 0 }),
    }),
    bank: Type.Object({
      contents: Type.Integer({ minimum: 0 }),
      hashes: Type.Integer({ minimum: 0 }),
      position: Type.Integer({ minimum: -1 }),
    }),
    radiusBits: Type.Object(
      {
        frame: Type.Integer({ minimum: 0 }),
        aligned: Type.Integer({ minimum: 0 }),
        region: Type.Integer({ minimum: 0 }),
      },
      {
        description:
          'Greatest distances that match: of single frames, of frames that lie on a line in time, and of parts of such ' +
          'frames, whose pixels must bear them out.',
      },
    ),
    readiness: named(Readiness),
  },
  { $id: 'ServiceStatus' },
);
export type ServiceStatus = Static<typeof ServiceStatus>;

/** RFC 9457, application/problem+json. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'A page that explains the code.', examples: ['/docs/problems/invalid_event'] }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String({ description: 'The path that was asked for.' }),
    code: Type.String({ description: 'Stable; see docs/operations/errors.md.' }),
    requestId: Type.String({ description: 'Quote it when asking for help.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({
            description: 'JSON pointer into the body, or /query/, /params/ or /headers/ and a name.',
          }),
          message: Type.String(),
        }),
      ),
    ),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;

const Limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: limits.pageItemsMax, default: 50, description: 'Items in a page.' }),
);

export const UploadQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.String({
        pattern: '^\\d{1,2}(\\.\\d{1,3})?s?$',
        description: `Seconds to wait for the decision, 0 to ${limits.waitMsMax / 1000}, as "10" or "10s".`,
        examples: ['10'],
      }),
    ),
  },
  { additionalProperties: false },
);

export const DecisionQuery = Type.Object(
  {
    revision: Type.Optional(Type.Integer({ minimum: 1, description: 'Without it, the highest revision.' })),
  },
  { additionalProperties: false },
);

export const DecisionListQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: 'nextCursor of the page before.' })),
    limit: Limit,
    outcome: Type.Optional(Outcome),
    reason: Type.Optional(Reason),
    bank: Type.Optional(BankName),
    contentId: Type.Optional(ContentId),
    since: Type.Optional(Timestamp),
  },
  { additionalProperties: false },
);

export const BankListQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'nextCursor of the page before.' })),
    limit: Limit,
    bank: Type.Optional(BankName),
  },
  { additionalProperties: false },
);

export const StreamQuery = Type.Object(
  {
    lastEventId: Type.Optional(
      Type.String({ pattern: '^\\d{1,15}$', description: 'As the header Last-Event-ID, which wins.' }),
    ),
  },
  { additionalProperties: false },
);

/** What the OpenAPI document describes by name. */
export const namedSchemas: readonly TSchema[] = [
  UploadSubmission,
  UploadAccepted,
  Match,
  Decision,
  DecisionList,
  StreamDecision,
  Stream,
  BankAddition,
  BankContent,
  BankList,
  DeadLetterFacts,
  DeadLetterSummary,
  DeadLetter,
  DeadLetterList,
  DeadLetterReplay,
  DeadLetterReplayed,
  DeadLettersReplay,
  DeadLettersReplayed,
  Readiness,
  ServiceStatus,
  Problem,
];
