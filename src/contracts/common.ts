/** What several contracts share. One schema gives the TypeScript type, the validator and the OpenAPI document. */
import Type, { type Static } from 'typebox';
import { limits } from '../config/limits.ts';

/**
 * The eight rotations and flips, by PDQ's names and in PDQ's order. PDQ names a flip by the axis that it turns about:
 * `flipY` mirrors left to right, `flipX` turns upside down.
 * The position in this list is the order of hashes in the kernel's dihedral output.
 */
export const dihedralNames = [
  'original',
  'rotate90',
  'rotate180',
  'rotate270',
  'flipX',
  'flipY',
  'flipPlus1',
  'flipMinus1',
] as const;

export const UploadId = Type.String({
  minLength: 1,
  maxLength: limits.uploadIdCharsMax,
  pattern: '^[\\x21-\\x7e]+$',
  description: 'Identifies the upload; chosen by the upload service. Printable ASCII without spaces.',
  examples: ['upload-8c1f'],
});

export const StreamId = Type.String({
  minLength: 1,
  maxLength: limits.streamIdCharsMax,
  description: 'Identifies the live stream; chosen by the upload service.',
});

export const StreamPlace = Type.Object(
  {
    id: StreamId,
    sequence: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Consecutive from segment to segment.',
    }),
  },
  { additionalProperties: false, description: 'Set when the upload is a segment of a live stream.' },
);
export type StreamPlace = Static<typeof StreamPlace>;

export const ContentId = Type.String({
  minLength: 1,
  maxLength: limits.contentIdCharsMax,
  pattern: '^[\\x21-\\x7e]+$',
  description: 'Identifies one member of a bank. Printable ASCII without spaces.',
  examples: ['incident-42/video-1'],
});

export const BankName = Type.String({
  minLength: 1,
  maxLength: limits.bankNameCharsMax,
  pattern: '^[a-z0-9][a-z0-9._-]*$',
  description: 'The bank that holds the known content.',
  examples: ['default'],
});

export const Labels = Type.Array(Type.String({ minLength: 1, maxLength: limits.labelCharsMax }), {
  maxItems: limits.labelsMax,
  description: 'Free labels that travel with each match, such as an incident name.',
});

const HashHex = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'A PDQ hash: 256 bits as 64 lower-case hexadecimal digits.',
});

export const Sha256Hex = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256 of the bytes, 64 lower-case hexadecimal digits.',
});

export const Timestamp = Type.String({
  format: 'date-time',
  description: 'RFC 3339 date and time.',
  examples: ['2026-11-22T10:00:00.000Z'],
});

export const MediaKind = Type.Enum(['image', 'video', 'unknown']);
export type MediaKind = Static<typeof MediaKind>;

export const Outcome = Type.Enum(['block', 'review', 'allow']);
export type Outcome = Static<typeof Outcome>;

/** One frame with its hash, as upload services send it and `floodgate hash --json` prints it. */
export const HashedFrame = Type.Object(
  {
    timeMs: Type.Integer({ minimum: 0, description: 'Position in the content, milliseconds.' }),
    hash: HashHex,
    quality: Type.Integer({ minimum: 0, maximum: 100, description: "PDQ's quality, 0 to 100." }),
  },
  { additionalProperties: false },
);
export type HashedFrame = Static<typeof HashedFrame>;
