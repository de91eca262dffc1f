/**
 * A segment: an immutable index over codes, exact up to radius 31 (multi-index hashing with a chain of two chunks).
 *
 * For each of the 16 chunks there is a table that sorts all codes into 65,536 buckets by the value of that chunk. An
 * entry is the *next* chunk of the code (its sketch, 16 bits) and the number of its slot (24 bits), in arrays of their
 * own: 80 bytes a code for all tables.
 *
 *      header | magic | hashes | first slot |
 *      directories   16 x | where bucket 0 starts | bucket 1 | ... | bucket 65535 | end |
 *      sketches      16 x | bucket 0: s s s s | bucket 1: s s | ...                          2 bytes each
 *      slots         16 x | bucket 0: n n n n | bucket 1: n n | ...                          3 bytes each
 *
 * A search probes, for each chunk, the bucket of the query's value and the 16 buckets one bit away, and reads nothing
 * there but sketches, eight a turn. Of the 41,000 candidates of a query among ten million codes, 100 have a sketch near
 * enough (see chain.ts); only their slots are read, and only their codes are fetched, by the store, to be counted.
 *
 * Two phases. First all 272 probes are looked up and the first lines of each bucket are touched: the loads do not depend
 * on each other, so the processor has ten and more on their way at once. WebAssembly has no prefetch; this is one. Then
 * the buckets are scanned. Without the touching a search among a million codes takes 23 us instead of 15, among eight
 * million 87 instead of 72: the processor waits for memory at each bucket. (An AMD EPYC of 2022, Node 20.)
 *
 * Sources: Norouzi, Punjani and Fleet, Fast search in Hamming space with multi-index hashing (2012); chain.ts.
 */
import {
  chunks,
  directoryBytes,
  hashBytes,
  listedSlots,
  pageBytes,
  probeList,
  queryCodes,
  segmentHeader,
  segmentTables,
  slotBytes,
  slotList,
  slotListMax,
  slotListOrigins,
  tableSlackBytes,
} from '../memory-layout';
import { reachOf, reachOfTwo, startChain } from './chain';

const magic: u32 = 0x31474553;
/** Of a probe: where its bucket starts and ends, how far its sketches may be away, and what was touched. */
const probeBytes: usize = 16;

let hashes: u32 = 0;
let firstSlot: u32 = 0;
let queryCount: u32 = 0;
/** Where the search stands: a host that has no room left is answered, and asks again. */
let query: u32 = 0;
let probe: u32 = 0;
let entry: u32 = 0;
let probes: u32 = 0;
let candidates: u32 = 0;

export function directoryOf(chunk: u32): usize {
  return segmentTables + <usize>chunk * directoryBytes;
}

export function sketchesOf(chunk: u32, count: u32): usize {
  return directoryOf(chunks) + <usize>chunk * arrayBytes(count, 2);
}

export function slotsOf(chunk: u32, count: u32): usize {
  return sketchesOf(chunks, count) + <usize>chunk * arrayBytes(count, slotBytes);
}

/** Memory that a segment of `count` hashes takes. */
export function segmentBytesFor(count: u32): usize {
  return slotsOf(chunks, count);
}

function arrayBytes(count: u32, entryBytes: u32): usize {
  return (<usize>count * <usize>entryBytes + tableSlackBytes + 63) & ~63;
}

/** Marks the memory as that of a segment: the tables have been written. */
export function sealSegment(count: u32, first: u32): void {
  store<u32>(segmentHeader, magic);
  store<u32>(segmentHeader, count, 4);
  store<u32>(segmentHeader, first, 8);
}

export function openSegment(): u32 {
  const memoryBytes = <u64>memory.size() * pageBytes;
  assert(memoryBytes >= segmentTables && load<u32>(segmentHeader) === magic, 'the memory holds no segment');
  hashes = load<u32>(segmentHeader, 4);
  assert(memoryBytes >= <u64>segmentBytesFor(hashes), 'the segment was cut off');
  firstSlot = load<u32>(segmentHeader, 8);
  return hashes;
}

/** The queries lie as codes in `queryCodes`. */
export function startSegmentSearch(count: u32, radiusBits: u32): void {
  startChain(radiusBits);
  queryCount = count;
  query = 0;
  startQuery();
}

/** Fills the slot list with candidates and gives their number; less than `slotListMax` / 2 when that was all. */
export function nextCandidates(): u32 {
  candidates = 0;
  while (query < queryCount) {
    const ofOthers = candidates;
    const isDone = scanProbes();
    forgetListed(ofOthers);
    if (!isDone) break;
    query++;
    if (query < queryCount) startQuery();
  }
  return candidates;
}

