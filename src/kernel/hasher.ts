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

/** 1 = gray, 3 = interleaved RGB; 8 bits each. */
export type Channels = 1 | 3;

export interface Hasher {
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
  /** How many calls of `hash` and `hashDihedral` fell back, since the hasher was made. */
  readonly reruns: number;
  /** Version of the kernel binary, part of every decision. */
  readonly kernelVersion: string;
}
