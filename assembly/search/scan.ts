/**
 * Exact search by reading every code, bit-sliced: 128 codes at once.
 *
 * The obvious scan takes a code, XORs words, counts ones, compares: 0.76 ns a code at radius 31 and 1.11 at 64 where the
 * codes fit the cache, and more where they come from memory, of which it reads 32 bytes a code. This one takes 0.57 and
 * 1.03, and reads 12 and 22. (An AMD EPYC of 2022, Node 20.)
 *
 * Here a vector holds *one bit of 128 codes*, and the lanes count for themselves how often they differ:
 *
 *      plane 0   a0 b0 c0 d0 ...    XOR all ones or all zeros (bit 0 of the query)
 *      plane 1   a1 b1 c1 d1 ...    XOR ...
 *      ...                          each gives a 1 where the code differs
 *      counters  c6 c5 c4 c3 c2 c1 c0, one 7-bit number in each lane, started at 127 - radius:
 *                a lane that overflows is over the radius, and dead for good: no compare is ever needed
 *
 * Ones are added by full adders (a carry-save adder tree, 5 operations for 3 bits of 128 codes); eight planes give one
 * carry of weight 8. Every eight planes the scan looks whether a lane is still alive: at radius 31 nearly all blocks
 * are done after 96 of the 256 planes, at radius 64 after 176, and the few codes left are counted in full.
 *
 * A tile of blocks is gone over by all queries of a call before the next tile is touched: codes come from memory once.
 *
 * The loop takes eight planes a turn, not all 96, and the store in the middle is a fence: V8 moves the loads of a block
 * to its start and spills what does not fit in 16 registers. Loops of eight take 0.59 ns a code, with the fence 0.57; a
 * straight line of 96 planes takes twice as long.
 */
import {
  blockPlanes,
  blockSlots,
  hashBytes,
  liveMask,
  planesHalfBytes,
  queryCodes,
  queryMasks,
  scanScratch,
  tileBlocks,
} from '../memory-layout';
import { backPlanesAt, blockAt, codeAt, frontPlanesAt } from './blocks';
import { confirmScanned, hitsOverflow } from './hits';
import { bitOf, carryOf, sumOf } from './lanes';
import { freshLanes, listedBlock, listedCount, usedSlots } from './slots';

const masksBytes: usize = <usize>(blockPlanes * 16);

/** What each lane's counter starts at: 127 less the bits that may differ. */
let start: u32 = 0;

/** A vector of ones or zeros for each of the first 192 bits of each query, of which at most `radiusBits` may differ. */
function startScan(queryCount: u32, radiusBits: u32): void {
  start = 127 - radiusBits;
  for (let query: u32 = 0; query < queryCount; query++) {
    const code = queryCodes + <usize>(query * hashBytes);
    const masks = queryMasks + <usize>query * masksBytes;
    for (let bit: u32 = 0; bit < blockPlanes; bit++) {
      const isSet = (<u32>load<u8>(code + <usize>(bit >> 3)) >> (bit & 7)) & 1;
      v128.store(masks + <usize>(bit * 16), i32x4.splat(-(<i32>isSet)));
    }
  }
}

/** All live slots. */
export function scanAll(queryCount: u32, radiusBits: u32): void {
  startScan(queryCount, radiusBits);
  const blocks = (usedSlots() + blockSlots - 1) / blockSlots;
  for (let first: u32 = 0; first < blocks; first += tileBlocks) {
    const end = min(first + tileBlocks, blocks);
    for (let query: u32 = 0; query < queryCount; query++) {
      for (let block = first; block < end; block++) scanLanes(query, block, v128.load(blockAt(block) + liveMask));
    }
    if (hitsOverflow()) return;
  }
}

/** The slots that no segment finds. */
export function scanFresh(queryCount: u32, radiusBits: u32): void {
  startScan(queryCount, radiusBits);
  const blocks = listedCount();
  for (let first: u32 = 0; first < blocks; first += tileBlocks) {
    const end = min(first + tileBlocks, blocks);
    for (let query: u32 = 0; query < queryCount; query++) {
      for (let at = first; at < end; at++) {
        const block = listedBlock(at);
        scanLanes(query, block, freshLanes(blockAt(block)));
      }
    }
    if (hitsOverflow()) return;
  }
}

function scanLanes(query: u32, block: u32, lanes: v128): void {
  const masks = queryMasks + <usize>query * masksBytes;
  const alive = addPlanes(frontPlanesAt(block), backPlanesAt(block), masks, lanes);
  if (!v128.any_true(alive)) return;
  confirmLanes(query, block * blockSlots, i64x2.extract_lane(alive, 0));
  confirmLanes(query, block * blockSlots + 64, i64x2.extract_lane(alive, 1));
}

function confirmLanes(query: u32, first: u32, lanes: u64): void {
  while (lanes !== 0) {
    const slot = first + <u32>ctz<u64>(lanes);
    confirmScanned(query, slot, codeAt(slot));
    lanes &= lanes - 1;
  }
}

/** The lanes that may be within the radius, as far as 192 planes tell; `alive` are those that are looked at. */
function addPlanes(plane: usize, back: usize, mask: usize, alive: v128): v128 {
  let c0 = bitOf(<i32>start, 0);
  let c1 = bitOf(<i32>start, 1);
  let c2 = bitOf(<i32>start, 2);
  let c3 = bitOf(<i32>start, 3);
  let c4 = bitOf(<i32>start, 4);
  let c5 = bitOf(<i32>start, 5);
  let c6 = bitOf(<i32>start, 6);
  const frontEnd = plane + planesHalfBytes;
  for (const end = mask + masksBytes; mask < end; mask += 128) {
    const p0 = v128.xor(v128.load(plane), v128.load(mask));
    const p1 = v128.xor(v128.load(plane, 16), v128.load(mask, 16));
    const twosA = carryOf(c0, p0, p1);
    c0 = sumOf(c0, p0, p1);
    const p2 = v128.xor(v128.load(plane, 32), v128.load(mask, 32));
    const p3 = v128.xor(v128.load(plane, 48), v128.load(mask, 48));
    const twosB = carryOf(c0, p2, p3);
    c0 = sumOf(c0, p2, p3);
    v128.store(scanScratch, carryOf(c1, twosA, twosB));
    c1 = sumOf(c1, twosA, twosB);
    const p4 = v128.xor(v128.load(plane, 64), v128.load(mask, 64));
    const p5 = v128.xor(v128.load(plane, 80), v128.load(mask, 80));
    const twosC = carryOf(c0, p4, p5);
    c0 = sumOf(c0, p4, p5);
    const p6 = v128.xor(v128.load(plane, 96), v128.load(mask, 96));
    const p7 = v128.xor(v128.load(plane, 112), v128.load(mask, 112));
    const twosD = carryOf(c0, p6, p7);
    c0 = sumOf(c0, p6, p7);
    const foursB = carryOf(c1, twosC, twosD);
    c1 = sumOf(c1, twosC, twosD);
    const foursA = v128.load(scanScratch);
    const eights = carryOf(c2, foursA, foursB);
    c2 = sumOf(c2, foursA, foursB);
    const c4In = v128.and(c3, eights);
    c3 = v128.xor(c3, eights);
    const c5In = v128.and(c4, c4In);
    c4 = v128.xor(c4, c4In);
    const c6In = v128.and(c5, c5In);
    c5 = v128.xor(c5, c5In);
    alive = v128.andnot(alive, v128.and(c6, c6In));
    c6 = v128.xor(c6, c6In);
    if (!v128.any_true(alive)) break;
    plane += 128;
    if (plane === frontEnd) plane = back;
  }
  return alive;
}
