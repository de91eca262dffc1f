/** What the pipeline sees of the banks: known content, searchable, as of a position in the bank log. */
import type { MediaKind } from '../contracts/common.ts';
import type { SampledFrame } from '../fingerprint/fingerprinter.ts';
import type { FrameMatch } from '../match/frame-match.ts';

export interface KnownContent {
  readonly contentId: string;
  readonly bank: string;
  readonly labels: readonly string[];
  readonly kind: MediaKind;
  readonly revision: number;
  readonly durationMs: number;
  readonly sha256: string | undefined;
}

export interface BankSearch {
  readonly matches: readonly FrameMatch[];
  /** More frames matched than may be reported; the decision must say so. */
  readonly capped: boolean;
}

export interface Bank {
  /** Offset of the last bank record that has been applied, -1 before the first. */
  readonly position: number;
  /** Every frame of known content within `radiusBits` of the frame, in any of its eight rotations and flips. */
  search(frame: SampledFrame, radiusBits: number): BankSearch;
  /** Known content with exactly these bytes. */
  findBySha256(sha256: string): readonly KnownContent[];
  /** Throws internal when there is no such content (a match outlived its content's removal: ask before you await). */
  content(contentNumber: number): KnownContent;
}
