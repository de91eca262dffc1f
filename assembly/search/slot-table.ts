/**
 * Which slot holds a code: each unique code stands in one slot, or a bank full of identical frames would make every
 * search that meets them slow (measured: 5 % identical frames, seconds a search).
 *
 * Linear hashing: chains of slots whose heads grow one by one. A table that doubles would stop the searches behind it
 * for half a second at ten million codes; this one moves one chain an insert.
 *
 *      heads   0   1   2   3 | 4   5           6 heads: 2 to the power of 3 is the least power not below
 *      mix & 7:        6, 7 -> 2, 3            a head that is not there yet is still part of the one 4 below
 *
 * Source: Litwin, Linear hashing: a new tool for file and table addressing (1980).
 */
import { blockLinks, blockSlots } from '../memory-layout';
import { blockOfSlot, codeAt } from './blocks';

/** End of a chain; slots are kept as slot + 1, so that fresh memory is empty chains. */
const none: u32 = 0;

let heads: usize = 0;
let headCount: u32 = 1;
/** The least power of two not below `headCount`, less one. */
let headMask: u32 = 0;

/** `at`: room for a u32 for each slot there may ever be, zeroed. An empty table that is to hold `count` slots at once. */
export function startSlotTable(at: usize, count: u32): void {
  heads = at;
  headCount = max<u32>(count, 1);
  headMask = 0;
  while (headMask < headCount - 1) headMask = 2 * headMask + 1;
}

/** The slot that holds the code at `code`, plus one; 0 when there is none. */
export function findSlot(code: usize): u32 {
  let entry = load<u32>(headOf(code));
  while (entry !== none && !isSame(codeAt(entry - 1), code)) entry = load<u32>(linkOf(entry - 1));
  return entry;
}

/** The code of `slot`, the `count`-th of the table, has been written and is not in the table yet. */
export function chainSlot(slot: u32, count: u32): void {
  if (count > headCount) splitNext();
  const head = headOf(codeAt(slot));
  store<u32>(linkOf(slot), load<u32>(head));
  store<u32>(head, slot + 1);
}

export function unchainSlot(slot: u32): void {
  let at = headOf(codeAt(slot));
  while (load<u32>(at) !== slot + 1) {
    assert(load<u32>(at) !== none, 'the slot is not in the table');
    at = linkOf(load<u32>(at) - 1);
  }
  store<u32>(at, load<u32>(linkOf(slot)));
}

/** Where the number of the slot that follows is kept: in a chain here, among the free slots elsewhere. */
export function linkOf(slot: u32): usize {
  return blockOfSlot(slot) + blockLinks + <usize>((slot % blockSlots) * 4);
}

/** One more head: takes what is its own out of the chain that it was part of. */
function splitNext(): void {
  const added = headCount;
  if (added > headMask) headMask = 2 * headMask + 1;
  headCount++;
  const from = heads + <usize>(added & (headMask >> 1)) * 4;
  const to = heads + <usize>added * 4;
  let entry = load<u32>(from);
  let kept = none;
  let moved = none;
  while (entry !== none) {
    const link = linkOf(entry - 1);
    const next = load<u32>(link);
    const leaves = (mixOf(codeAt(entry - 1)) & headMask) === added;
    store<u32>(link, leaves ? moved : kept);
    if (leaves) moved = entry;
    else kept = entry;
    entry = next;
  }
  store<u32>(from, kept);
  store<u32>(to, moved);
}

function headOf(code: usize): usize {
  let head = mixOf(code) & headMask;
  if (head >= headCount) head &= headMask >> 1;
  return heads + <usize>head * 4;
}

function isSame(a: usize, b: usize): bool {
  const upper = v128.xor(v128.load(a), v128.load(b));
  const lower = v128.xor(v128.load(a, 16), v128.load(b, 16));
  return !v128.any_true(v128.or(upper, lower));
}

/** All 256 bits count: hashes of one scene differ in a few of them. The constants are those of splitmix64. */
function mixOf(code: usize): u32 {
  let mix: u64 = load<u64>(code);
  mix = (mix ^ (mix >> 30)) * 0xbf58476d1ce4e5b9 + load<u64>(code, 8);
  mix = (mix ^ (mix >> 27)) * 0x94d049bb133111eb + load<u64>(code, 16);
  mix = (mix ^ (mix >> 31)) * 0xbf58476d1ce4e5b9 + load<u64>(code, 24);
  mix = (mix ^ (mix >> 30)) * 0x94d049bb133111eb;
  return <u32>(mix ^ (mix >> 32));
}
