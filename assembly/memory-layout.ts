/**
 * Every buffer of the kernel: where it lies, how large it is, how it is aligned.
 *
 * Sized once, never moved. A kernel instance plays one part, each in a linear memory of its own; all layouts therefore
 * start at the same place. Only the frame of a hasher is given memory as it is needed.
 *
 *        0 ......... 64 KiB ............................................... 4 GiB
 *        | constants |  hasher:  tables | rings | panels | frame -->        |
 *        | of asc    |  store:   queries | hits | lists | heads | blocks    |
 *        |           |  segment: queries | hits | lists | header | tables   |
 *        |           |  builder: queries | hits | lists | bucket fills | columns | one table |
 *
 * Below 64 KiB is only what the compiler puts there: the texts of assertions, which nobody writes.
 */

/** Start of both layouts; asserted at start to lie beyond the compiler's constants. */
export const layoutBase: usize = 65536;
export const pageBytes: usize = 65536;

export const hashBytes: u32 = 32;
export const hashBits: u32 = 256;

// --- hasher ---------------------------------------------------------------------------------------------------------

/** Sides under this give the zero hash at quality 0, as in the reference. */
export const frameSideMin: u32 = 5;
export const frameSideMax: u32 = 2048;
export const channelsMax: u32 = 3;
export const frameBytesMax: u32 = frameSideMax * frameSideMax * channelsMax;
export const dihedralCount: u32 = 8;
export const sampledSide: u32 = 64;
export const coefficientSide: u32 = 16;

/** Rows that travel together through the row pass: two vectors of four lanes, so that two sums are in flight. */
export const groupRows: u32 = 8;
/** A panel holds one group column by column: 8 rows x 4 bytes. */
export const panelColumnBytes: u32 = groupRows * 4;
/** Zero columns before and after the panel's own: at least the reach of the widest window (9 columns ahead). */
export const panelMarginColumns: u32 = 16;
/** Rows a ring keeps: the widest window (16), one more to subtract, one group; a power of two to index by masking. */
export const ringRows: u32 = 32;
/** Bytes of the longest row of floats, with 16 columns of slack for the unrolled loops. */
export const rowBytesMax: u32 = (frameSideMax + 16) * 4;

/** The DCT matrix, transposed: 64 rows k of 16 columns i, so that 16 outputs lie side by side. */
export const dctTable: usize = layoutBase;
/** Which 64 columns the decimation takes (u32), and their window sizes (f32). */
export const sampleColumns: usize = dctTable + 64 * 16 * 4;
export const sampleDivisors: usize = sampleColumns + 64 * 4;
/** Window size at each column, f32. */
export const columnDivisors: usize = sampleDivisors + 64 * 4;
export const zeroRow: usize = columnDivisors + <usize>rowBytesMax;
/** Running sums of the two column passes. */
export const wideSums: usize = zeroRow + <usize>rowBytesMax;
export const sampledSums: usize = wideSums + <usize>rowBytesMax;
/** The 64x64 image, row-major f32. */
export const sampledImage: usize = sampledSums + 64 * 4;
/** DCT of the columns only (16 x 64), of both axes (16 x 16), and the latter with signs flipped. */
export const halfTransform: usize = sampledImage + 64 * 64 * 4;
export const coefficients: usize = halfTransform + 16 * 64 * 4;
export const flippedCoefficients: usize = coefficients + 256 * 4;
export const medianKeys: usize = flippedCoefficients + 256 * 4;
/** The low and the high byte of 16 rows of bits, 16 bytes each. */
export const bitColumns: usize = medianKeys + 256 * 4;
/** Output: up to eight hashes of 32 bytes, in the order of the hex text. */
export const hashes: usize = bitColumns + 32;
const panelBytes: u32 = (frameSideMax + 16 + 2 * panelMarginColumns) * panelColumnBytes;
export const panelStart: usize = hashes + <usize>(dihedralCount * hashBytes);
/** Column 0 of the panel; zero columns lie before it. */
export const panel: usize = panelStart + <usize>(panelMarginColumns * panelColumnBytes);
export const panelSums: usize = panelStart + <usize>panelBytes;
/** Output of the first row pass, full width. */
export const blurredRing: usize = panelSums + <usize>panelBytes;
/** Output of the first column pass: one group. */
export const blurredGroup: usize = blurredRing + <usize>(ringRows * rowBytesMax);
/** Output of the second row pass at the 64 sampled columns. */
export const sampledRing: usize = blurredGroup + <usize>(groupRows * rowBytesMax);

