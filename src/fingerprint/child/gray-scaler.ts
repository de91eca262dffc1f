/** Scales decoded frames to the square of full-range gray that the kernel hashes. */
import type { Frame, SoftwareScaleContext } from 'node-av/lib';
import { limits } from '../../config/limits.ts';
import type { Hasher } from '../../kernel/hasher.ts';
import { type Turn, turnSquare } from './rotation.ts';
import type { Av } from './video-backend.ts';

const side = limits.frameSide;

export class GrayScaler {
  readonly #scaler: SoftwareScaleContext;
  readonly #gray: Frame;
  readonly #unspecified: Frame['colorSpace'];

  constructor(av: Av) {
    this.#unspecified = av.AVCOL_SPC_UNSPECIFIED;
    this.#gray = new av.Frame();
    this.#gray.alloc();
    this.#gray.width = side;
    this.#gray.height = side;
    this.#gray.format = av.AV_PIX_FMT_GRAY8;
    this.#gray.colorRange = av.AVCOL_RANGE_JPEG;
    if (this.#gray.getBuffer() < 0) throw new Error('no memory for a gray frame');
    // Not given a size or a format: it then takes both, and the colour range, from each frame, also when they change.
    this.#scaler = new av.SoftwareScaleContext();
    this.#scaler.allocContext();
    // Averages areas, as Meta's video hasher does; other filters move the hash by up to 16 bits.
    this.#scaler.setOption('sws_flags', 'area');
  }

  /** Writes the frame, which is then without its colour space, into the kernel's buffer, ready to be hashed. */
  scale(frame: Frame, turn: Turn | null, hasher: Hasher): void {
    // Luma as it is stored, which copies keep when they lose what says how to see it; to convert it first costs four times
    // as much and moves a hash by 2 to 4 bits away from the usual way, which asks for no colour space either.
    frame.colorSpace = this.#unspecified;
    if (this.#scaler.scaleFrameSync(this.#gray, frame) < 0) throw new Error('a frame could not be scaled');
    const stored = this.#gray.data?.[0];
    if (stored === undefined) throw new Error('a scaled frame has no pixels');
    const upright = hasher.frameBuffer(side, side, 1);
    if (turn === null) upright.set(stored.subarray(0, side * side));
    else turnSquare(stored, upright, side, turn);
  }

  close(): void {
    this.#gray.free();
    this.#scaler.freeContext();
  }
}
