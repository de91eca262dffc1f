import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readPolicy } from '../../../src/config/policy-file.ts';
import { defaultPolicy } from '../../../src/decision/policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'floodgate-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const path = join(folder, 'policy.json');
  writeFileSync(path, text);
  return path;
}

describe('readPolicy', () => {
  it('gives the built-in policy when no file is named', () => {
    expect(readPolicy(undefined)).toEqual(defaultPolicy);
    expect(readPolicy('')).toEqual(defaultPolicy);
  });

  it('changes what the file says and nothing else', () => {
    const path = fileWith('{ "name": "strict", "review": { "framesMin": 3 } }');
    const { review } = defaultPolicy;
    expect(readPolicy(path)).toEqual({ ...defaultPolicy, name: 'strict', review: { ...review, framesMin: 3 } });
  });

  it.each([
    ['no JSON', '{ "name": ', 'is not JSON'],
    ['an unknown field', '{ "colour": "red" }', '/colour'],
    ['a value out of range', '{ "minFrameQuality": 101 }', '/minFrameQuality'],
    ['fields that contradict each other', '{ "singleFrameRadiusBits": 90 }', '/singleFrameRadiusBits'],
    ['a list', '[]', 'not valid'],
  ])('refuses %s, and names it', (_what, text, named) => {
    expect(() => readPolicy(fileWith(text))).toThrow(
      expect.objectContaining({ code: 'invalid_policy', message: expect.stringContaining(named) }),
    );
  });

  it('refuses a file that cannot be read, and names it', () => {
    const path = join(folder, 'absent.json');
    expect(() => readPolicy(path)).toThrow(
      expect.objectContaining({ code: 'invalid_policy', message: `the policy file ${path} cannot be read` }),
    );
  });
});
