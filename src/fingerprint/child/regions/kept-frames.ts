/** The frames of an upload whose bases are kept until its pass ends: few, and evenly spread over time. */

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
    if (this.#kept.length > this.#framesMax) this.#kept.splice(this.#leastMissed(), 1);
  }

  /** Neither the first nor the last. */
  #leastMissed(): number {
    const timeAt = (place: number) => this.#kept[place]?.timeMs ?? 0;
    let found = 1;
    for (let place = 1; place < this.#kept.length - 1; place++) {
      if (timeAt(place + 1) - timeAt(place - 1) < timeAt(found + 1) - timeAt(found - 1)) found = place;
    }
    return found;
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
