/**
 * The policy: what blocks, what is held for review, and what to do with what cannot be judged. It is data, so that an
 * operator changes it without a release. Every field of the file may be left out; src/decision/policy.ts has defaults.
 */
import { createHash } from 'node:crypto';
import Type, { type Static, type TSchema } from 'typebox';
import { limits } from '../config/limits.ts';
import type { UnjudgedReason } from './decision.ts';

const closed = { additionalProperties: false };
const radiusBits = (description: string) => Type.Integer({ minimum: 0, maximum: limits.radiusBitsMax, description });
const quality = (description: string) => Type.Integer({ minimum: 0, maximum: 100, description });
const framesMin = (description: string) => Type.Integer({ minimum: 1, description });
const amountMin = (description: string) => Type.Number({ minimum: 0, description });
const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const oneOf = <const Value extends string>(values: readonly Value[], description: string) =>
  Type.Unsafe<Value>(Type.Enum([...values], { description }));

const bankFields = {
  action: oneOf(
    ['block', 'review', 'observe'],
    'What a copy of its content leads to at most. observe: it is reported, and the upload is allowed.',
  ),
  framesPerSecond: Type.Number({
    exclusiveMinimum: 0,
    maximum: limits.bankFramesPerSecondMax,
    description: 'Rate at which video is sampled when it is added.',
  }),
  depth: oneOf(
    ['deep', 'plain'],
    'deep: parts and turned views of each frame are added as well, so that crops, frames and pasted copies are found. ' +
      'plain: only the whole frame, at a fortieth of the memory.',
  ),
};

const blockFields = {
  matchedSecondsMin: amountMin('close, aligned: least time of the upload that the line covers.'),
  closeFramesMin: framesMin('close: distinct frames within singleFrameRadiusBits on one line in time.'),
  alignedFramesMin: framesMin('aligned: distinct frames within alignedRadiusBits on one line in time.'),
  alignedScoreMin: amountMin('aligned: least score; a distinct frame gives up to 4.'),
  stillFramesMin: framesMin(
    'still: frames within singleFrameRadiusBits on one line, repeated pictures included; a faint frame counts half.',
  ),
  stillSecondsMin: amountMin('still: least time of the upload that the line covers.'),
  wholeShareMin: share('whole: share of the searched frames that match, once the whole upload has been sampled.'),
  wholeSearchedShareMin: share('whole: share of the sampled frames that had detail enough to be searched.'),
  wholeFramesMin: framesMin('whole: distinct frames, where not all are within singleFrameRadiusBits.'),
  wholeScoreMin: amountMin('whole: least score, where not all are within singleFrameRadiusBits.'),
};

const reviewFields = {
  radiusBits: radiusBits('An image within this distance of a known frame is held for review.'),
  framesMin: framesMin('Distinct frames on one line.'),
  scoreMin: amountMin('Least score of such a line.'),
};

const regionFields = {
  namingRadiusBits: radiusBits('Known content is compared with an upload once a region of it is within this distance.'),
  reachBits: radiusBits('Such content is compared up to this distance.'),
  qualityMin: quality('A region below this quality is not looked up.'),
  framesMin: framesMin('Block: distinct frames on a line in time.'),
  scoreMin: amountMin('Block: least score of that line.'),
  agreementMin: share(
    'Block: how much of the known detail the pixels of the upload must bear out, in all and without what rows and columns tell.',
  ),
  changeMin: share('Block: how far the upload must change as the known content does, where that moves.'),
  likenessMin: amountMin('Block: least likeness where the known content moves; at most 3.'),
  usualFramesMin: framesMin('Block: of fewer distinct frames more likeness is asked where the known content moves.'),
  missingFrameLikeness: amountMin('Block: how much more for each frame that is missing.'),
  usualSecondsMin: amountMin('Block: of a shorter line more likeness is asked.'),
  missingSecondLikeness: amountMin(
    'Block: how much more for each second that is missing; where it stands still, what share of what is left.',
  ),
  extraSecondLikeness: amountMin('Block: how much less for each second above, of a line of usualFramesMin.'),
  extraLikenessMax: amountMin('Block: how much less at most, however long the line.'),
  stillLikenessMin: amountMin('Block: least likeness where it stands still; at most 2.'),
  pictureLikenessMin: amountMin(
    'Block: what pixels and changes say together of a line of reviewScoreMin, whatever its hashes say; at most 2.',
  ),
  imageAgreementMin: share(
    'Block: how much of the known detail an image must show, in all and without what rows and columns tell.',
  ),
  imageLikenessMin: amountMin('Block: least likeness of an image; at most 2.'),
  reviewScoreMin: amountMin('Review: least score of a line in time.'),
  reviewNearnessMin: amountMin(
    'Review: what hashes and pixels say together at least, rows and columns included; at most 2.',
  ),
  reviewPictureNearnessMin: amountMin('Review: the same of pixels and changes.'),
  reviewLongScoreMin: amountMin('Review: least score of a line of usualSecondsMin whose pixels bear little out.'),
  reviewLongAgreementMin: share('Review: how much of the known detail the pixels of such a line must bear out.'),
  reviewImageAgreementMin: share('Review: how much of the known detail an image must show.'),
  reviewImageNearnessMin: amountMin('Review: the same of an image.'),
};

