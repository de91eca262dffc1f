/** Known content, as it stands in the bank log (one record a part) and as it is added and listed over HTTP. */
import Type, { type Static } from 'typebox';
import { limits } from '../config/limits.ts';
import { BankName, ContentId, HashedFrame, Labels, MediaKind, Sha256Hex, Timestamp } from './common.ts';

/** One part of one revision of known content: the value of a bank record. Key: `bankRecordKey(contentId, part)`. */
export const BankRecord = Type.Object(
  {
    contentId: ContentId,
    bank: BankName,
    revision: Type.Integer({ minimum: 1 }),
    part: Type.Integer({ minimum: 0 }),
    parts: Type.Integer({ minimum: 1 }),
    labels: Labels,
    kind: MediaKind,
    sha256: Type.Optional(Sha256Hex),
    durationMs: Type.Integer({ minimum: 0, description: '0 for an image.' }),
    framesPerSecond: Type.Number({ minimum: 0 }),
    frames: Type.String({
      description: 'Frames of this part and views of them, packed (contracts/packed-frames.ts), base64.',
    }),
    aspect: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Width over height, of deep content.' })),
    thumbnails: Type.Optional(
      Type.String({
        description:
          'Small pictures of frames, packed: the time in milliseconds (u32) and 32 x 32 gray pixels, base64.',
      }),
    ),
    addedAt: Timestamp,
  },
  { $id: 'BankRecord', additionalProperties: false },
);
export type BankRecord = Static<typeof BankRecord>;

/** The key of a bank record: compaction keeps the newest part of each content. '#' cannot be confused, it is last. */
export function bankRecordKey(contentId: string, part: number): string {
  return `${contentId}#${part}`;
}

/** Body of POST /v1/bank. Exactly one of uri, frames, or a file part in multipart. */
export const BankAddition = Type.Object(
  {
    contentId: Type.Optional(ContentId),
    bank: Type.Optional(BankName),
    labels: Type.Optional(Labels),
    uri: Type.Optional(Type.String({ maxLength: limits.uriCharsMax, pattern: '^(https?|s3|file)://.+' })),
    frames: Type.Optional(Type.Array(HashedFrame, { minItems: 1, maxItems: limits.uploadFramesMax })),
    durationMs: Type.Optional(Type.Integer({ minimum: 0 })),
    sha256: Type.Optional(Sha256Hex),
  },
  { $id: 'BankAddition', additionalProperties: false },
);
export type BankAddition = Static<typeof BankAddition>;

/** What the API says of one content of a bank. */
export const BankContent = Type.Object(
  {
    contentId: ContentId,
    bank: BankName,
    revision: Type.Integer({ minimum: 1 }),
    labels: Labels,
    kind: MediaKind,
    sha256: Type.Optional(Sha256Hex),
    durationSeconds: Type.Number({ minimum: 0 }),
    framesPerSecond: Type.Number({ minimum: 0 }),
    framesIndexed: Type.Integer({ minimum: 0 }),
    framesLowQuality: Type.Integer({ minimum: 0, description: 'Left out: below the least frame quality.' }),
    viewsIndexed: Type.Integer({
      minimum: 0,
      description: 'Hashes of parts of its frames; 0: plain content, of which only the whole frame is recognised.',
    }),
    addedAt: Timestamp,
    bankPosition: Type.Integer({ minimum: 0, description: 'Offset at which this revision became searchable.' }),
  },
  { $id: 'BankContent', additionalProperties: false },
);
export type BankContent = Static<typeof BankContent>;