/** Fused path: where the tent of each of the 64 columns starts in `tallRow`, in bytes (u32). */
export const tentOffsets: usize = sampledRing + <usize>(ringRows * sampledSide * 4);
/** Weights of that tent, and of the pixels at the end of a row; i16, at most 31 taps of 3 channels. */
export const tapBytesMax: u32 = 192;
export const tentWeights: usize = tentOffsets + 64 * 4;
export const edgeWeights: usize = tentWeights + <usize>tapBytesMax;
/** One row of the frame's width, blurred downwards, i16; the loops run up to 64 bytes past its end. */
export const tallRow: usize = edgeWeights + <usize>tapBytesMax;
/** The 64 x 64 image times the denominator of the tents, about mid-gray, f32; one more row for what the last lacks. */
export const fusedImage: usize = tallRow + <usize>(frameSideMax * channelsMax * 2 + 256);
/** Differences and sums of the image's halves, 32 rows each; then 16 rows of pairs. */
export const foldedRows: usize = fusedImage + 65 * 64 * 4;
export const fusedCoefficients: usize = foldedRows + 64 * 64 * 4;
/** How the error that the guard allows is spread over the rows and columns of coefficients, f32. */
export const rowShares: usize = fusedCoefficients + 256 * 4;
export const columnShares: usize = rowShares + 16 * 4;

/** The blurred gray base that regions are sampled from; samples at its edge read up to a row and a pixel past the end. */
export const baseSide: u32 = 256;
export const base: usize = columnShares + 16 * 4;
/** Sums of 2 x 2 pixels of one row, u16, with a repeated pixel before and after them, each in a vector of its own. */
export const pairRow: usize = base + <usize>(baseSide * baseSide + baseSide + 64);
/** Rows of the base blurred along the row, u16; a row, the one above and the one below, of four that are kept. */
export const blurredPairs: usize = pairRow + <usize>(baseSide * 2 + 32);
export const blurredPairRows: u32 = 4;
/** The base made smaller, and the sums of one of its rows, u16. */
export const thumbnailSideMin: u32 = 32;
export const thumbnailSideMax: u32 = 128;
export const thumbnail: usize = blurredPairs + <usize>(blurredPairRows * baseSide * 2);
export const thumbnailSums: usize = thumbnail + <usize>(thumbnailSideMax * thumbnailSideMax);
/** Frames in 128 x 128 pixels of gray, with a vector before and after them, and a map of them: up to u16 a pixel. */
export const grayPlaneSide: u32 = 128;
export const grayPlanesMax: u32 = 16;
export const grayPlanes: usize = thumbnailSums + <usize>(baseSide * 2 + 16);
export const planeMap: usize = grayPlanes + <usize>(grayPlanesMax * grayPlaneSide * grayPlaneSide + 16);
/** Planes that medians are taken over at most, and a vector of each while they are sorted. */
export const medianPlanesMax: u32 = 9;
export const sortedSteps: usize = planeMap + <usize>(2 * grayPlaneSide * grayPlaneSide);
/** What stands out of the steps in `planeMap`, u16 a pixel, and the sum of each line, u32. */
export const edgeMap: usize = sortedSteps + <usize>(medianPlanesMax * 16);
export const edgeSums: usize = edgeMap + <usize>(2 * grayPlaneSide * grayPlaneSide);
/**
 * Of a region that stands upright: a row of the base blended with the next, i16 a pixel about the middle of what 16 bits
 * hold, with a pixel beyond it; and for each of the 64 columns where in it the sample lies, in bytes, and what the pixel there
 * and its neighbour weigh, u32 each.
 */
export const blendedRow: usize = edgeSums + <usize>(4 * grayPlaneSide);
export const sampleOffsets: usize = blendedRow + <usize>(baseSide * 2 + 32);
export const sampleWeights: usize = sampleOffsets + <usize>(sampledSide * 4);
/** Input. The loops read up to a group of rows and a vector past the end, so slack follows. */
export const frame: usize = sampleWeights + <usize>(sampledSide * 4);
export const frameSlackBytes: u32 = groupRows * frameSideMax * channelsMax + 64;

// --- index ----------------------------------------------------------------------------------------------------------
//
// An index is three kinds of instances. The *store* holds every hash and what is new; a *segment* finds what is old,
// and is written once by a *builder*, in a worker. Store and segments lie in shared memories, each its own.

export const radiusBitsMax: u32 = 96;
/** Greatest radius that segments answer; a wider search scans the store. */
export const segmentRadiusBitsMax: u32 = 31;
export const queriesMax: u32 = 64;
export const hitsMax: u32 = 16384;
export const indexHashesMax: u32 = 20_000_000;

/** A code is a hash with its bits rearranged (search/code.ts): 16 chunks of 16 bits. */
export const chunks: u32 = 16;
export const chunkValues: u32 = 65536;

/**
 * Slots come in blocks of 128, one lane of a vector each. A block is
 *
 *      | masks, 64 | links, 128 x 4 | codes, 128 x 32 |       and elsewhere       | planes 0 to 95 |   | planes 96 to 191 |
 *
 * 60.5 bytes a slot. Plane b holds bit b of all 128 codes. 192 planes tell all but one in a million unrelated codes
 * apart at radius 64; what is left is counted on the code itself. The first half of the planes tells most of them apart
 * at radius 31. Halves lie by themselves, so that a scan reads memory in one line, as the processor expects.
 */
