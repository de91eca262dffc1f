/**
 * The kernel's ABI: its only exports. docs/specs/kernel-abi.md says how to call them.
 *
 * Everything crosses the boundary as numbers: addresses, counts, lengths. Capacities are exported, and the host checks
 * them against its own limits. Assertions stay on in release; a failed one ends the call with its text.
 */
import {
  channelsMax,
  frame,
  frameSideMax,
  frameSlackBytes,
  hashes,
  hitDistances,
  hitQueries,
  hitSlots,
  hitsMax,
  insertedHash,
  layoutBase,
  queries,
  queriesMax,
  radiusBitsMax,
  reserveUpTo,
} from './memory-layout';
import { fillDctTable } from './pdq/dct';
import { fillGuardShares, prepareGuard } from './pdq/guard';
import { hashFrameOf, hashInReferenceOrder, reruns } from './pdq/hash-frame';
import { columnWindow, prepareTents, rowWindow } from './pdq/tent';
import { scanAll } from './search/scan';
import { freeSlot, liveSlots, startSlots, takeSlot } from './search/slots';

export {
  channelsMax,
  dihedralCount,
  frameBytesMax,
  frameSideMax,
  frameSideMin,
  hashBytes,
  hitsMax,
  indexHashesMax,
  queriesMax,
  radiusBitsMax,
} from './memory-layout';
export { noSlot } from './search/slots';

/** Raised when an export changes its meaning. */
export const abiVersion: u32 = 1;
/** Tells the release binary (3) from the debug one (0). */
export const optimizeLevel: i32 = ASC_OPTIMIZE_LEVEL;

const noRole: u32 = 0;
const hasherRole: u32 = 1;
const indexRole: u32 = 2;

let role: u32 = noRole;
let frameWidth: u32 = 0;
let frameHeight: u32 = 0;
let frameChannels: u32 = 0;

function takeRole(wanted: u32): void {
  assert(role === noRole || role === wanted, 'an instance is a hasher or an index, not both');
  assert(__heap_base <= layoutBase, 'the constants of the compiler reach into the layout');
  role = wanted;
}

// --- hasher ---------------------------------------------------------------------------------------------------------

export function startHasher(): void {
  takeRole(hasherRole);
  assert(reserveUpTo(frame + <usize>frameSlackBytes), 'no memory for the hasher');
  fillDctTable();
  fillGuardShares();
}

/** Address of the input buffer for a frame of that shape; may grow memory, which detaches the host's views. */
export function setFrame(width: u32, height: u32, channels: u32): usize {
  assert(role === hasherRole, 'not started as a hasher');
  assert(width >= 1 && width <= frameSideMax, 'the width of a frame is 1 to 2048');
  assert(height >= 1 && height <= frameSideMax, 'the height of a frame is 1 to 2048');
  assert(channels === 1 || channels === channelsMax, 'a frame has 1 or 3 channels');
  if (width === frameWidth && height === frameHeight && channels === frameChannels) return frame;
  const frameBytes = width * height * channels;
  assert(reserveUpTo(frame + <usize>(frameBytes + frameSlackBytes)), 'no memory for the frame');
  frameWidth = width;
  frameHeight = height;
  frameChannels = channels;
  prepareTents(width, height, channels);
  prepareGuard(channels, rowWindow, columnWindow);
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

/** One hash or all eight by the slower path alone, which the other falls back to. For tests and benchmarks. */
export function hashFrameInReferenceOrder(allViews: bool): u32 {
  assert(frameWidth > 0, 'no frame was set');
  return hashInReferenceOrder(frameWidth, frameHeight, frameChannels, allViews);
}

/** How many frames were hashed a second time, in reference order, because rounding might have mattered. */
export function rerunCount(): u32 {
  return reruns;
}

export function hashesAddress(): usize {
  return hashes;
}

// --- index ----------------------------------------------------------------------------------------------------------

/** Starts, or starts again, with an empty index. */
export function startIndex(): void {
  takeRole(indexRole);
  assert(startSlots(), 'no memory for the index');
}

export function insertedHashAddress(): usize {
  return insertedHash;
}

/** Adds the hash at `insertedHashAddress`; gives its slot, or `noSlot` when the engine has no more memory. */
export function insert(): u32 {
  assert(role === indexRole, 'not started as an index');
  return takeSlot();
}

export function remove(slot: u32): void {
  assert(role === indexRole, 'not started as an index');
  freeSlot(slot);
}

export function queriesAddress(): usize {
  return queries;
}

/** Searches for the queries at `queriesAddress`. Gives the number of hits, of which at most `room` are written out. */
export function search(queryCount: u32, radiusBits: u32, room: u32): u32 {
  assert(role === indexRole, 'not started as an index');
  assert(queryCount >= 1 && queryCount <= queriesMax, 'a search has 1 to 64 queries');
  assert(radiusBits <= radiusBitsMax, 'a radius is 0 to 96 bits');
  assert(room <= hitsMax, 'more hits asked for than the buffer holds');
  return scanAll(queryCount, radiusBits, room);
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

export function indexSize(): u32 {
  return liveSlots();
}
