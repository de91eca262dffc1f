/** Goal: the compiler made what the sources mean: vector instructions, one popcount a word, and a small ABI. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';

const text = readFileSync(builtFile('kernel/release.wat'), 'utf8');
const count = (instruction: string) => text.split(`${instruction}\n`).length - 1;

describe('code of the release binary', () => {
  it.each([
    'f32x4.add',
    'f32x4.sub',
    'f32x4.mul',
    'f32x4.div',
    'f32x4.convert_i32x4_s',
    'i8x16.swizzle',
    'i8x16.bitmask',
  ])('has %s', (instruction) => {
    expect(count(instruction)).toBeGreaterThan(0);
  });

  it('counts bits with the scalar popcount, unrolled', () => {
    expect(count('i64.popcnt')).toBeGreaterThanOrEqual(4 * (2 + 3 + 4));
  });

  it('has no fused multiply-add, which would round differently from the reference', () => {
    expect(text).not.toMatch(/relaxed|madd/);
  });

  it('has no allocator: kernels work on addresses alone', () => {
    expect(text).not.toMatch(/__new|__alloc|~lib\/rt/);
  });

  it('has no data but the texts of assertions, which lie before the layout', () => {
    const data = [...text.matchAll(/\(data \$[^ ]+ \(i32\.const (\d+)\) "((?:[^"\\]|\\.)*)"\)/g)];
    expect(data.length).toBe(text.match(/\(data /g)?.length);
    for (const [, address, bytes] of data) expect(Number(address) + (bytes ?? '').length).toBeLessThan(65_536);
  });

  it('imports nothing but abort', () => {
    expect(text.match(/\(import [^\n]*/g)).toHaveLength(1);
    expect(text).toMatch(/\(import "env" "abort"/);
  });
});
