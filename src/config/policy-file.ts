/** Reads a policy file. What a policy is, and its defaults, is the decision's business. */
import { readFileSync } from 'node:fs';
import type { Policy } from '../contracts/policy.ts';
import { parsePolicy } from '../decision/policy.ts';
import { FloodgateError } from '../errors.ts';

/** The built-in policy when there is no path. Throws invalid_policy, naming the field or the fault in the file. */
export function readPolicy(path: string | undefined): Policy {
  if (path === undefined || path === '') return parsePolicy({});
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? `is not JSON: ${cause.message}` : 'cannot be read';
    throw new FloodgateError('invalid_policy', `the policy file ${path} ${why}`, { cause });
  }
  return parsePolicy(given);
}
