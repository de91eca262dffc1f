/**
 * Slots of the store: which hold a hash, which are free, and which a segment names.
 *
 *      free ---- insert ---> fresh ---- capture ---> held, fresh ---- index ---> held, indexed
 *        ^                     |                         |                            |
 *        |<----- remove -------+                      remove                       remove
 *        |                                               v                            v
 *        +<------------------- release ------------- held, dead <---------------------+
 *
 * Fresh slots are scanned. A build takes ("captures") them into a segment; once the segment is searched they are indexed
 * and scanned no more. A slot that a segment names keeps its number until a segment without it has taken over: a removed
 * hash would otherwise come back under the number of another.
 */
import {
  blockBytes,
  blockSlots,
  heldMask,
  indexedMask,
  indexHashesMax,
  insertedCode,
  insertedHash,
  listedFlag,
  liveMask,
  planesHalfBytes,
  reserveUpTo,
  slotList,
  storeStart,
} from '../memory-layout';
import { blockAt, clearMark, hasMark, setMark, startBlocks, writeCode } from './blocks';
import { codeOfHash } from './code';
import { chainSlot, findSlot, linkOf, startSlotTable, unchainSlot } from './slot-table';

export const noSlot: u32 = 0xffffffff;

/** Slots beyond half as many again as there may be hashes: what is removed before a first build is due. */
const spareSlots: u32 = 16384;

let hashesMax: u32 = 0;
let slotsMax: u32 = 0;
let used: u32 = 0;
let live: u32 = 0;
let dead: u32 = 0;
let fresh: u32 = 0;
let firstFree: u32 = noSlot;
/** Numbers of the blocks that hold something to scan, u32 each. */
let listedBlocks: usize = 0;
let listed: u32 = 0;

/** An empty store for `count` hashes, in fresh memory. False when there is no memory for it. */
export function startSlots(count: u32): bool {
  assert(count >= 1 && count <= indexHashesMax, 'an index is for 1 to 20,000,000 hashes');
  hashesMax = count;
  // Removed hashes keep their slots for a while; a full index must not have to wait for them.
  slotsMax = count + count / 2 + spareSlots;
  listedBlocks = storeStart + <usize>(slotsMax * 4);
  const blockCount = (slotsMax + blockSlots - 1) / blockSlots;
  startSlotTable(storeStart, 0);
  return reserveUpTo(startBlocks((listedBlocks + <usize>(blockCount * 4) + 63) & ~63, blockCount));
}

/** Slots ever used; those beyond hold nothing. */
export function usedSlots(): u32 {
  return used;
}

export function liveSlots(): u32 {
  return live;
}

/** Removed hashes whose slots are held. */
export function deadSlots(): u32 {
  return dead;
}

/** Slots there may ever be. */
export function slotCapacity(): u32 {
  return slotsMax;
}

/** Live slots that no segment finds. */
export function freshSlots(): u32 {
  return fresh;
}

export function listedCount(): u32 {
  return listed;
}

export function listedBlock(at: u32): u32 {
  return load<u32>(listedBlocks + <usize>at * 4);
}

/** Bytes in use: what was reserved for more hashes has not been touched and takes no memory. */
export function usedBytes(): usize {
  const blockCount = (used + blockSlots - 1) / blockSlots;
  return storeStart + <usize>(used * 4) + <usize>blockCount * (blockBytes + 2 * planesHalfBytes);
}

/** The slot of `insertedHash`: the one that has it, else the last one freed, else a new one. `noSlot`: no room. */
export function takeSlot(): u32 {
  codeOfHash(insertedHash, insertedCode);
  const known = findSlot(insertedCode);
  if (known !== 0) return known - 1;
  if (live === hashesMax) return noSlot;
  const slot = newSlot();
  if (slot === noSlot) return noSlot;
  writeCode(slot, insertedCode);
  setMark(slot, liveMask);
  live++;
  fresh++;
  chainSlot(slot, live);
  listBlock(slot / blockSlots);
  return slot;
}

function newSlot(): u32 {
  const slot = firstFree;
  if (slot !== noSlot) {
    firstFree = load<u32>(linkOf(slot));
    return slot;
  }
  return used === slotsMax ? noSlot : used++;
}

export function dropSlot(slot: u32): void {
  assert(slot < used, 'there is no such slot');
  assert(hasMark(slot, liveMask), 'the slot is empty');
  unchainSlot(slot);
  clearMark(slot, liveMask);
  live--;
  if (!hasMark(slot, indexedMask)) fresh--;
  if (hasMark(slot, heldMask)) dead++;
  else freeSlot(slot);
}

let captureAt: u32 = 0;
let captureFrom: u32 = 0;
let captureEnd: u32 = 0;

