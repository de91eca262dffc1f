/**
 * The kernel's ABI: its only exports. docs/specs/kernel-abi.md says how to call them.
 *
 * Everything crosses the boundary as numbers: addresses, counts, lengths. Capacities are exported, and the host checks
 * them against its own limits. Assertions stay on in release; a failed one ends the call with its text.
 */
import {
  builtDirectory,
  channelsMax,
  frame,
  frameSideMax,
  frameSlackBytes,
  hashBytes,
  hashes,
  hitDistances,
  hitQueries,
  hitSlots,
  hitsMax,
  insertedHash,
  layoutBase,
  queries,
  queriesMax,
  queryCodes,
  radiusBitsMax,
  reserveUpTo,
  segmentRadiusBitsMax,
  segmentSlotsMax,
  slotList,
  slotListMax,
  slotListOrigins,
  stagedCodes,
} from './memory-layout';
import { fillDctTable } from './pdq/dct';
import { hashFrameOf } from './pdq/hash-frame';
import { backPlanesAt, blockAt, frontPlanesAt } from './search/blocks';
import { builderSlots, buildTable, builtSketches, builtSlots, startTables, takeStaged } from './search/builder';
import { startChain } from './search/chain';
import { codeOfHash } from './search/code';
import { confirmCandidates, hitsFound, startHits } from './search/hits';
import { scanAll, scanFresh, startScan } from './search/scan';
import {
  directoryOf,
  nextCandidates,
  openSegment,
  sealSegment,
  segmentBytesFor,
  sketchesOf,
  slotsOf,
  startSegmentSearch,
} from './search/segment';
import {
  adoptSlots,
  captureSlots,
  deadSlots,
  dropSlot,
  freshSlots,
  indexSlots,
  liveSlots,
  releaseSlots,
  relistBlocks,
  startCapture,
  startSlots,
  takeSlot,
  usedBytes,
  usedSlots,
} from './search/slots';

export {
  blockBytes,
  blockCodes,
  blockSlots,
  channelsMax,
  dihedralCount,
  directoryBytes,
  frameBytesMax,
  frameSideMax,
  frameSideMin,
  hashBytes,
  hitsMax,
  indexHashesMax,
  planesHalfBytes,
  queriesMax,
  radiusBitsMax,
  segmentRadiusBitsMax,
  segmentSlotsMax,
  slotBytes,
  slotListMax,
  stagedMax,
} from './memory-layout';
export { noSlot } from './search/slots';

/** Raised when an export changes its meaning. */
export const abiVersion: u32 = 2;
/** Tells the release binary (3) from the debug one (0). */
export const optimizeLevel: i32 = ASC_OPTIMIZE_LEVEL;

const noRole: u32 = 0;
const hasherRole: u32 = 1;
const storeRole: u32 = 2;
const segmentRole: u32 = 3;
const builderRole: u32 = 4;

let role: u32 = noRole;
let frameWidth: u32 = 0;
let frameHeight: u32 = 0;
let frameChannels: u32 = 0;

function takeRole(wanted: u32): void {
  assert(role === noRole || role === wanted, 'an instance plays one part');
  assert(__heap_base <= layoutBase, 'the constants of the compiler reach into the layout');
  role = wanted;
}

// --- hasher ---------------------------------------------------------------------------------------------------------

export function startHasher(): void {
  takeRole(hasherRole);
  assert(reserveUpTo(frame + <usize>frameSlackBytes), 'no memory for the hasher');
  fillDctTable();
}

/** Address of the input buffer for a frame of that shape; may grow memory, which detaches the host's views. */
export function setFrame(width: u32, height: u32, channels: u32): usize {
  assert(role === hasherRole, 'not started as a hasher');
  assert(width >= 1 && width <= frameSideMax, 'the width of a frame is 1 to 2048');
  assert(height >= 1 && height <= frameSideMax, 'the height of a frame is 1 to 2048');
  assert(channels === 1 || channels === channelsMax, 'a frame has 1 or 3 channels');
  const frameBytes = width * height * channels;
  assert(reserveUpTo(frame + <usize>(frameBytes + frameSlackBytes)), 'no memory for the frame');
  frameWidth = width;
  frameHeight = height;
  frameChannels = channels;
  return frame;
}

/** Hashes the frame; the hash is at `hashesAddress`. Gives the quality. */
export function hashFrame(): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashFrameOf(frameWidth, frameHeight, frameChannels, false);
}

/** The same for all eight rotations and flips, one after the other at `hashesAddress`. */
export function hashFrameDihedral(): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashFrameOf(frameWidth, frameHeight, frameChannels, true);
}

export function hashesAddress(): usize {
  return hashes;
}

// --- store: every hash, and the search of what is new ---------------------------------------------------------------

/** Starts an empty index for up to `hashesMax` hashes; once an instance, in fresh memory. */
export function startIndex(hashesMax: u32): void {
  takeRole(storeRole);
  assert(usedSlots() === 0, 'the index was started before');
  assert(startSlots(hashesMax), 'no memory for the index');
}

export function insertedHashAddress(): usize {
  return insertedHash;
}

/** The slot of the hash at `insertedHashAddress`, a new one if need be; `noSlot` when there is no room. */
export function insert(): u32 {
  assertRole(storeRole);
  return takeSlot();
}

