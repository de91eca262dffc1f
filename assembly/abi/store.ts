/** Exports of a store: every hash of an index, and the search of what is new. */
import {
  hashBytes,
  hitDistances,
  hitQueries,
  hitSlots,
  hitsMax,
  insertedHash,
  quartetForms,
  quartetsMax,
  queries,
  queryCodes,
  radiusBitsMax,
  segmentRadiusBitsMax,
  slotList,
  slotListMax,
  slotListOrigins,
} from '../memory-layout';
import { backPlanesAt, blockAt, frontPlanesAt } from '../search/blocks';
import { startChain } from '../search/chain';
import { codeOfHash } from '../search/code';
import { confirmCandidates, hitsFound, startHits } from '../search/hits';
import { scanListedQuartets, scanQuartets, startQuartets } from '../search/quartet-scan';
import { scanAll, scanFresh } from '../search/scan';
import {
  adoptSlots,
  captureSlots,
  deadSlots,
  dropSlot,
  freshSlots,
  indexSlots,
  listedCount,
  liveSlots,
  releaseSlots,
  relistBlocks,
  slotCapacity,
  startCapture,
  startSlots,
  takeSlot,
  usedBytes,
  usedSlots,
} from '../search/slots';
import { assertPart, assertQueries, storePart, takePart } from './part';

let searchedQueries: u32 = 0;

/** Starts an empty index for up to `hashesMax` hashes; once an instance, in fresh memory. */
export function startIndex(hashesMax: u32): void {
  takePart(storePart);
  assert(usedSlots() === 0, 'the index was started before');
  assert(startSlots(hashesMax), 'no memory for the index');
}

export function insertedHashAddress(): usize {
  return insertedHash;
}

/** The slot of the hash at `insertedHashAddress`, a new one if need be; `noSlot` when there is no room. */
export function insert(): u32 {
  assertPart(storePart);
  return takeSlot();
}

export function remove(slot: u32): void {
  assertPart(storePart);
  dropSlot(slot);
}

export function queriesAddress(): usize {
  return queries;
}

/** The queries as codes, for the segments. */
export function queryCodesAddress(): usize {
  return queryCodes;
}

/**
 * Searches for the queries at `queriesAddress` among all hashes, or only among those that no segment finds. Gives the
 * number of hits so far, of which at most `room` are written out.
 */
export function search(queryCount: u32, radiusBits: u32, room: u32, freshOnly: bool): u32 {
  assert(!freshOnly || radiusBits <= segmentRadiusBitsMax, 'segments answer up to radius 31');
  startSearch(queryCount, radiusBits, room);
  if (!freshOnly) {
    scanAll(queryCount, radiusBits);
    return hitsFound();
  }
  startChain(radiusBits);
  if (listedCount() > 0) scanFresh(queryCount, radiusBits);
  return hitsFound();
}

export function quartetFormsAddress(): usize {
  return quartetForms;
}

/**
 * Searches among all hashes for forms of pictures: `quartets` times four hashes at `queriesAddress`, of the picture as it
 * is, upside down, left to right, and both; with a byte each at `quartetFormsAddress`, whose bits 0 to 3 ask for these
 * forms and 4 to 7 for their negatives. Hashes of forms that are not asked for are not looked at. A hit's query is the place of the bit, counted on from quartet to quartet. Distances
 * are exact; of pairs at the very radius one in a thousand may be left out. Nothing can be confirmed after it.
 */
export function searchQuartets(quartets: u32, radiusBits: u32, room: u32): u32 {
  startQuartetSearch(quartets, radiusBits, room);
  scanQuartets(quartets);
  return hitsFound();
}

/** The same among the first `count` slots of the slot list, which ascend: those of one content, say. */
export function searchListedQuartets(quartets: u32, radiusBits: u32, room: u32, count: u32): u32 {
  assertPart(storePart);
  assertListed(count);
  let before: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const slot = load<u32>(slotList + <usize>at * 4);
    assert(slot >= before, 'the listed slots do not ascend');
    before = slot;
  }
  assert(count === 0 || before < usedSlots(), 'a listed slot does not exist');
  startQuartetSearch(quartets, radiusBits, room);
  scanListedQuartets(quartets, count);
  return hitsFound();
}

