/** The frames of an upload whose bases are kept until its pass ends: few, and evenly spread over time. */
import { leastMissed } from '../sampling.ts';

export interface KeptFrame {
  readonly timeMs: number;
  readonly base: Uint8Array;
}

export class KeptFrames {
  readonly #framesMax: number;
  /** In order of time. */
  readonly #kept: KeptFrame[] = [];

  constructor(framesMax: number) {
    this.#framesMax = framesMax;
  }

  get inTime(): readonly KeptFrame[] {
    return this.#kept;
  }

  /** Frames may come in any order. Above the bound the frame goes whose neighbours lie closest to each other. */
  add(frame: KeptFrame): void {
    const after = this.#kept.findIndex(({ timeMs }) => timeMs > frame.timeMs);
    this.#kept.splice(after < 0 ? this.#kept.length : after, 0, frame);
    if (this.#kept.length <= this.#framesMax) return;
    this.#kept.splice(leastMissed(this.#kept.map(({ timeMs }) => timeMs)), 1);
  }
}

/** `count` of the items, evenly spread, the first and the last included. */
export function spreadOver<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  const step = (items.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) => items[Math.round(index * step)]).filter(
    (item) => item !== undefined,
  );
}
