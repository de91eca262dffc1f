/** The built-in policy, and how a policy file changes it. docs/specs/policy.md says why the defaults are what they are. */
import { type BankPolicy, Policy, PolicyFile } from '../contracts/policy.ts';
import { validatorOf } from '../contracts/validate.ts';
import { type FieldError, FloodgateError } from '../errors.ts';

export const defaultPolicy: Policy = {
  name: 'default',
  mode: 'enforce',
  minFrameQuality: 50,
  faintFrameQualityMin: 20,
  singleFrameRadiusBits: 31,
  alignedRadiusBits: 64,
  views: 'all',
  exactCopy: 'block',
  block: {
    matchedSecondsMin: 1,
    closeFramesMin: 3,
    alignedFramesMin: 4,
    alignedScoreMin: 14,
    stillFramesMin: 4,
    stillSecondsMin: 5,
    wholeShareMin: 0.75,
    wholeSearchedShareMin: 0.6,
    wholeFramesMin: 3,
    wholeScoreMin: 10,
  },
  review: { radiusBits: 47, framesMin: 2, scoreMin: 8 },
  regions: {
    namingRadiusBits: 84,
    reachBits: 90,
    qualityMin: 20,
    framesMin: 2,
    scoreMin: 8,
    agreementMin: 0.45,
    changeMin: 0.79,
    likenessMin: 1.95,
    usualFramesMin: 9,
    missingFrameLikeness: 0.05,
    usualSecondsMin: 5,
    missingSecondLikeness: 0.1,
    extraSecondLikeness: 0.02,
    extraLikenessMax: 0.1,
    stillLikenessMin: 1.65,
    pictureLikenessMin: 1.7,
    imageAgreementMin: 0.7,
    imageLikenessMin: 1.4,
    reviewScoreMin: 4,
    reviewNearnessMin: 1.3,
    reviewPictureNearnessMin: 1.5,
    reviewLongScoreMin: 20,
    reviewLongAgreementMin: 0.4,
    reviewImageAgreementMin: 0.5,
    reviewImageNearnessMin: 1.2,
  },
  unjudged: {
    no_detail: 'review',
    unsupported: 'review',
    undecodable: 'review',
    too_large: 'review',
    timed_out: 'review',
    forbidden_source: 'review',
    unreachable: 'review',
    digest_mismatch: 'review',
    shed: 'review',
  },
  defaultBank: { action: 'block', framesPerSecond: 4, depth: 'deep' },
  banks: {},
};

const fileValidator = validatorOf(PolicyFile, 'The policy', 'invalid_policy');
const policyValidator = validatorOf(Policy, 'The policy', 'invalid_policy');

/** The policy in force from the parsed text of a policy file. Throws invalid_policy and names the fields at fault. */
export function parsePolicy(value: unknown): Policy {
  const policy = policyValidator.parse(mergePolicy(fileValidator.parse(value)));
  const fields = contradictions(policy);
  const first = fields[0];
  if (first === undefined) return policy;
  throw new FloodgateError('invalid_policy', `The policy is not valid: ${first.pointer} ${first.message}`, { fields });
}

/** What the policy says of a bank; of one that it does not name, the default. */
export function bankPolicyOf(policy: Policy, bank: string): BankPolicy {
  return Object.hasOwn(policy.banks, bank) ? (policy.banks[bank] ?? policy.defaultBank) : policy.defaultBank;
}

/** The greatest distances that match under the policy, as the status of the service tells them. */
export function radiiOf(policy: Policy): { frame: number; aligned: number; region: number } {
  const { singleFrameRadiusBits, alignedRadiusBits, regions } = policy;
  return { frame: singleFrameRadiusBits, aligned: alignedRadiusBits, region: regions.reachBits };
}

function mergePolicy(file: PolicyFile): Policy {
  const defaultBank = { ...defaultPolicy.defaultBank, ...file.defaultBank };
  const banks = Object.entries(file.banks ?? {}).map(([name, bank]) => [name, { ...defaultBank, ...bank }] as const);
  return {
    ...defaultPolicy,
    ...file,
    block: { ...defaultPolicy.block, ...file.block },
    review: { ...defaultPolicy.review, ...file.review },
    regions: { ...defaultPolicy.regions, ...file.regions },
    unjudged: { ...defaultPolicy.unjudged, ...file.unjudged },
    defaultBank,
    banks: Object.fromEntries(banks),
  };
}

/** What each field allows alone and no policy may say together. */
function contradictions(policy: Policy): FieldError[] {
  const { singleFrameRadiusBits, alignedRadiusBits, review, faintFrameQualityMin, minFrameQuality } = policy;
  const faults: FieldError[] = [];
  if (singleFrameRadiusBits > alignedRadiusBits) {
    faults.push({ pointer: '/singleFrameRadiusBits', message: 'must not be above alignedRadiusBits' });
  }
  if (review.radiusBits > alignedRadiusBits) {
    faults.push({ pointer: '/review/radiusBits', message: 'must not be above alignedRadiusBits, the search radius' });
  }
  if (faintFrameQualityMin > minFrameQuality) {
    faults.push({ pointer: '/faintFrameQualityMin', message: 'must not be above minFrameQuality' });
  }
  return faults;
}
