/** Numbers that 128 lanes hold, a vector for each bit: full adders over whole vectors, 5 operations each. */

export function sumOf(a: v128, b: v128, c: v128): v128 {
  return v128.xor(v128.xor(b, c), a);
}

/** Ones where at least two are set. */
export function carryOf(a: v128, b: v128, c: v128): v128 {
  return v128.or(v128.and(b, c), v128.and(v128.xor(b, c), a));
}

/** Bit `bit` of a number in all lanes. */
export function bitOf(number: i32, bit: u32): v128 {
  return i32x4.splat(-((number >> bit) & 1));
}
