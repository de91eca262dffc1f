import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Policy, type PolicyFile, policyVersionOf } from '../../../src/contracts/policy.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { bankPolicyOf, defaultPolicy, parsePolicy } from '../../../src/decision/policy.ts';
import { FloodgateError } from '../../../src/errors.ts';

function refusal(value: unknown): FloodgateError {
  try {
    parsePolicy(value);
  } catch (thrown) {
    if (thrown instanceof FloodgateError) return thrown;
  }
  throw new Error('the policy was taken');
}

describe('a policy file', () => {
  it('changes what it names and leaves the rest', () => {
    const policy = parsePolicy({ name: 'strict', block: { closeFramesMin: 2 }, unjudged: { unreachable: 'allow' } });
    expect(policy.block).toEqual({ ...defaultPolicy.block, closeFramesMin: 2 });
    expect(policy.unjudged).toEqual({ ...defaultPolicy.unjudged, unreachable: 'allow' });
    expect(policy.review).toEqual(defaultPolicy.review);
  });

  it('fills the gaps of a bank from the default bank', () => {
    const policy = parsePolicy({ defaultBank: { framesPerSecond: 3 }, banks: { news: { action: 'review' } } });
    expect(bankPolicyOf(policy, 'news')).toEqual({ action: 'review', framesPerSecond: 3, depth: 'deep' });
    expect(bankPolicyOf(policy, 'unknown')).toEqual({ action: 'block', framesPerSecond: 3, depth: 'deep' });
    expect(bankPolicyOf(policy, 'constructor')).toEqual({ action: 'block', framesPerSecond: 3, depth: 'deep' });
  });

  it.each([
    [{ nope: 1 }, '/nope'],
    [{ mode: 'sleep' }, '/mode'],
    [{ minFrameQuality: 101 }, '/minFrameQuality'],
    [{ block: { closeFramesMin: 0 } }, '/block/closeFramesMin'],
    [{ banks: { news: { action: 'burn' } } }, '/banks/news/action'],
    [{ unjudged: { undecodable: 'block' } }, '/unjudged/undecodable'],
    [{ singleFrameRadiusBits: 70 }, '/singleFrameRadiusBits'],
    [{ review: { radiusBits: 96 } }, '/review/radiusBits'],
    [{ faintFrameQualityMin: 60 }, '/faintFrameQualityMin'],
    [null, ''],
  ])('is refused with the field that is wrong: %j', (value, pointer) => {
    const error = refusal(value);
    expect(error.code).toBe('invalid_policy');
    expect(error.fields.map((field) => field.pointer)).toContain(pointer);
  });
});

describe('the version of a policy', () => {
  it('says the name, stays with the same content and changes with every change', () => {
    const version = policyVersionOf(defaultPolicy);
    expect(version).toMatch(/^default-[0-9a-f]{12}$/);
    expect(policyVersionOf(parsePolicy({}))).toBe(version);
    expect(policyVersionOf(parsePolicy({ mode: 'observe' }))).not.toBe(version);
    const banks = { a: { action: 'block' }, b: { action: 'review' } };
    const turned = { b: { action: 'review' }, a: { action: 'block' } };
    expect(policyVersionOf(parsePolicy({ banks }))).toBe(policyVersionOf(parsePolicy({ banks: turned })));
  });
});

describe('properties', () => {
  // Merging is total: every file that the schema takes gives a whole policy, or is refused for a contradiction.
  it('makes a whole policy of any valid file', () => {
    const bank = fc.record(
      { action: fc.constantFrom('block', 'review', 'observe'), framesPerSecond: fc.integer({ min: 1, max: 8 }) },
      { requiredKeys: [] },
    );
    const file = fc.record(
      {
        mode: fc.constantFrom('enforce', 'observe'),
        minFrameQuality: fc.nat(100),
        faintFrameQualityMin: fc.nat(100),
        singleFrameRadiusBits: fc.nat(96),
        alignedRadiusBits: fc.nat(96),
        block: fc.record({ closeFramesMin: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: [] }),
        review: fc.record({ radiusBits: fc.nat(96), scoreMin: fc.nat(40) }, { requiredKeys: [] }),
        defaultBank: bank,
        banks: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/), bank, { maxKeys: 4 }),
      },
      { requiredKeys: [] },
    );
    const whole = validatorOf(Policy, 'The policy', 'internal');
    fc.assert(
      fc.property(file, (value) => {
        let policy: Policy;
        try {
          policy = parsePolicy(value);
        } catch (thrown) {
          expect((thrown as FloodgateError).code).toBe('invalid_policy');
          return;
        }
        expect(whole.faults(policy)).toEqual([]);
        expect(policyVersionOf(parsePolicy(policy as PolicyFile))).toBe(policyVersionOf(policy));
      }),
    );
  });
});
