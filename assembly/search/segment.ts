/**
 * A segment: an immutable index over codes, exact up to radius 31. Where its tables lie; segment-search.ts reads them,
 * builder.ts makes them.
 *
 * For each of the 16 chunks there is a table that sorts all codes into 65,536 buckets by the value of that chunk. An
 * entry is the *next* chunk of the code (its sketch, 16 bits) and the number of its slot (24 bits), in arrays of their
 * own: 80 bytes a code for all tables.
 *
 *      header | magic | hashes | first slot |
 *      directories   16 x | where bucket 0 starts | bucket 1 | ... | bucket 65535 | end |
 *      sketches      16 x | bucket 0: s s s s | bucket 1: s s | ...                          2 bytes each
 *      slots         16 x | bucket 0: n n n n | bucket 1: n n | ...                          3 bytes each
 */
import {
  chunks,
  directoryBytes,
  pageBytes,
  segmentHeader,
  segmentTables,
  slotBytes,
  tableSlackBytes,
} from '../memory-layout';

const magic: u32 = 0x31474553;

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

/** Hashes of the segment that lies in this memory; fails when none does. */
export function openedHashes(): u32 {
  const memoryBytes = <u64>memory.size() * pageBytes;
  assert(memoryBytes >= segmentTables && load<u32>(segmentHeader) === magic, 'the memory holds no segment');
  const hashes = load<u32>(segmentHeader, 4);
  assert(memoryBytes >= <u64>segmentBytesFor(hashes), 'the segment was cut off');
  return hashes;
}

/** What its slots are counted from. */
export function openedFirstSlot(): u32 {
  return load<u32>(segmentHeader, 8);
}
