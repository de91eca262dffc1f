/** What Floodgate publishes for each upload: the outcome, why, the evidence, and every version that took part. */
import Type, { type Static } from 'typebox';
import {
  BankName,
  ContentId,
  dihedralNames,
  Labels,
  MediaKind,
  Outcome,
  Sha256Hex,
  StreamPlace,
  Timestamp,
  UploadId,
} from './common.ts';

/** Why content could not be judged, or not to its end. It never means "no match". */
export const unjudgedReasons = [
  'no_detail',
  'unsupported',
  'undecodable',
  'too_large',
  'timed_out',
  'forbidden_source',
  'unreachable',
  'digest_mismatch',
  'shed',
] as const;
export type UnjudgedReason = (typeof unjudgedReasons)[number];

export const reasons = ['exact_copy', 'matched', 'near_match', 'no_match', ...unjudgedReasons] as const;
export const Reason = Type.Enum(reasons, {
  description: 'Why the outcome is what it is; see docs/concepts.md.',
});
export type Reason = (typeof reasons)[number];

export const TimeSegment = Type.Object(
  {
    startSeconds: Type.Number({ minimum: 0 }),
    endSeconds: Type.Number({ minimum: 0 }),
  },
  {
    additionalProperties: false,
    description:
      'The stretch that matches: along the line in time to the ends of either content, or halfway to the nearest frame ' +
      'that was looked at and did not match.',
  },
);
export type TimeSegment = Static<typeof TimeSegment>;

const share = () => Type.Number({ minimum: -1, maximum: 2 });

/** A part of a picture, in shares of its width and height; it may reach beyond the picture's edge. */
export const PictureRegion = Type.Object(
  { left: share(), top: share(), width: share(), height: share(), degrees: Type.Number() },
  {
    additionalProperties: false,
    description:
      'The part of the picture that matched, in shares of its width and height, turned clockwise about its centre. ' +
      'Absent when whole frames matched.',
  },
);
export type PictureRegion = Static<typeof PictureRegion>;

export const Match = Type.Object(
  {
    contentId: ContentId,
    bank: BankName,
    labels: Labels,
    contentRevision: Type.Integer({ minimum: 1 }),
    kind: Type.Union([Type.Literal('exact'), Type.Literal('aligned'), Type.Literal('frame')], {
      description: 'exact: the same bytes. aligned: frames that lie on a line in time. frame: one frame against one.',
    }),
    view: Type.Enum(dihedralNames, { description: 'Which of the eight rotations and flips of the upload matched.' }),
    distanceBits: Type.Integer({ minimum: 0, maximum: 256, description: 'Least distance among the frames.' }),
    medianDistanceBits: Type.Integer({ minimum: 0, maximum: 256 }),
    framesMatched: Type.Integer({ minimum: 0 }),
    distinctFrames: Type.Integer({
      minimum: 0,
      description: 'Frames that differ from each other; a still picture counts once.',
    }),
    score: Type.Number({ minimum: 0, description: 'Weight of the evidence, as the policy judged it.' }),
    speed: Type.Number({ description: 'Known seconds that pass in one second of the upload.' }),
    upload: TimeSegment,
    known: TimeSegment,
    knownDurationSeconds: Type.Number({ minimum: 0, description: 'Of the whole known content; 0 for an image.' }),
    matchedSeconds: Type.Number({ minimum: 0, description: 'Seconds of the upload between frames that matched.' }),
    uploadRegion: Type.Optional(PictureRegion),
    knownRegion: Type.Optional(PictureRegion),
    negative: Type.Optional(
      Type.Literal(true, { description: 'The upload shows the known picture as a negative. Absent otherwise.' }),
    ),
    pixelAgreement: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'How much of the known detail the pixels of the upload show, brought over each other.',
      }),
    ),
    residualAgreement: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'The same without all that rows and columns tell, as boxes and bars; what blocks goes by the lesser. Absent where little agrees.',
      }),
    ),
    likeness: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 3,
        description: 'What hashes, pixels and changes say together; the policy judges a match with pixels by it.',
      }),
    ),
    changeAgreement: Type.Optional(
      Type.Number({
        minimum: -1,
        maximum: 1,
        description: 'How far the upload changes over time as the known content does. Absent where it stands still.',
      }),
    ),
  },
  { $id: 'Match', additionalProperties: false },
);
export type Match = Static<typeof Match>;

export const Sampling = Type.Object(
  {
    framesSampled: Type.Integer({ minimum: 0 }),
    framesUsable: Type.Integer({ minimum: 0, description: 'Frames whose quality reached the least frame quality.' }),
    durationSeconds: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
    largestGapSeconds: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
      description: 'The longest stretch of the content in which no frame was looked at.',
    }),
    complete: Type.Boolean({ description: 'False when sampling stopped early because the evidence decided.' }),
  },
  { additionalProperties: false },
);
export type Sampling = Static<typeof Sampling>;

export const MediaFacts = Type.Object(
  {
    kind: MediaKind,
    container: Type.Optional(Type.String()),
    codec: Type.Optional(Type.String()),
    width: Type.Optional(Type.Integer({ minimum: 0 })),
    height: Type.Optional(Type.Integer({ minimum: 0 })),
    bytes: Type.Optional(Type.Integer({ minimum: 0 })),
    sha256: Type.Optional(Sha256Hex),
  },
  { additionalProperties: false },
);
export type MediaFacts = Static<typeof MediaFacts>;

/** What made a decision weaker than it would be on a good day. */
export const degradations = [
  'truncated_content',
  'decode_errors',
  'hits_capped',
  'frames_capped',
  'video_backend_missing',
  'second_look_shed',
  'far_regions_shed',
  'regions_shed',
  'frames_shed',
] as const;
export type Degradation = (typeof degradations)[number];

export const Decision = Type.Object(
  {
    decisionId: Type.String({ format: 'uuid', description: 'Deterministic: UUIDv5 of uploadId and revision.' }),
    uploadId: UploadId,
    revision: Type.Integer({ minimum: 1, description: 'Counts the upload events with this uploadId, from 1.' }),
    eventId: Type.String({ description: 'ce_id of the upload event that was decided.' }),
    outcome: Outcome,
    reason: Reason,
    observedOutcome: Type.Optional(
      Type.Union([Type.Literal('block'), Type.Literal('review')], {
        description: 'In observe-only mode: what the outcome would have been. The outcome itself is then allow.',
      }),
    ),
    detail: Type.Optional(Type.String({ description: 'One sentence for people, for example why decoding failed.' })),
    matches: Type.Array(Match, { description: 'Best first.' }),
    sampling: Type.Union([Sampling, Type.Null()], { description: 'Null when no frame had to be looked at.' }),
    media: MediaFacts,
    bankPosition: Type.Integer({ minimum: -1, description: 'Offset of the last bank change taken into account.' }),
    policyVersion: Type.String(),
    kernelVersion: Type.String(),
    degraded: Type.Array(Type.Enum(degradations)),
    stream: Type.Optional(StreamPlace),
    uploaderId: Type.Optional(Type.String()),
    context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    eventTime: Timestamp,
    decidedAt: Timestamp,
    decisionMs: Type.Integer({ minimum: 0, description: 'From consuming the event to the decision, milliseconds.' }),
  },
  { $id: 'Decision', additionalProperties: false },
);
export type Decision = Static<typeof Decision>;
