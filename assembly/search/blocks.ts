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
import { blockBytes, blockCodes, blockPlanes, blockSlots, hashBytes, planesHalfBytes } from '../memory-layout';

/** Both halves of the planes of block 0, and block 0 itself. */
let frontPlanes: usize = 0;
let backPlanes: usize = 0;
let blocks: usize = 0;

/** Lays `count` blocks out from `start` on, a multiple of 64; gives where they end. */
export function startBlocks(start: usize, count: u32): usize {
  frontPlanes = start;
  backPlanes = frontPlanes + <usize>count * planesHalfBytes;
  blocks = backPlanes + <usize>count * planesHalfBytes;
  return blocks + <usize>count * blockBytes;
}

/** Planes 0 to 95 of a block. */
export function frontPlanesAt(block: u32): usize {
  return frontPlanes + <usize>block * planesHalfBytes;
}

/** Planes 96 to 191 of a block. */
export function backPlanesAt(block: u32): usize {
  return backPlanes + <usize>block * planesHalfBytes;
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
  const half: usize = <usize>(blockPlanes / 16);
  writePlanes(frontPlanesAt(slot / blockSlots), slot % blockSlots, code, code + half);
  writePlanes(backPlanesAt(slot / blockSlots), slot % blockSlots, code + half, code + 2 * half);
}

function writePlanes(planes: usize, lane: u32, code: usize, end: usize): void {
  const bit: u32 = 1 << (lane & 7);
  let plane = planes + <usize>(lane >> 3);
  for (; code < end; code++) {
    let bits = <u32>load<u8>(code);
    for (let count: u32 = 0; count < 8; count++) {
      // All ones when the bit is set: no branch for the processor to guess.
      const ones = 0 - (bits & 1);
      store<u8>(plane, (load<u8>(plane) & ~bit) | (ones & bit));
      bits >>= 1;
      plane += 16;
    }
  }
}