const unjudgedAction = oneOf(['review', 'allow'], 'What becomes of an upload that could not be judged.');
const unjudgedFields = {
  no_detail: unjudgedAction,
  unsupported: unjudgedAction,
  undecodable: unjudgedAction,
  too_large: unjudgedAction,
  timed_out: unjudgedAction,
  forbidden_source: unjudgedAction,
  unreachable: unjudgedAction,
  digest_mismatch: unjudgedAction,
  shed: unjudgedAction,
} satisfies Record<UnjudgedReason, TSchema>;

const plainFields = {
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', description: 'First half of the policy version.' }),
  mode: oneOf(['enforce', 'observe'], 'observe: decide and publish, and block nothing.'),
  minFrameQuality: quality('A frame below this quality decides nothing on its own.'),
  faintFrameQualityMin: quality('A frame below this quality is not looked up at all.'),
  singleFrameRadiusBits: radiusBits('Frames within this distance show the same picture.'),
  alignedRadiusBits: radiusBits('Frames within this distance count when others agree in time; the search radius.'),
  views: oneOf(
    ['all', 'mirror'],
    'Rotations and flips of a frame that are looked up: all eight, or only the frame and its mirror image.',
  ),
  exactCopy: oneOf(['block', 'review'], 'What the very bytes of known content lead to.'),
};

const bankNamePattern = '^[a-z0-9][a-z0-9._-]{0,63}$';

/** The policy in force: everything is there. */
export const Policy = Type.Object(
  {
    ...plainFields,
    block: Type.Object(blockFields, closed),
    review: Type.Object(reviewFields, closed),
    regions: Type.Object(regionFields, closed),
    unjudged: Type.Object(unjudgedFields, closed),
    defaultBank: Type.Object(bankFields, closed),
    banks: Type.Record(Type.String({ pattern: bankNamePattern }), Type.Object(bankFields, closed), closed),
  },
  { $id: 'Policy', additionalProperties: false },
);
export type Policy = Static<typeof Policy>;
export type BankPolicy = Policy['defaultBank'];

/** A policy file: any part of a policy. What is left out keeps its default; a bank's gaps are filled by defaultBank. */
export const PolicyFile = Type.Object(
  {
    ...Type.Partial(Type.Object(plainFields)).properties,
    block: Type.Optional(Type.Partial(Type.Object(blockFields, closed))),
    review: Type.Optional(Type.Partial(Type.Object(reviewFields, closed))),
    regions: Type.Optional(Type.Partial(Type.Object(regionFields, closed))),
    unjudged: Type.Optional(Type.Partial(Type.Object(unjudgedFields, closed))),
    defaultBank: Type.Optional(Type.Partial(Type.Object(bankFields, closed))),
    banks: Type.Optional(
      Type.Record(Type.String({ pattern: bankNamePattern }), Type.Partial(Type.Object(bankFields, closed)), closed),
    ),
  },
  { $id: 'PolicyFile', additionalProperties: false },
);
export type PolicyFile = Static<typeof PolicyFile>;

const digestChars = 12;

/** Name and digest of what the policy says, for example "default-3f0c9a1b2d4e": the same content, the same version. */
export function policyVersionOf(policy: Policy): string {
  const known = versions.get(policy);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(canonicalJson(policy)).digest('hex');
  const version = `${policy.name}-${digest.slice(0, digestChars)}`;
  versions.set(policy, version);
  return version;
}

/** A policy does not change, and every decision names its version. */
const versions = new WeakMap<Policy, string>();

/** JSON with the keys of every object in order, so that the order in a file does not matter. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
