/** What the host sees of the hashing half of the kernel. `load-kernel.ts` makes one. */

export interface FrameHash {
  /** 32 bytes in the order of the hash's hex text. A copy; it stays valid. */
  readonly hash: Uint8Array;
  /** PDQ's quality, 0 to 100. */
  readonly quality: number;
}

export interface DihedralHashes {
  /** Eight hashes of 32 bytes, in the order of `dihedralNames`. A copy; it stays valid. */
  readonly hashes: Uint8Array;
  readonly quality: number;
}

/**
 * Maps (u, v), each 0 to 1 over a region, to shares of the picture: x = x0 + u * xu + v * xv, and y likewise. Each number
 * is from -4 to 4; what lies beyond the picture is its edge.
 */
export interface RegionMap {
  readonly x0: number;
  readonly xu: number;
  readonly xv: number;
  readonly y0: number;
  readonly yu: number;
  readonly yv: number;
}

/** Pixels a side of a thumbnail. */
export type ThumbnailSide = 32 | 64 | 128;

/**
 * Differences between neighbours, `limits.planeSide` squared of them, line after line: what lies before the pixels of a column
 * follows on each other, and so does what lies above those of a row. Line i lies before column or row i; line 0 is the rim.
 */
export interface EdgeMap {
  /** Median over the planes, gray levels; 0 on the rim. */
  readonly steps: Uint8Array;
  /**
   * How far it stands out from both sides: four times a step less three times those three lines before and after it
   * together, 0 at least. At the rim the nearest line that has steps stands for what lies beyond.
   */
  readonly edges: Uint16Array;
  /** Of each line, every place counted `cap` at most. */
  readonly sums: Uint32Array;
}

/**
 * Maps of planes: frames of one video in `limits.planeSide` squared bytes of gray, rows from the top, 1 to
 * `limits.detectionFramesMax` of them. Each gives numbers for all pixels, as a copy, and throws kernel_failed for other planes.
 */
export interface PlaneMapper {
  /**
   * Of the planes, an odd number and at most `limits.edgeFramesMax`: how much each pixel differs from the one before it in its
   * row, or above it. `cap`: what a place counts in a sum at most, 0 to 255.
   */
  mapEdges(planes: readonly Uint8Array[], beside: 'before' | 'above', cap: number): EdgeMap;
  /** Sum over the planes of the Laplacian without its sign; what stands at the rim means nothing. */
  mapDetail(planes: readonly Uint8Array[]): Uint16Array;
  /** Between the darkest and the brightest that a pixel gets. */
  mapRange(planes: readonly Uint8Array[]): Uint8Array;
}

/** 1 = gray, 3 = interleaved RGB; 8 bits each. */
export type Channels = 1 | 3;

export interface Hasher extends PlaneMapper {
  /**
   * The kernel's own input buffer for a frame of that shape: write `width * height * channels` bytes, rows from the
   * top, without padding. Valid until the next call of `frameBuffer`. Throws kernel_failed when a side is 0 or over
   * limits.frameSideMax.
   */
  frameBuffer(width: number, height: number, channels: Channels): Uint8Array;
  /** PDQ of the frame last written to `frameBuffer`, which keeps its bytes. */
  hash(): FrameHash;
  /** PDQ of that frame in all eight rotations and flips, from one DCT. */
  hashDihedral(): DihedralHashes;
  /**
   * The same two by the slow path alone, each operation in the order of the reference: what the fast path must equal,
   * and what it falls back to where rounding might matter. For tests and benchmarks.
   */
  hashInReferenceOrder(): FrameHash;
  hashDihedralInReferenceOrder(): DihedralHashes;
  /**
   * Makes the base of the frame last written to `frameBuffer`, which has 512 x 512 pixels and keeps its bytes: 256 x 256
   * gray, blurred, from which regions are sampled. Throws kernel_failed for a frame of another shape.
   */
  makeBase(): void;
  /** The base last made or loaded: `limits.baseSide` squared bytes, rows from the top. A copy; it stays valid. */
  copyBase(): Uint8Array;
  /** Brings a copy back. Throws kernel_failed when it has another length. */
  loadBase(base: Uint8Array): void;
  /**
   * Hash and quality of a region of the base, from 64 x 64 samples of it. Of the full picture the hash differs from
   * `hash` by a few bits, so hashes of regions are compared with hashes of regions. Throws kernel_failed when there is
   * no base, or a number of the map is out of range.
   */
  hashRegion(map: RegionMap): FrameHash;
  /** The same in all eight rotations and flips, from one DCT. */
  hashRegionDihedral(map: RegionMap): DihedralHashes;
  /** The base in `side` x `side` pixels of gray, each the mean of a box. A copy. Throws kernel_failed without a base. */
  thumbnail(side: ThumbnailSide): Uint8Array;
  /** How many calls of `hash` and `hashDihedral` fell back, since the hasher was made. */
  readonly reruns: number;
  /** Version of the kernel binary, part of every decision. */
  readonly kernelVersion: string;
}
