/** Goal: the compiler made what the sources mean: vector instructions, one popcount a word, and a small ABI. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtFile } from '../../src/config/paths.ts';

const text = readFileSync(builtFile('kernel/release.wat'), 'utf8');
const shared = readFileSync(builtFile('kernel/release-shared.wat'), 'utf8');
const count = (instruction: string, where = text) =>
  where.split(new RegExp(`${instruction.replace('.', '\\.')}(?: offset=\\d+)?\n`)).length - 1;

/** The text of the one function that has the instruction and meets the condition. */
function functionWith(instruction: string, isMeant: (body: string) => boolean): string {
  const bodies = shared.split('\n (func ').filter((body) => body.includes(instruction) && isMeant(body));
  expect(bodies).toHaveLength(1);
  return bodies[0] ?? '';
}

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

  it('counts the bits of a whole code with the scalar popcount, one instruction a word', () => {
    expect(count('i64.popcnt')).toBeGreaterThanOrEqual(4);
  });

  it('adds planes by full adders over whole vectors: 7 for eight planes, 5 operations each', () => {
    const scan = functionWith('v128.any_true', (body) => count('v128.xor', body) > 20 && !body.includes('i32.ctz'));
    // Three XORs a full adder, of which one is shared, one a plane for the query, and the carries of the counter.
    expect(count('v128.xor', scan)).toBeGreaterThanOrEqual(8 + 7 * 2 + 4);
    expect(count('v128.and', scan)).toBeGreaterThanOrEqual(7 * 2 + 4);
    expect(count('v128.store', scan)).toBe(1);
  });

  it('counts a class of bits by the same adders, and writes nothing but its count and one partial sum', () => {
    const counting = functionWith('v128.xor', (body) => count('v128.store', body) === 7);
    expect(count('v128.xor', counting)).toBeGreaterThanOrEqual(8 + 7 * 2 + 3);
    expect(count('v128.load', counting)).toBeLessThanOrEqual(8 * 2 + 1);
  });

  it('looks at eight sketches at once, without a vector popcount', () => {
    const bucket = functionWith('i16x8.bitmask', (body) => count('i16x8.eq', body) > 0);
    expect(count('i8x16.popcnt', bucket)).toBe(0);
  });

  it('has no fused multiply-add, which would round differently from the reference', () => {
    expect(text).not.toMatch(/relaxed|madd/);
  });

  it('has no allocator: kernels work on addresses alone', () => {
    expect(text).not.toMatch(/__new|__alloc|~lib\/rt/);
  });

  it('imports nothing but abort, and a memory where threads share it', () => {
    const imports = (wat: string) => (wat.match(/\(import "env" "\w+"/g) ?? []).sort();
    expect(imports(text)).toEqual(['(import "env" "abort"']);
    expect(imports(shared)).toEqual(['(import "env" "abort"', '(import "env" "memory"']);
  });

  it('writes no constant: each new instance in a shared memory puts them back', () => {
    const segments = [...shared.matchAll(/\(data \$\d+ \(i32\.const (\d+)\) "((?:[^"\\]|\\.)*)"/g)];
    expect(segments.length).toBeGreaterThan(0);
    // Below the layout, where test/kernel/search-exports.test.ts finds nothing written.
    for (const [, address] of segments) expect(Number(address)).toBeLessThan(65_536 - 4096);
    expect(shared).not.toMatch(/memory\.init|data\.drop/);
  });
});
