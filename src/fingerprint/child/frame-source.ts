/** A video as the sampler sees it. `video-source.ts` makes one from node-av; another backend can take its place. */
import type { MediaFacts } from '../../contracts/decision.ts';
import type { DihedralHashes } from '../../kernel/hasher.ts';

export interface PacketFacts {
  readonly timeMs: number;
  readonly isKey: boolean;
}

/** A decoded picture. It stays valid until the second picture after it. */
export interface Picture {
  readonly timeMs: number;
  /** The decoder says that parts of it are missing or guessed. */
  readonly corrupt: boolean;
  readonly slot: number;
}

export interface FrameSource {
  readonly media: MediaFacts;
  /** Width over height of the upright picture as it is shown. */
  readonly aspect: number;
  /** As the container has it, 0 when it does not say. */
  readonly durationMs: number;
  /** From one frame to the next, usually. Infinity when the container does not say. */
  readonly frameMs: number;
  /** True when a picture is only right if everything before it was decoded. */
  readonly mustDecodeInOrder: boolean;
  /** Packets and pictures that could not be read or decoded so far. */
  readonly faults: number;
  /** Goes to the key frame at or before a moment, as well as the container can. False when it cannot seek. */
  seekBefore(timeMs: number): boolean;
  /** Goes to where the key frame of that very moment is read next or soon; decoding onward begins with it. */
  enterAt(keyMs: number): boolean;
  /** Goes back to the first packet. False when it cannot. */
  rewind(): boolean;
  /** Reads the next packet of the video without decoding it. Null at the end. */
  nextPacket(): PacketFacts | null;
  /** Decodes the packet last read, which must be a key frame, by itself. Null when it gives no picture. */
  decodeKeyPacket(): Picture | null;
  /**
   * Decodes onward from where the source stands, one packet a call. 'again' when the packet gave no picture. Frames that no
   * other needs are decoded only where their moment is wanted: without any it is nearly twice as fast, and as exact.
   */
  decodeOnward(isWanted: (timeMs: number) => boolean): Picture | 'again' | 'end';
  /** Scales a picture to 512 x 512 gray, turns it upright and hashes it. Throws when it is of no use. */
  hash(picture: Picture): DihedralHashes;
  close(): void;
}
