/** The event that an upload service publishes for each upload. */
import Type, { type Static } from 'typebox';
import { limits } from '../config/limits.ts';
import { HashedFrame, Sha256Hex, StreamPlace, Timestamp, UploadId } from './common.ts';

const FromUri = Type.Object(
  {
    uri: Type.String({
      minLength: 1,
      maxLength: limits.uriCharsMax,
      pattern: '^(https?|s3|file)://.+',
      description: 'Where the bytes are: http, https, s3 or file.',
      examples: ['https://uploads.example/8c1f.mp4'],
    }),
  },
  { additionalProperties: false },
);

const Inline = Type.Object(
  {
    inline: Type.String({
      minLength: 4,
      maxLength: Math.ceil(limits.inlineBytesMax / 3) * 4,
      pattern: '^[A-Za-z0-9+/]+={0,2}$',
      description: 'The bytes themselves, base64.',
    }),
  },
  { additionalProperties: false },
);

const Frames = Type.Object(
  {
    frames: Type.Array(HashedFrame, {
      minItems: 1,
      maxItems: limits.uploadFramesMax,
      description: 'Hashes that the upload service has computed itself, in order of time.',
    }),
    durationMs: Type.Optional(Type.Integer({ minimum: 0, description: 'Duration of a video; absent for an image.' })),
  },
  { additionalProperties: false },
);

export const UploadContent = Type.Union([FromUri, Inline, Frames], {
  description: 'Exactly one of: uri, inline, frames.',
});
export type UploadContent = Static<typeof UploadContent>;

export const UploadEvent = Type.Object(
  {
    uploadId: UploadId,
    content: UploadContent,
    sha256: Type.Optional(Sha256Hex),
    mediaType: Type.Optional(
      Type.String({ maxLength: 127, pattern: '^[!-~]+/[!-~]+$', description: 'A hint only; the bytes are sniffed.' }),
    ),
    uploaderId: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Opaque.' })),
    uploadedAt: Timestamp,
    stream: Type.Optional(StreamPlace),
    context: Type.Optional(
      Type.Record(Type.String({ maxLength: 64 }), Type.Unknown(), {
        description: 'Opaque; echoed in the decision. At most 8 KiB as JSON.',
      }),
    ),
  },
  { $id: 'UploadEvent', additionalProperties: false },
);
export type UploadEvent = Static<typeof UploadEvent>;