/** Goes on with the query; false when the list is half full before its end. */
function scanProbes(): bool {
  for (; probe < probes; probe++) {
    scanBucket(probeList + <usize>probe * probeBytes);
    if (candidates >= slotListMax / 2) return false;
    entry = 0;
  }
  return true;
}

/** Looks all probes of the query up. */
function startQuery(): void {
  probes = 0;
  probe = 0;
  entry = 0;
  const code = queryCodes + <usize>(query * hashBytes);
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    const reach = reachOf(chunk);
    if (reach < 0) continue;
    const value = <u32>load<u16>(code + <usize>(2 * chunk));
    addProbe(chunk, value, reachOfTwo(chunk));
    if (reach === 0) continue;
    for (let bit: u32 = 0; bit < 16; bit++) addProbe(chunk, value ^ (1 << bit), reachOfTwo(chunk) - 1);
  }
}

function addProbe(chunk: u32, value: u32, reach: i32): void {
  const bucket = directoryOf(chunk) + <usize>(value * 4);
  const start = load<u32>(bucket);
  const end = load<u32>(bucket, 4);
  const at = probeList + <usize>probes * probeBytes;
  store<u32>(at, start);
  store<u32>(at, end, 4);
  store<u32>(at, (chunk << 8) | <u32>reach, 8);
  // Fetches three lines; what was read is kept, lest the compiler leave the reading out.
  const first = sketchesOf(chunk, hashes) + <usize>start * 2;
  store<u32>(at, <u32>load<u16>(first) + <u32>load<u16>(first, 64) + <u32>load<u16>(first, 128), 12);
  // An empty bucket is written over by the next probe: no branch to guess.
  probes += end > start ? 1 : 0;
}

/** Goes on at `entry` of the bucket; stops early when the list is half full. */
function scanBucket(at: usize): void {
  const start = load<u32>(at) + entry;
  const end = load<u32>(at, 4);
  const chunk = <u32>load<u8>(at, 9);
  const reach = <i32>load<u8>(at, 8);
  const next = load<u16>(queryCodes + <usize>(query * hashBytes + 2 * ((chunk + 1) & (chunks - 1))));
  const sketches = sketchesOf(chunk, hashes);
  const wanted = i16x8.splat(<i16>next);
  for (let from = start; from < end; from += 8) {
    let near = nearOf8(v128.xor(v128.load(sketches + <usize>from * 2), wanted), reach);
    if (near === 0) continue;
    // Lanes beyond the bucket belong to the next one.
    if (end - from < 8) near &= (1 << (end - from)) - 1;
    addCandidates(near, chunk, from);
    if (candidates >= slotListMax / 2) {
      entry += from + 8 - start;
      return;
    }
  }
  entry += end - start;
}

/**
 * A bit for each of eight differences that has at most `reach` ones: clearing the lowest one so many times leaves zero.
 * Counting them would take a vector popcount, which WebAssembly builds from a dozen instructions.
 */
function nearOf8(difference: v128, reach: i32): i32 {
  const one = i16x8.splat(1);
  for (let turn = 0; turn < reach; turn++) difference = v128.and(difference, i16x8.sub(difference, one));
  return i16x8.bitmask(i16x8.eq(difference, i16x8.splat(0)));
}

/**
 * Lists the slots of the entries that are near. A code that is very near has runs from most chunks, and would be fetched
 * and counted for each: what is listed already is left out. (Were it listed twice, the store would count it once.)
 */
function addCandidates(near: i32, chunk: u32, from: u32): void {
  const slots = slotsOf(chunk, hashes);
  while (near !== 0) {
    const at = slots + <usize>(from + <u32>ctz<i32>(near)) * <usize>slotBytes;
    const slot = load<u32>(at) & 0xffffff;
    const place = listedSlots + <usize>(slot >> 3);
    const bits = <u32>load<u8>(place);
    const bit: u32 = 1 << (slot & 7);
    store<u8>(place, bits | bit);
    store<u32>(slotList + <usize>candidates * 4, firstSlot + slot);
    store<u32>(slotListOrigins + <usize>candidates * 4, query | (chunk << 8));
    candidates += (bits & bit) === 0 ? 1 : 0;
    near &= near - 1;
  }
}

/** Forgets what is listed from `first` on. */
function forgetListed(first: u32): void {
  for (let at = first; at < candidates; at++) {
    const slot = load<u32>(slotList + <usize>at * 4) - firstSlot;
    store<u8>(listedSlots + <usize>(slot >> 3), 0);
  }
}
