/** A live stream: its decision, what is kept of each of its segments, and what HTTP tells of it. */
import Type, { type Static } from 'typebox';
import { ContentId, Outcome, Sha256Hex, StreamId, StreamPlace, Timestamp, UploadId } from './common.ts';
import { degradations, Match } from './decision.ts';

/** A stream is decided by what matched. What could not be judged is said of the segment that it was. */
export const streamReasons = ['exact_copy', 'matched', 'near_match', 'no_match'] as const;
export type StreamReason = (typeof streamReasons)[number];

/** Which segments of a stream have been seen. */
export const SegmentsSeen = Type.Object(
  {
    firstSequence: Type.Integer({ minimum: 0 }),
    lastSequence: Type.Integer({ minimum: 0 }),
    count: Type.Integer({ minimum: 1, description: 'Sequences seen, each once.' }),
    missing: Type.Integer({ minimum: 0, description: 'Sequences between first and last that have not come.' }),
  },
  { additionalProperties: false },
);
export type SegmentsSeen = Static<typeof SegmentsSeen>;

export const StreamDecision = Type.Object(
  {
    decisionId: Type.String({ format: 'uuid', description: 'Deterministic: UUIDv5 of the stream and the revision.' }),
    streamId: StreamId,
    revision: Type.Integer({
      minimum: 1,
      description: 'Counts the decisions on this stream, from 1; the highest counts.',
    }),
    outcome: Outcome,
    reason: Type.Enum(streamReasons, { description: 'Why the outcome is what it is; see docs/concepts.md.' }),
    observedOutcome: Type.Optional(
      Type.Union([Type.Literal('block'), Type.Literal('review')], {
        description: 'In observe-only mode: what the outcome would have been. The outcome itself is then allow.',
      }),
    ),
    decidedBy: Type.Array(ContentId, {
      description: 'The known content that the outcome is owed to. Another outcome or other content is a new revision.',
    }),
    matches: Type.Array(Match, {
      description: 'Best first. Seconds of the upload are seconds of the stream, from its first segment seen.',
    }),
    segments: SegmentsSeen,
    uploadId: UploadId,
    eventId: Type.String({ description: 'ce_id of the upload event of that segment.' }),
    sequence: Type.Integer({ minimum: 0, description: 'The segment that tipped it.' }),
    bankPosition: Type.Integer({ minimum: -1, description: 'Offset of the last bank change taken into account.' }),
    policyVersion: Type.String(),
    kernelVersion: Type.String(),
    degraded: Type.Array(Type.Enum(degradations)),
    eventTime: Timestamp,
    decidedAt: Timestamp,
  },
  { $id: 'StreamDecision', additionalProperties: false },
);
export type StreamDecision = Static<typeof StreamDecision>;

/** What a segment leaves behind: enough to go on with its stream in another process, without its bytes. */
export const Fingerprint = Type.Object(
  {
    uploadId: UploadId,
    revision: Type.Integer({ minimum: 1 }),
    eventId: Type.String(),
    stream: StreamPlace,
    receivedAt: Type.String({ format: 'date-time', description: 'When the log got the upload event.' }),
    durationMs: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: 'Null when it is not known.' }),
    sha256: Type.Optional(Sha256Hex),
    framesSampled: Type.Integer({ minimum: 0 }),
    frames: Type.String({
      contentEncoding: 'base64',
      description: 'Frames of 264 bytes: time in milliseconds (u32, little-endian), quality (u8), 3 zeros, 8 hashes.',
    }),
    streamTimeMs: Type.Integer({ minimum: 0, description: 'Where the segment begins on the axis of its stream.' }),
    segments: SegmentsSeen,
  },
  { $id: 'Fingerprint', additionalProperties: false },
);
export type Fingerprint = Static<typeof Fingerprint>;

/** Answer of GET /v1/streams/{streamId}. */
export const Stream = Type.Object(
  {
    streamId: StreamId,
    decision: Type.Union([Type.Unsafe<StreamDecision>({ $ref: 'StreamDecision#' }), Type.Null()], {
      description: 'The latest; null while nothing has been decided, which means allow.',
    }),
    live: Type.Union(
      [
        Type.Object({ segments: SegmentsSeen, lastSegmentAt: Timestamp, seconds: Type.Number({ minimum: 0 }) }),
        Type.Null(),
      ],
      { description: 'What this process sees of it now; null when another process works on it, or nobody does.' },
    ),
  },
  { $id: 'Stream', additionalProperties: false },
);
export type Stream = Static<typeof Stream>;

export const StreamParams = Type.Object({ streamId: StreamId });