export const blockSlots: u32 = 128;
export const blockPlanes: u32 = 192;
export const planesHalfBytes: usize = <usize>((blockPlanes / 2) * 16);
export const liveMask: usize = 0;
export const indexedMask: usize = 16;
export const heldMask: usize = 32;
export const listedFlag: usize = 48;
export const blockLinks: usize = 64;
export const blockCodes: usize = blockLinks + <usize>(blockSlots * 4);
export const blockBytes: usize = blockCodes + <usize>(blockSlots * hashBytes);
/** Blocks that all queries of a call pass over while they lie in the second-level cache: 96 KiB of front planes. */
export const tileBlocks: u32 = 64;

/** Slots that segments name and hosts pass: 64 Ki of them a call. */
export const slotListMax: u32 = 65536;

/** Input of insert: one hash. */
export const insertedHash: usize = layoutBase;
/** The same as a code. */
export const insertedCode: usize = insertedHash + <usize>hashBytes;
export const queries: usize = insertedCode + <usize>hashBytes;
/** The queries as codes, and each of their first 192 bits as a vector of ones or zeros. */
export const queryCodes: usize = queries + <usize>(queriesMax * hashBytes);
export const queryMasks: usize = queryCodes + <usize>(queriesMax * hashBytes);
/** Partial sums of the scan, written to keep the compiler from holding too much in registers. */
export const scanScratch: usize = queryMasks + <usize>(queriesMax * blockPlanes * 16);
/** Quartets of hashes are searched in place of queries. Of each which forms and negatives are asked for: a byte of bits. */
export const quartetsMax: u32 = queriesMax / 4;
export const quartetForms: usize = scanScratch + 64;
/** A number that each of 128 lanes holds, a vector for each bit: the counts of four classes, and four sums of them; */
export const laneNumberBytes: usize = 10 * 16;
export const laneNumbers: usize = quartetForms + 64;
/** and what is added to them for each form and each negative. */
export const quartetOffsets: usize = laneNumbers + 8 * laneNumberBytes;
/** Reach of each chunk at the radius of the search, i16, and that of the chunk and its next; see search/chain.ts. */
export const chainReach: usize = quartetOffsets + <usize>(quartetsMax * 8) * laneNumberBytes;
export const chainReachOfTwo: usize = chainReach + <usize>(chunks * 2);
/** Output: three parallel arrays; u32, u32, u16. */
export const hitQueries: usize = chainReachOfTwo + <usize>(chunks * 2);
export const hitSlots: usize = hitQueries + <usize>(hitsMax * 4);
export const hitDistances: usize = hitSlots + <usize>(hitsMax * 4);
/** Slots by two lists, u32 each: candidates (the query and the chunk that named it; the slot), or slots alone. */
export const slotListOrigins: usize = hitDistances + <usize>(hitsMax * 2);
export const slotList: usize = slotListOrigins + <usize>(slotListMax * 4);
/**
 * Of a store: the heads of the hash table, the numbers of the blocks to scan, both halves of the planes, the blocks; all
 * sized for as many hashes as the index may hold. What was never written takes no memory.
 */
export const storeStart: usize = slotList + <usize>(slotListMax * 4);

/** Probes of one query: a chunk as it is, and with each of its 16 bits flipped. */
export const probesPerChunk: u32 = 17;
/** Of a segment: its header (magic, hashes, first slot), the probes of a query, what is listed, then the tables. */
export const segmentHeader: usize = storeStart;
export const probeList: usize = segmentHeader + 64;
/** A bit for each slot that a segment can name, 2 MiB; zero between searches. */
export const listedSlots: usize = (probeList + <usize>(chunks * probesPerChunk * 16) + 63) & ~63;
export const segmentSlotsMax: u32 = 1 << 24;
export const segmentTables: usize = listedSlots + <usize>(segmentSlotsMax / 8);
/** One more than there are values, so that each bucket ends where the next starts. */
export const directoryBytes: usize = <usize>((chunkValues + 16) * 4);
/** Bytes of a slot's number in a segment: 24 bits, counted from the segment's first slot. */
export const slotBytes: u32 = 3;
/** Lines that a search touches of a bucket at most, and so may read past the end of a table. */
export const touchedLinesMax: u32 = 9;
export const tableSlackBytes: usize = <usize>(touchedLinesMax * 64);

/** Of a builder: one directory, the fill of each bucket, staged codes, then slots, columns and one table. */
export const builtDirectory: usize = segmentHeader + 64;
export const bucketFills: usize = builtDirectory + directoryBytes;
export const stagedCodes: usize = bucketFills + directoryBytes;
export const stagedMax: u32 = 8192;
export const builderStart: usize = stagedCodes + <usize>(stagedMax * hashBytes);

// --- memory ---------------------------------------------------------------------------------------------------------

/** Makes linear memory reach at least to `end`, in whole pages. False when the engine has no more. */
export function reserveUpTo(end: usize): bool {
  const pages = <i32>((end + pageBytes - 1) / pageBytes);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
