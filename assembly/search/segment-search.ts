/**
 * The search of a segment: multi-index hashing with a chain of two chunks.
 *
 * For each chunk it probes the bucket of the query's value and the 16 buckets one bit away, and reads nothing there but
 * sketches. Of the 41,000 candidates of a query among ten million codes, 100 have a sketch near enough (see chain.ts);
 * only their slots are read, and only their codes are fetched, by the store, to be counted.
 *
 *      probes     | first sketch | end | wanted, reach, chunk | touched |          272 of them
 *      16 at once    sketch ^ wanted,  lowest one cleared twice,  a zero lane?      2 bits may differ
 *
 * Clearing the lowest one as often as bits may differ leaves zero in the lanes that are near. Counting ones would take a
 * vector popcount, which WebAssembly builds from a dozen instructions.
 *
 * Two phases. First all probes are looked up and the lines of their buckets are touched: the loads do not depend on each
 * other, so the processor has ten and more on their way at once. WebAssembly has no prefetch; this is one. Then the
 * buckets are scanned. Without the touching a search among a million codes takes 23 us instead of 15, among eight
 * million 87 instead of 72: the processor waits for memory at each bucket. (An AMD EPYC of 2022, Node 20.)
 *
 * Sources: Norouzi, Punjani and Fleet, Fast search in Hamming space with multi-index hashing (2012); chain.ts.
 */
import {
  chunks,
  chunkValues,
  hashBytes,
  listedSlots,
  probeList,
  queryCodes,
  slotBytes,
  slotList,
  slotListMax,
  slotListOrigins,
  touchedLinesMax,
} from '../memory-layout';
import { reachOf, reachOfTwo, startChain } from './chain';
import { directoryOf, openedFirstSlot, openedHashes, sketchesOf, slotsOf } from './segment';

const probeBytes: usize = 16;
const lineBytes: u32 = 64;
/** Sketches of one turn: two vectors. */
const groupBytes: usize = 32;

let hashes: u32 = 0;
let firstSlot: u32 = 0;
/** Lines of a bucket of usual size, and one more, since buckets do not begin with a line. */
let touchedLines: u32 = 1;

let queryCount: u32 = 0;
/** Where the search stands: a host that has no room left is answered, and asks again. */
let query: u32 = 0;
let probe: u32 = 0;
let scannedBytes: usize = 0;
let probes: u32 = 0;
let candidates: u32 = 0;

export function openSegment(): u32 {
  hashes = openedHashes();
  firstSlot = openedFirstSlot();
  touchedLines = min(((hashes / chunkValues) * 2) / lineBytes + 2, touchedLinesMax);
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
    readSlots(ofOthers);
    if (!isDone) break;
    query++;
    if (query < queryCount) startQuery();
  }
  return candidates;
}

/** Looks all probes of the query up. */
function startQuery(): void {
  probes = 0;
  probe = 0;
  scannedBytes = 0;
  const code = queryCodes + <usize>(query * hashBytes);
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    const reach = reachOf(chunk);
    if (reach < 0) continue;
    const value = <u32>load<u16>(code + <usize>(2 * chunk));
    const wanted = <u32>load<u16>(code + <usize>(2 * ((chunk + 1) % chunks)));
    const ofNext = <u32>reachOfTwo(chunk);
    const directory = directoryOf(chunk);
    const sketches = sketchesOf(chunk, hashes);
    addProbe(directory + <usize>(value * 4), sketches, wanted | (ofNext << 16) | (chunk << 24));
    if (reach === 0) continue;
    const facts = wanted | ((ofNext - 1) << 16) | (chunk << 24);
    for (let bit: u32 = 0; bit < 16; bit++) addProbe(directory + <usize>((value ^ (1 << bit)) * 4), sketches, facts);
  }
  touchBuckets();
}

function addProbe(bucket: usize, sketches: usize, facts: u32): void {
  const first = sketches + <usize>load<u32>(bucket) * 2;
  const end = sketches + <usize>load<u32>(bucket, 4) * 2;
  const at = probeList + <usize>probes * probeBytes;
  store<u32>(at, <u32>first);
  store<u32>(at, <u32>end, 4);
  store<u32>(at, facts, 8);
  // An empty bucket is written over by the next probe: no branch to guess.
  probes += end > first ? 1 : 0;
}

/** By itself, so that nothing but loads stands between one bucket and the next. */
function touchBuckets(): void {
  let touched: u32 = 0;
  for (let line: u32 = 0; line < touchedLines; line++) {
    for (let at = probeList; at < probeList + <usize>probes * probeBytes; at += probeBytes) {
      touched += <u32>load<u8>(<usize>load<u32>(at) + <usize>(line * lineBytes));
    }
  }
  // Kept, lest the compiler leave the touching out.
  store<u32>(probeList, touched, 12);
}

