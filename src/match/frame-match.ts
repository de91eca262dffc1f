/** One frame of an upload that lies within the radius of one frame of known content. The input of the alignment. */
export interface FrameMatch {
  readonly uploadTimeMs: number;
  readonly knownTimeMs: number;
  /** Last time at which the known content shows this very frame without a break; equals `knownTimeMs` for one frame. */
  readonly knownUntilMs: number;
  /** Which known content; the bank's number for it, stable while the content's revision lasts. */
  readonly contentNumber: number;
  /** Position in `dihedralNames` of the upload's rotation or flip that matched. */
  readonly dihedral: number;
  /** 0 to 256. */
  readonly distanceBits: number;
  /** The lesser of both frames' qualities, 0 to 100. */
  readonly quality: number;
  /** Hash of the upload's frame as it is, 32 bytes: tells distinct frames from repeated ones. */
  readonly uploadHash: Uint8Array;
  /** Which entry of deep content matched; undefined for a whole frame. */
  readonly knownEntry?: number;
}
