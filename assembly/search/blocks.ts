/**
 * Slots, by blocks of 128: where a slot's code, planes and masks lie.
 *
 *      slot 300  ->  block 2, lane 44
 *
 *      masks   live      the slot holds a hash
 *              indexed   a segment finds it, so that narrow searches need not scan it
 *              held      a segment, or a build that is running, names it: the slot must not be given out again
 *      codes   row by row, for distances
 *      planes  bit by bit, for the scan: writing a code is 192 single bits
 *
 * A code row by row is what the verification of a candidate reads: one cache line. From the planes it would be 192.
 */
import {
  blockBytes,
  blockCodes,
  blockPlanes,
  blockPlanesStart,
  blockSlots,
  growthPages,
  hashBytes,
  pageBytes,
  reserveUpTo,
} from '../memory-layout';

/** Start of block 0. */
let blocks: usize = 0;
let blocksEnd: usize = 0;

/** The blocks begin at `start`, page-aligned. */
export function startBlocks(start: usize): void {
  blocks = start;
  blocksEnd = <usize>memory.size() * pageBytes;
}

export function blockAt(block: u32): usize {
  return blocks + <usize>block * blockBytes;
}

export function blockOfSlot(slot: u32): usize {
  return blockAt(slot / blockSlots);
}

export function codeAt(slot: u32): usize {
  return blockOfSlot(slot) + blockCodes + <usize>((slot % blockSlots) * hashBytes);
}

export function hasMark(slot: u32, mask: usize): bool {
  const at = blockOfSlot(slot) + mask + <usize>((slot % blockSlots) >> 3);
  return ((load<u8>(at) >> (slot & 7)) & 1) !== 0;
}

export function setMark(slot: u32, mask: usize): void {
  const at = blockOfSlot(slot) + mask + <usize>((slot % blockSlots) >> 3);
  store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (slot & 7)));
}

export function clearMark(slot: u32, mask: usize): void {
  const at = blockOfSlot(slot) + mask + <usize>((slot % blockSlots) >> 3);
  store<u8>(at, load<u8>(at) & ~(<u8>((<u32>1) << (slot & 7))));
}

/** Puts the code at `code` into a slot: as it is, and a bit into each plane. */
export function writeCode(slot: u32, code: usize): void {
  memory.copy(codeAt(slot), code, <usize>hashBytes);
  const lane = slot % blockSlots;
  const bit: u32 = 1 << (lane & 7);
  let plane = blockOfSlot(slot) + blockPlanesStart + <usize>(lane >> 3);
  for (let at: usize = 0; at < <usize>(blockPlanes / 8); at++) {
    let bits = <u32>load<u8>(code + at);
    for (let count: u32 = 0; count < 8; count++) {
      // All ones when the bit is set: no branch for the processor to guess.
      const ones = 0 - (bits & 1);
      store<u8>(plane, (load<u8>(plane) & ~bit) | (ones & bit));
      bits >>= 1;
      plane += 16;
    }
  }
}

/** Sees to it that there is memory for the slot; fresh memory is zero. False when there is none. */
export function makeRoomFor(slot: u32): bool {
  const end = blockAt(slot / blockSlots + 1);
  if (end <= blocksEnd) return true;
  if (!reserveUpTo(blocksEnd + <usize>growthPages * pageBytes) && !reserveUpTo(end)) return false;
  blocksEnd = <usize>memory.size() * pageBytes;
  return true;
}