/** Goes on with the query; false when the list is half full before its end. */
function scanProbes(): bool {
  for (; probe < probes; probe++) {
    scanBucket(probeList + <usize>probe * probeBytes);
    if (candidates >= slotListMax / 2) return false;
    scannedBytes = 0;
  }
  return true;
}

/** Goes on with a bucket; stops early when the list is half full. */
function scanBucket(at: usize): void {
  const first = <usize>load<u32>(at);
  const end = <usize>load<u32>(at, 4);
  const facts = load<u32>(at, 8);
  const wanted = i16x8.splat(<i16>facts);
  const reach = (facts >> 16) & 0xff;
  let from = first + scannedBytes;
  while (candidates < slotListMax / 2) {
    from = reach === 2 ? nextWithinTwo(from, end, wanted) : nextWithin(from, end, wanted, reach);
    if (from >= end) break;
    addGroup(from, end, wanted, reach, facts >> 24);
    from += groupBytes;
  }
  scannedBytes = from - first;
}

/** The first group from `from` on in which a sketch differs in two bits at most: nearly all probes at radius 31. */
function nextWithinTwo(from: usize, end: usize, wanted: v128): usize {
  for (; from < end; from += groupBytes) {
    const a = withoutLowest(withoutLowest(v128.xor(v128.load(from), wanted)));
    const b = withoutLowest(withoutLowest(v128.xor(v128.load(from, 16), wanted)));
    // A lane is zero in either exactly when it is in the lesser.
    if (!i16x8.all_true(i16x8.min_u(a, b))) break;
  }
  return from;
}

/** The same for any number of bits. */
function nextWithin(from: usize, end: usize, wanted: v128, reach: u32): usize {
  for (; from < end; from += groupBytes) {
    const a = withoutOnes(v128.xor(v128.load(from), wanted), reach);
    const b = withoutOnes(v128.xor(v128.load(from, 16), wanted), reach);
    if (!i16x8.all_true(i16x8.min_u(a, b))) break;
  }
  return from;
}

function withoutLowest(lanes: v128): v128 {
  return v128.and(lanes, i16x8.sub(lanes, i16x8.splat(1)));
}

function withoutOnes(lanes: v128, count: u32): v128 {
  for (let turn: u32 = 0; turn < count; turn++) lanes = withoutLowest(lanes);
  return lanes;
}

/** Lists where the slots of a group's near entries are written. Lanes beyond the end belong to the next bucket. */
function addGroup(from: usize, end: usize, wanted: v128, reach: u32, chunk: u32): void {
  const a = withoutOnes(v128.xor(v128.load(from), wanted), reach);
  const b = withoutOnes(v128.xor(v128.load(from, 16), wanted), reach);
  const zero = i16x8.splat(0);
  let near = i16x8.bitmask(i16x8.eq(a, zero)) | (i16x8.bitmask(i16x8.eq(b, zero)) << 8);
  const lanes = <u32>((end - from) / 2);
  if (lanes < 16) near &= (1 << lanes) - 1;
  const entry = (from - sketchesOf(chunk, hashes)) / 2;
  const slots = slotsOf(chunk, hashes) + entry * <usize>slotBytes;
  for (; near !== 0; near &= near - 1) {
    store<u32>(slotList + <usize>candidates * 4, <u32>(slots + <usize>ctz<i32>(near) * <usize>slotBytes));
    store<u32>(slotListOrigins + <usize>candidates * 4, query | (chunk << 8));
    candidates++;
  }
}

/**
 * From where slots are written to slots, for the list from `first` on: together, so that one load need not wait for the
 * other. A code that is very near has runs from most chunks, and would be fetched and counted for each: what is listed
 * already is left out. (Were it listed twice, the store would count it once.)
 */
function readSlots(first: u32): void {
  const end = candidates;
  candidates = first;
  for (let from = first; from < end; from++) {
    const slot = load<u32>(<usize>load<u32>(slotList + <usize>from * 4)) & 0xffffff;
    const origin = load<u32>(slotListOrigins + <usize>from * 4);
    const place = listedSlots + <usize>(slot >> 3);
    const bits = <u32>load<u8>(place);
    const bit: u32 = 1 << (slot & 7);
    store<u8>(place, bits | bit);
    store<u32>(slotList + <usize>candidates * 4, firstSlot + slot);
    store<u32>(slotListOrigins + <usize>candidates * 4, origin);
    candidates += (bits & bit) === 0 ? 1 : 0;
  }
  for (let at = first; at < candidates; at++) {
    const slot = load<u32>(slotList + <usize>at * 4) - firstSlot;
    store<u8>(listedSlots + <usize>(slot >> 3), 0);
  }
}