function startQuartetSearch(quartets: u32, radiusBits: u32, room: u32): void {
  assertPart(storePart);
  assert(quartets <= quartetsMax, 'more quartets than the buffer holds');
  startSearch(quartets * 4, radiusBits, room);
  startQuartets(quartets, radiusBits);
  searchedQueries = 0;
}

function startSearch(queryCount: u32, radiusBits: u32, room: u32): void {
  assertPart(storePart);
  assertQueries(queryCount);
  assert(radiusBits <= radiusBitsMax, 'a radius is 0 to 96 bits');
  assert(room <= hitsMax, 'more hits asked for than the buffer holds');
  for (let at: u32 = 0; at < queryCount; at++) {
    codeOfHash(queries + <usize>(at * hashBytes), queryCodes + <usize>(at * hashBytes));
  }
  searchedQueries = queryCount;
  startHits(radiusBits, room);
}

/** Turns the first `count` candidates of a segment, copied to the slot list, into hits. Gives the hits so far. */
export function confirm(count: u32): u32 {
  assertPart(storePart);
  assertListed(count);
  for (let at: u32 = 0; at < count; at++) {
    const origin = load<u32>(slotListOrigins + <usize>at * 4);
    assert((origin & 0xff) < searchedQueries, 'a candidate of no query');
    assert(load<u32>(slotList + <usize>at * 4) < usedSlots(), 'a candidate without a slot');
  }
  confirmCandidates(count);
  return hitsFound();
}

export function hitQueriesAddress(): usize {
  return hitQueries;
}

export function hitSlotsAddress(): usize {
  return hitSlots;
}

export function hitDistancesAddress(): usize {
  return hitDistances;
}

export function slotListAddress(): usize {
  return slotList;
}

export function slotListOriginsAddress(): usize {
  return slotListOrigins;
}

/** Live hashes. */
export function indexSize(): u32 {
  return liveSlots();
}

/** Live hashes that no segment finds. */
export function freshSize(): u32 {
  return freshSlots();
}

/** Removed hashes whose slots segments still name. */
export function deadSize(): u32 {
  return deadSlots();
}

/** Slots there may ever be: some more than hashes. */
export function slotsMax(): u32 {
  return slotCapacity();
}

/** Slots ever used. */
export function slotsUsed(): u32 {
  return usedSlots();
}

export function indexBytes(): usize {
  return usedBytes();
}

/** Begins to capture, for a build, the fresh slots from `from` up to and without `end`. Both begin a block. */
export function beginCapture(from: u32, end: u32): void {
  assertPart(storePart);
  startCapture(from, end);
}

/** Captures the next slots into the slot list; 0 when there are no more. */
export function capture(): u32 {
  assertPart(storePart);
  return captureSlots(slotListMax);
}

/** The first `count` of the slot list are found by a segment from now on. `endChange` follows. */
export function markIndexed(count: u32): void {
  assertPart(storePart);
  assertListed(count);
  indexSlots(count);
}

/** The first `count` of the slot list are named by no segment any more. `endChange` follows. */
export function release(count: u32): void {
  assertPart(storePart);
  assertListed(count);
  releaseSlots(count);
}

/** After a change of segments: what need not be scanned any more is left out. */
export function endChange(): void {
  assertPart(storePart);
  relistBlocks();
}

/** Where block 0 lies; the others follow. */
export function blocksAddress(): usize {
  return blockAt(0);
}

/** Where both halves of the planes of block 0 lie. */
export function frontPlanesAddress(): usize {
  return frontPlanesAt(0);
}

export function backPlanesAddress(): usize {
  return backPlanesAt(0);
}

/** The blocks and planes of a snapshot of `slots` slots have been read into an empty index. */
export function adopt(slots: u32): void {
  assertPart(storePart);
  adoptSlots(slots);
}

function assertListed(count: u32): void {
  assert(count <= slotListMax, 'more slots than the list holds');
}
