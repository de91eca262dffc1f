/** Candidates to hits: the full distance, whether the slot still holds its code, and the list that the host reads. */
import {
  hashBits,
  hashBytes,
  hitDistances,
  hitQueries,
  hitSlots,
  liveMask,
  queryCodes,
  slotList,
  slotListOrigins,
} from '../memory-layout';
import { codeAt, hasMark } from './blocks';
import { firstRun } from './chain';

let radius: u64 = 0;
let room: u32 = 0;
let found: u32 = 0;

/** At most `hitsRoom` hits are written out; more are only noticed. */
export function startHits(radiusBits: u32, hitsRoom: u32): void {
  radius = <u64>radiusBits;
  room = hitsRoom;
  found = 0;
}

/** Hits so far; over the room when some were left out. */
export function hitsFound(): u32 {
  return found;
}

/** True when a hit was left out: looking for more would change nothing. */
export function hitsOverflow(): bool {
  return found > room;
}

/** A live slot that the scan has left over. */
export function confirmScanned(query: u32, slot: u32, code: usize): void {
  const distance = distanceOf(queryCodes + <usize>(query * hashBytes), code);
  if (distance <= radius) addHit(query, slot, <u32>distance);
}

/** The same for a form of a quartet, or its negative: what differs from a hash agrees with its complement. */
export function confirmForm(query: u32, form: usize, isNegative: bool, slot: u32, code: usize): void {
  const differing = distanceOf(form, code);
  const distance = isNegative ? <u64>hashBits - differing : differing;
  if (distance <= radius) addHit(query, slot, <u32>distance);
}

/** The first `count` of the slot list, which a segment has named; the origin is the query and, from bit 8, the chunk. */
export function confirmCandidates(count: u32): void {
  for (let at: u32 = 0; at < count; at++) {
    const slot = load<u32>(slotList + <usize>at * 4);
    const origin = load<u32>(slotListOrigins + <usize>at * 4);
    const query = queryCodes + <usize>((origin & 0xff) * hashBytes);
    const code = codeAt(slot);
    const distance = distanceOf(query, code);
    if (distance > radius || !hasMark(slot, liveMask)) continue;
    if (firstRun(query, code) === <i32>(origin >> 8)) addHit(origin & 0xff, slot, <u32>distance);
    if (hitsOverflow()) return;
  }
}

function addHit(query: u32, slot: u32, distance: u32): void {
  if (found < room) {
    store<u32>(hitQueries + <usize>found * 4, query);
    store<u32>(hitSlots + <usize>found * 4, slot);
    store<u16>(hitDistances + <usize>found * 2, <u16>distance);
  }
  found++;
}

/** popcnt<u64> is one machine instruction. The vector popcount of WebAssembly is not, and takes 1.5 times as long. */
function distanceOf(a: usize, b: usize): u64 {
  return (
    popcnt<u64>(load<u64>(a) ^ load<u64>(b)) +
    popcnt<u64>(load<u64>(a, 8) ^ load<u64>(b, 8)) +
    popcnt<u64>(load<u64>(a, 16) ^ load<u64>(b, 16)) +
    popcnt<u64>(load<u64>(a, 24) ^ load<u64>(b, 24))
  );
}
