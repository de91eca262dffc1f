/** Known content as matching and decisions name it. The bank gives one for each content number. */
import type { MediaKind } from '../contracts/common.ts';

export interface KnownContent {
  readonly contentId: string;
  readonly bank: string;
  readonly labels: readonly string[];
  readonly kind: MediaKind;
  readonly revision: number;
  /** 0 for an image. */
  readonly durationMs: number;
  /** Rate at which its frames were taken; 0 when it is not known. */
  readonly framesPerSecond: number;
  readonly sha256: string | undefined;
}
