/**
 * Builds the tables of a segment, one after the other, in a memory of its own that is thrown away afterwards.
 *
 *      codes  ->  16 columns, one a chunk  ->  for each chunk:  count the buckets, sum the counts, put each code in place
 *
 *      | directory | bucket fills | staged codes |  slots n x 4 | columns 16 x n x 2 | sketches n x 2 | numbers n x 3 |
 *
 * Columns, because a table needs two chunks of every code and would read all of it otherwise: 320 MB a table instead
 * of 40 at ten million codes. The host copies each finished table into the segment.
 */
import {
  bucketFills,
  builderStart,
  builtDirectory,
  chunks,
  chunkValues,
  directoryBytes,
  hashBytes,
  reserveUpTo,
  segmentSlotsMax,
  slotBytes,
  stagedCodes,
  stagedMax,
  tableSlackBytes,
} from '../memory-layout';

let capacity: u32 = 0;
let count: u32 = 0;
let slots: usize = 0;
let columns: usize = 0;
let columnBytes: usize = 0;
let builtSketchesAt: usize = 0;
let builtSlotsAt: usize = 0;

/** Room for `hashesMax` codes. False when there is no memory for them. */
export function startTables(hashesMax: u32): bool {
  assert(hashesMax >= 1 && hashesMax <= segmentSlotsMax, 'a segment is for 1 to 16,777,216 hashes');
  capacity = hashesMax;
  count = 0;
  slots = builderStart;
  columns = slots + <usize>hashesMax * 4;
  columnBytes = (<usize>hashesMax * 2 + 15) & ~15;
  builtSketchesAt = columns + <usize>chunks * columnBytes;
  builtSlotsAt = builtSketchesAt + <usize>hashesMax * 2 + tableSlackBytes;
  return reserveUpTo(builtSlotsAt + <usize>(hashesMax * slotBytes) + tableSlackBytes);
}

/** Where the host writes the numbers of the slots, u32, counted from the first slot of the segment. */
export function builderSlots(): usize {
  return slots;
}

export function builtSketches(): usize {
  return builtSketchesAt;
}

export function builtSlots(): usize {
  return builtSlotsAt;
}

/** Takes the first `staged` codes of the stage: spreads their chunks over the columns. */
export function takeStaged(staged: u32): void {
  assert(staged <= stagedMax, 'more codes than the stage holds');
  assert(count + staged <= capacity, 'more codes than the builder was started for');
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    let from = stagedCodes + <usize>(2 * chunk);
    let to = columns + <usize>chunk * columnBytes + <usize>count * 2;
    for (const end = to + <usize>staged * 2; to < end; to += 2) {
      store<u16>(to, load<u16>(from));
      from += <usize>hashBytes;
    }
  }
  count += staged;
}

/** Leaves the table of `chunk` in the built directory, sketches and slots. */
export function buildTable(chunk: u32): void {
  assert(chunk < chunks, 'there are 16 chunks');
  const values = columns + <usize>chunk * columnBytes;
  countBuckets(values);
  sumCounts();
  placeEntries(values, columns + <usize>((chunk + 1) % chunks) * columnBytes);
}

function countBuckets(values: usize): void {
  memory.fill(bucketFills, 0, directoryBytes);
  for (let at = values; at < values + <usize>count * 2; at += 2) {
    const fill = bucketFills + <usize>load<u16>(at) * 4;
    store<u32>(fill, load<u32>(fill) + 1);
  }
}

/** Where each bucket starts; the fills become where its next entry goes. */
function sumCounts(): void {
  let start: u32 = 0;
  for (let at: usize = 0; at < <usize>(chunkValues * 4); at += 4) {
    const size = load<u32>(bucketFills + at);
    store<u32>(builtDirectory + at, start);
    store<u32>(bucketFills + at, start);
    start += size;
  }
  store<u32>(builtDirectory + <usize>(chunkValues * 4), start);
}

function placeEntries(values: usize, sketches: usize): void {
  for (let at: usize = 0; at < <usize>count; at++) {
    const fill = bucketFills + <usize>load<u16>(values + 2 * at) * 4;
    const place = load<u32>(fill);
    store<u32>(fill, place + 1);
    const slot = load<u32>(slots + 4 * at);
    const to = builtSlotsAt + <usize>(place * slotBytes);
    store<u16>(builtSketchesAt + <usize>place * 2, load<u16>(sketches + 2 * at));
    store<u16>(to, <u16>slot);
    store<u8>(to, <u8>(slot >> 16), 2);
  }
}
