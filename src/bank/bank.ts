/** What the pipeline sees of the banks: known content, searchable, as of a position in the bank log. */
import type { SampledFrame } from '../fingerprint/fingerprinter.ts';
import type { DeepBank } from '../match/deep-content.ts';
import type { FrameMatch } from '../match/frame-match.ts';
import type { KnownContent } from '../match/known-content.ts';

export type { KnownContent };

export interface BankSearch {
  readonly matches: readonly FrameMatch[];
  /** More frames matched than may be reported; the decision must say so. */
  readonly capped: boolean;
  /** The radius that was searched: a large bank is searched less widely than asked, and the decision must say so. */
  readonly radiusBits: number;
}

export interface Bank extends DeepBank {
  /** Offset of the last bank record that has been applied, -1 before the first. */
  readonly position: number;
  /** Hashes of parts of known frames; 0: there is nothing to compare regions with. */
  readonly deepHashes: number;
  /**
   * Every frame of known content within `wideBits` of the frame, or within limits.segmentRadiusBitsMax where the bank
   * holds more than limits.hotHashesMax hashes, in any of its eight rotations and flips, or in those
   * named by their place in `dihedralNames`.
   */
  search(frame: SampledFrame, wideBits: number, views?: readonly number[]): BankSearch;
  /** Known content with exactly these bytes. */
  findBySha256(sha256: string): readonly KnownContent[];
  /** Undefined when it was removed or replaced after it matched: such a match counts no more. Numbers are not reused. */
  content(contentNumber: number): KnownContent | undefined;
}
