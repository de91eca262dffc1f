/**
 * The kernel's ABI: its only exports. docs/specs/kernel-abi.md says how to call them; `abi/` has them by the part that an
 * instance plays.
 *
 * Everything crosses the boundary as numbers: addresses, counts, lengths. Capacities are exported, and the host checks
 * them against its own limits. Assertions stay on in release; a failed one ends the call with its text.
 */

export * from './abi/hasher';
export * from './abi/segment';
export * from './abi/store';
export {
  baseSide,
  blockBytes,
  blockCodes,
  blockSlots,
  channelsMax,
  dihedralCount,
  directoryBytes,
  frameBytesMax,
  frameSideMax,
  frameSideMin,
  grayPlaneSide,
  grayPlanesMax,
  hashBytes,
  hitsMax,
  indexHashesMax,
  medianPlanesMax,
  planesHalfBytes,
  quartetsMax,
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
export const abiVersion: u32 = 4;
/** Tells the release binary (3) from the debug one (0). */
export const optimizeLevel: i32 = ASC_OPTIMIZE_LEVEL;
