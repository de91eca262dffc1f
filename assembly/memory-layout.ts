/**
 * Every buffer of the kernel: where it lies, how large it is, how it is aligned.
 *
 * Sized once, never moved. A kernel instance plays one of two parts, hasher or index, each in a linear memory of its
 * own; both layouts therefore start at the same place. Only the last buffer of a part (the frame; the codes) is given
 * memory as it is needed.
 *
 *        0 ......... 64 KiB ........................................ 4 GiB
 *        | constants |  hasher: tables | rings | panels | frame -->  |
 *        | of asc    |  index:  queries | hits | live bits | codes -> |
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
/** Input. The loops read up to a group of rows and a vector past the end, so slack follows. */
export const frame: usize = columnShares + 16 * 4;
export const frameSlackBytes: u32 = groupRows * frameSideMax * channelsMax + 64;

// --- index ----------------------------------------------------------------------------------------------------------

export const radiusBitsMax: u32 = 96;
export const queriesMax: u32 = 64;
export const hitsMax: u32 = 16384;
export const indexHashesMax: u32 = 20_000_000;
/** Codes of one tile, 16 KiB: all queries of a call pass over a tile while it is in the first-level cache. */
export const tileCodes: u32 = 512;
/** Codes a scan takes at once: it may read that many less one past the last, and finds them not live. */
export const scanStep: u32 = 4;
/** Memory for codes is taken in steps of this many pages: 4 MiB, 131,072 codes. */
export const growthPages: u32 = 64;

/** Input of insert: one hash. */
export const insertedHash: usize = layoutBase;
export const queries: usize = insertedHash + <usize>hashBytes;
/** Output: three parallel arrays; u32, u32, u16. */
export const hitQueries: usize = queries + <usize>(queriesMax * hashBytes);
export const hitSlots: usize = hitQueries + <usize>(hitsMax * 4);
export const hitDistances: usize = hitSlots + <usize>(hitsMax * 4);
/** One bit a slot, set while the slot holds a hash. */
export const liveBits: usize = hitDistances + <usize>(hitsMax * 2);
/** Codes, 32 bytes each, aligned to a page. */
export const codes: usize = (liveBits + <usize>(indexHashesMax / 8) + pageBytes) & ~(pageBytes - 1);

// --- memory ---------------------------------------------------------------------------------------------------------

/** Makes linear memory reach at least to `end`, in whole pages. False when the engine has no more. */
export function reserveUpTo(end: usize): bool {
  const pages = <i32>((end + pageBytes - 1) / pageBytes);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
