/**
 * Slots of the index: which exist, which are free, where their codes lie.
 *
 *      codes    | slot 0 | slot 1 | ... | slot used-1 |        32 bytes each
 *      live     1        0        ...   1                      one bit each
 *      free     firstFree -> 1 -> ... -> noSlot                linked through the first word of the free codes
 *
 * A removed slot is only marked: moving others to close the gap would change their numbers, which the caller holds.
 */
import {
  codes,
  growthPages,
  hashBytes,
  indexHashesMax,
  insertedHash,
  layoutBase,
  liveBits,
  pageBytes,
  reserveUpTo,
  scanStep,
} from '../memory-layout';

export const noSlot: u32 = 0xffffffff;

let used: u32 = 0;
let live: u32 = 0;
let firstFree: u32 = noSlot;
let codesEnd: usize = codes;

/** Empties the index. False when there is no memory for it. */
export function startSlots(): bool {
  if (!reserveUpTo(codes)) return false;
  memory.fill(layoutBase, 0, codes - layoutBase);
  used = 0;
  live = 0;
  firstFree = noSlot;
  codesEnd = <usize>memory.size() * pageBytes;
  return true;
}

/** Slots ever used; those beyond hold nothing. */
export function usedSlots(): u32 {
  return used;
}

export function liveSlots(): u32 {
  return live;
}

export function codeOf(slot: u32): usize {
  return codes + <usize>slot * <usize>hashBytes;
}

export function isLive(slot: u32): bool {
  return ((load<u8>(liveBits + <usize>(slot >> 3)) >> (slot & 7)) & 1) !== 0;
}

/** Puts `insertedHash` into a slot: the last one freed, else a new one. `noSlot` when there is no memory left. */
export function takeSlot(): u32 {
  assert(live < indexHashesMax, 'the index is full');
  let slot = firstFree;
  if (slot !== noSlot) {
    firstFree = load<u32>(codeOf(slot));
  } else {
    if (!makeRoomFor(used)) return noSlot;
    slot = used++;
  }
  memory.copy(codeOf(slot), insertedHash, <usize>hashBytes);
  flipLive(slot);
  live++;
  return slot;
}

export function freeSlot(slot: u32): void {
  assert(slot < used, 'there is no such slot');
  assert(isLive(slot), 'the slot is empty');
  flipLive(slot);
  live--;
  store<u32>(codeOf(slot), firstFree);
  firstFree = slot;
}

function makeRoomFor(slot: u32): bool {
  const end = codeOf(slot + scanStep);
  if (end <= codesEnd) return true;
  if (!reserveUpTo(codesEnd + <usize>growthPages * pageBytes) && !reserveUpTo(end)) return false;
  codesEnd = <usize>memory.size() * pageBytes;
  return true;
}

function flipLive(slot: u32): void {
  const at = liveBits + <usize>(slot >> 3);
  const bit: u32 = 1 << (slot & 7);
  store<u8>(at, load<u8>(at) ^ <u8>bit);
}
