/** Exports of a segment, the search of what is old, and of the builder that makes its tables. */
import { builtDirectory, segmentRadiusBitsMax, segmentSlotsMax, stagedCodes } from '../memory-layout';
import { builderSlots, buildTable, builtSketches, builtSlots, startTables, takeStaged } from '../search/builder';
import { directoryOf, sealSegment, segmentBytesFor, sketchesOf, slotsOf } from '../search/segment';
import { nextCandidates, openSegment, startSegmentSearch } from '../search/segment-search';
import { assertPart, assertQueries, builderPart, segmentPart, takePart } from './part';

/** Bytes of memory that a segment of `hashes` hashes takes. Of any instance. */
export function segmentBytes(hashes: u32): usize {
  assert(hashes >= 1 && hashes <= segmentSlotsMax, 'a segment is for 1 to 16,777,216 hashes');
  return segmentBytesFor(hashes);
}

/** Opens the segment that lies in this memory; gives its number of hashes. */
export function startSegment(): u32 {
  takePart(segmentPart);
  return openSegment();
}

/** Begins a search for the codes at `queryCodesAddress`. */
export function searchSegment(queryCount: u32, radiusBits: u32): void {
  assertPart(segmentPart);
  assertQueries(queryCount);
  assert(radiusBits <= segmentRadiusBitsMax, 'segments answer up to radius 31');
  startSegmentSearch(queryCount, radiusBits);
}

/** The next candidates, in the slot list; when they are fewer than half of the list, they were the last. */
export function nextSegmentCandidates(): u32 {
  assertPart(segmentPart);
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
  takePart(segmentPart);
  sealSegment(hashes, firstSlot);
}

// --- builder -------------------------------------------------------------------------------------------------------

export function startBuilder(hashesMax: u32): void {
  takePart(builderPart);
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
  assertPart(builderPart);
  takeStaged(staged);
}

/** Builds the table of one chunk; the next call overwrites it. */
export function build(chunk: u32): void {
  assertPart(builderPart);
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