/** Begins to capture the fresh slots from `from` up to and without `end`. */
export function startCapture(from: u32, end: u32): void {
  captureAt = 0;
  captureFrom = from;
  captureEnd = end;
}

/** Captures into the slot list; at most `room`, rounded down to whole blocks. 0: there are no more. */
export function captureSlots(room: u32): u32 {
  let count: u32 = 0;
  while (captureAt < listed && count + blockSlots <= room) {
    const number = listedBlock(captureAt++);
    if (number * blockSlots < captureFrom || number * blockSlots >= captureEnd) continue;
    const block = blockAt(number);
    const held = v128.load(block + heldMask);
    const lanes = v128.andnot(v128.load(block + liveMask), held);
    v128.store(block + heldMask, v128.or(held, lanes));
    count = listLanes(count, number * blockSlots, i64x2.extract_lane(lanes, 0));
    count = listLanes(count, number * blockSlots + 64, i64x2.extract_lane(lanes, 1));
  }
  return count;
}

/** Appends the slots of 64 lanes to the list, which has `count`; gives what it has then. */
function listLanes(count: u32, first: u32, lanes: u64): u32 {
  for (; lanes !== 0; lanes &= lanes - 1) {
    store<u32>(slotList + <usize>count * 4, first + <u32>ctz<u64>(lanes));
    count++;
  }
  return count;
}

/** The first `count` of the slot list were captured, and a segment finds them from now on. */
export function indexSlots(count: u32): void {
  for (let at: u32 = 0; at < count; at++) {
    const slot = load<u32>(slotList + <usize>at * 4);
    assert(slot < used && hasMark(slot, heldMask), 'the slot was not captured');
    if (hasMark(slot, indexedMask)) continue;
    setMark(slot, indexedMask);
    if (hasMark(slot, liveMask)) fresh--;
  }
}

/** The first `count` of the slot list are named by no segment any more: live ones are fresh again, dead ones free. */
export function releaseSlots(count: u32): void {
  for (let at: u32 = 0; at < count; at++) {
    const slot = load<u32>(slotList + <usize>at * 4);
    assert(slot < used && hasMark(slot, heldMask), 'the slot was not captured');
    const wasIndexed = hasMark(slot, indexedMask);
    clearMark(slot, heldMask);
    clearMark(slot, indexedMask);
    if (!hasMark(slot, liveMask)) {
      dead--;
      freeSlot(slot);
    } else if (wasIndexed) {
      fresh++;
      listBlock(slot / blockSlots);
    }
  }
}

/** Takes the blocks off the list in which nothing is left to scan. */
export function relistBlocks(): void {
  const before = listed;
  listed = 0;
  for (let at: u32 = 0; at < before; at++) {
    const block = listedBlock(at);
    store<u32>(blockAt(block) + listedFlag, 0);
    if (v128.any_true(freshLanes(blockAt(block)))) listBlock(block);
  }
}

/** Ones for the lanes that are live and not indexed. */
export function freshLanes(block: usize): v128 {
  return v128.andnot(v128.load(block + liveMask), v128.load(block + indexedMask));
}

/** The blocks of a snapshot have been read into memory, `count` slots of them: makes the rest anew from their masks. */
export function adoptSlots(count: u32): void {
  assert(used === 0, 'a snapshot is read into an empty index');
  assert(count <= slotsMax, 'more slots than the index is for');
  used = count;
  // Sized at once: to let the table grow with each slot would take three times as long.
  startSlotTable(storeStart, liveInBlocks((count + blockSlots - 1) / blockSlots));
  for (let slot: u32 = 0; slot < count; slot++) {
    const isLive = hasMark(slot, liveMask);
    if (isLive) chainSlot(slot, ++live);
    else if (hasMark(slot, heldMask)) dead++;
    else freeSlot(slot);
    if (!isLive || hasMark(slot, indexedMask)) continue;
    fresh++;
    listBlock(slot / blockSlots);
  }
}

function liveInBlocks(count: u32): u32 {
  let sum: u64 = 0;
  for (let block: u32 = 0; block < count; block++) {
    const lanes = blockAt(block) + liveMask;
    sum += popcnt<u64>(load<u64>(lanes)) + popcnt<u64>(load<u64>(lanes, 8));
  }
  return <u32>sum;
}

function listBlock(block: u32): void {
  const flag = blockAt(block) + listedFlag;
  if (load<u32>(flag) !== 0) return;
  store<u32>(flag, 1);
  store<u32>(listedBlocks + <usize>listed * 4, block);
  listed++;
}

function freeSlot(slot: u32): void {
  store<u32>(linkOf(slot), firstFree);
  firstFree = slot;
}