export function remove(slot: u32): void {
  assertRole(storeRole);
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
  assertRole(storeRole);
  assertQueries(queryCount);
  assert(radiusBits <= radiusBitsMax, 'a radius is 0 to 96 bits');
  assert(room <= hitsMax, 'more hits asked for than the buffer holds');
  assert(!freshOnly || radiusBits <= segmentRadiusBitsMax, 'segments answer up to radius 31');
  for (let at: u32 = 0; at < queryCount; at++) {
    codeOfHash(queries + <usize>(at * hashBytes), queryCodes + <usize>(at * hashBytes));
  }
  searchedQueries = queryCount;
  startHits(radiusBits, room);
  startScan(queryCount, radiusBits);
  if (freshOnly) {
    startChain(radiusBits);
    scanFresh(queryCount);
  } else {
    scanAll(queryCount);
  }
  return hitsFound();
}

/** Turns the first `count` candidates of a segment, copied to the slot list, into hits. Gives the hits so far. */
export function confirm(count: u32): u32 {
  assertRole(storeRole);
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

/** Slots ever used. */
export function slotsUsed(): u32 {
  return usedSlots();
}

export function indexBytes(): usize {
  return usedBytes();
}

/** Begins to capture, for a build, the fresh slots from `from` up to and without `end`. Both begin a block. */
export function beginCapture(from: u32, end: u32): void {
  assertRole(storeRole);
  startCapture(from, end);
}

/** Captures the next slots into the slot list; 0 when there are no more. */
export function capture(): u32 {
  assertRole(storeRole);
  return captureSlots(slotListMax);
}

/** The first `count` of the slot list are found by a segment from now on. `endChange` follows. */
export function markIndexed(count: u32): void {
  assertRole(storeRole);
  assertListed(count);
  indexSlots(count);
}

/** The first `count` of the slot list are named by no segment any more. `endChange` follows. */
export function release(count: u32): void {
  assertRole(storeRole);
  assertListed(count);
  releaseSlots(count);
}

/** After a change of segments: what need not be scanned any more is left out. */
export function endChange(): void {
  assertRole(storeRole);
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
  assertRole(storeRole);
  adoptSlots(slots);
}

// --- segment: the search of what is old -----------------------------------------------------------------------------

/** Bytes of memory that a segment of `hashes` hashes takes. Needs no role. */
export function segmentBytes(hashes: u32): usize {
  assert(hashes >= 1 && hashes <= segmentSlotsMax, 'a segment is for 1 to 16,777,216 hashes');
  return segmentBytesFor(hashes);
}

/** Opens the segment that lies in this memory; gives its number of hashes. */
export function startSegment(): u32 {
  takeRole(segmentRole);
  return openSegment();
}

/** Begins a search for the codes at `queryCodesAddress`. */
export function searchSegment(queryCount: u32, radiusBits: u32): void {
  assertRole(segmentRole);
  assertQueries(queryCount);
  assert(radiusBits <= segmentRadiusBitsMax, 'segments answer up to radius 31');
  startSegmentSearch(queryCount, radiusBits);
}

/** The next candidates, in the slot list; when they are fewer than half of the list, they were the last. */
export function nextSegmentCandidates(): u32 {
  assertRole(segmentRole);
  return nextCandidates();
}

/** Where the three parts of the table of a chunk lie in a segment of `hashes` hashes. */
export function segmentDirectoryAddress(chunk: u32): usize {
  return directoryOf(chunk);
}

export function segmentSketchesAddress(chunk: u32, hashes: u32): usize {
  return sketchesOf(chunk, hashes);
}

export function segmentSlotsAddress(chunk: u32, hashes: u32): usize {
  return slotsOf(chunk, hashes);
}

/** The tables of a segment have been written into this memory; slots count from `firstSlot`. */
export function seal(hashes: u32, firstSlot: u32): void {
  takeRole(segmentRole);
  sealSegment(hashes, firstSlot);
}

// --- builder: the tables of a segment -------------------------------------------------------------------------------

export function startBuilder(hashesMax: u32): void {
  takeRole(builderRole);
  assert(startTables(hashesMax), 'no memory for the builder');
}

/** Where the numbers of the slots are written, u32 each, in the order in which their codes are staged. */
export function builderSlotsAddress(): usize {
  return builderSlots();
}

/** Where up to `stagedMax` codes are written. */
export function stageAddress(): usize {
  return stagedCodes;
}

export function takeStage(staged: u32): void {
  assertRole(builderRole);
  takeStaged(staged);
}

/** Builds the table of one chunk; the next call overwrites it. */
export function build(chunk: u32): void {
  assertRole(builderRole);
  buildTable(chunk);
}

export function builtDirectoryAddress(): usize {
  return builtDirectory;
}

export function builtSketchesAddress(): usize {
  return builtSketches();
}

export function builtSlotsAddress(): usize {
  return builtSlots();
}

// --- what the parts share -------------------------------------------------------------------------------------------

let searchedQueries: u32 = 0;

function assertRole(wanted: u32): void {
  assert(role === wanted, 'the instance was not started for this');
}

function assertQueries(queryCount: u32): void {
  assert(queryCount >= 1 && queryCount <= queriesMax, 'a search has 1 to 64 queries');
}

function assertListed(count: u32): void {
  assert(count <= slotListMax, 'more slots than the list holds');
}
