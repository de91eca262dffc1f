/**
 * Exact Hamming search by scanning every code.
 *
 * Tiles: 512 codes (16 KiB) are gone over by all queries of a call before the next 512 are touched, so that codes come
 * from memory once a call, however many queries there are.
 *
 *      for each tile        for each query          for each code of the tile
 *      (first-level cache)  (4 words in registers)  xor, popcnt, add, compare
 *
 * Most codes are far away and need not be counted to the end. Where to stop depends on the radius, because a test that
 * half of the codes pass is worse than none: the processor guesses it wrong. Of unrelated codes the distance over n bits
 * is n/2 with a deviation of sqrt(n)/2, so the test over 128 bits lets 1 in 10,000 through at radius 42, and the test
 * over 192 bits as many at radius 70.
 *
 * popcnt<u64> is one machine instruction. The vector popcount of WebAssembly is not, and is slower.
 */
import { codes, hashBytes, hitDistances, hitQueries, hitSlots, queries, tileCodes } from '../memory-layout';
import { isLive, usedSlots } from './slots';

const radiusForTwoWords: u32 = 42;
const radiusForThreeWords: u32 = 70;

let radius: u32 = 0;
let room: u32 = 0;
let found: u32 = 0;

/** Number of hits; the first `hitsRoom` of them are written out. */
export function scanAll(queryCount: u32, radiusBits: u32, hitsRoom: u32): u32 {
  radius = radiusBits;
  room = hitsRoom;
  found = 0;
  const slots = usedSlots();
  for (let first: u32 = 0; first < slots; first += tileCodes) {
    const end = min(first + tileCodes, slots);
    for (let query: u32 = 0; query < queryCount; query++) scanTile(query, first, end);
  }
  return found;
}

function scanTile(query: u32, first: u32, end: u32): void {
  const at = codes + <usize>first * <usize>hashBytes;
  const stop = codes + <usize>end * <usize>hashBytes;
  if (radius <= radiusForTwoWords) scanByTwoWords(query, at, stop);
  else if (radius <= radiusForThreeWords) scanByThreeWords(query, at, stop);
  else scanByFourWords(query, at, stop);
}

/**
 * The scans take four codes a turn: `near - beyond` is negative for a near code, so one test of the sign of four
 * differences OR-ed together stands for four compares, and the loop's own cost is shared by four.
 */
function scanByTwoWords(query: u32, first: usize, end: usize): void {
  const at = queryAt(query);
  const q0 = load<u64>(at);
  const q1 = load<u64>(at, 8);
  const beyond = <i64>radius + 1;
  for (let code = first; code < end; code += 128) {
    const a = twoWords(q0, q1, code) - beyond;
    const b = twoWords(q0, q1, code + 32) - beyond;
    const c = twoWords(q0, q1, code + 64) - beyond;
    const d = twoWords(q0, q1, code + 96) - beyond;
    if ((a | b | c | d) < 0) confirmFour(query, code);
  }
}

function scanByThreeWords(query: u32, first: usize, end: usize): void {
  const at = queryAt(query);
  const q0 = load<u64>(at);
  const q1 = load<u64>(at, 8);
  const q2 = load<u64>(at, 16);
  const beyond = <i64>radius + 1;
  for (let code = first; code < end; code += 128) {
    const a = threeWords(q0, q1, q2, code) - beyond;
    const b = threeWords(q0, q1, q2, code + 32) - beyond;
    const c = threeWords(q0, q1, q2, code + 64) - beyond;
    const d = threeWords(q0, q1, q2, code + 96) - beyond;
    if ((a | b | c | d) < 0) confirmFour(query, code);
  }
}

function twoWords(q0: u64, q1: u64, code: usize): i64 {
  return <i64>(popcnt<u64>(q0 ^ load<u64>(code)) + popcnt<u64>(q1 ^ load<u64>(code, 8)));
}

function threeWords(q0: u64, q1: u64, q2: u64, code: usize): i64 {
  return twoWords(q0, q1, code) + <i64>popcnt<u64>(q2 ^ load<u64>(code, 16));
}

function scanByFourWords(query: u32, first: usize, end: usize): void {
  const at = queryAt(query);
  const q0 = load<u64>(at);
  const q1 = load<u64>(at, 8);
  const q2 = load<u64>(at, 16);
  const q3 = load<u64>(at, 24);
  const beyond = <i64>radius + 1;
  for (let code = first; code < end; code += 128) {
    const a = threeWords(q0, q1, q2, code) + <i64>popcnt<u64>(q3 ^ load<u64>(code, 24)) - beyond;
    const b = threeWords(q0, q1, q2, code + 32) + <i64>popcnt<u64>(q3 ^ load<u64>(code, 56)) - beyond;
    const c = threeWords(q0, q1, q2, code + 64) + <i64>popcnt<u64>(q3 ^ load<u64>(code, 88)) - beyond;
    const d = threeWords(q0, q1, q2, code + 96) + <i64>popcnt<u64>(q3 ^ load<u64>(code, 120)) - beyond;
    if ((a | b | c | d) < 0) confirmFour(query, code);
  }
}

function confirmFour(query: u32, code: usize): void {
  confirm(query, code);
  confirm(query, code + 32);
  confirm(query, code + 64);
  confirm(query, code + 96);
}

/** The full distance, and whether the slot still holds its code: asked of the few that come this far. */
function confirm(query: u32, code: usize): void {
  const distance = distanceOf(queryAt(query), code);
  if (distance > <u64>radius) return;
  const slot = <u32>((code - codes) / <usize>hashBytes);
  if (!isLive(slot)) return;
  if (found < room) {
    store<u32>(hitQueries + <usize>found * 4, query);
    store<u32>(hitSlots + <usize>found * 4, slot);
    store<u16>(hitDistances + <usize>found * 2, <u16>distance);
  }
  found++;
}

function distanceOf(query: usize, code: usize): u64 {
  return (
    popcnt<u64>(load<u64>(query) ^ load<u64>(code)) +
    popcnt<u64>(load<u64>(query, 8) ^ load<u64>(code, 8)) +
    popcnt<u64>(load<u64>(query, 16) ^ load<u64>(code, 16)) +
    popcnt<u64>(load<u64>(query, 24) ^ load<u64>(code, 24))
  );
}

function queryAt(query: u32): usize {
  return queries + <usize>(query * hashBytes);
}
