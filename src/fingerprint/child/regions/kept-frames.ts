/** The frames of an upload whose bases are kept until its pass ends: few, and evenly spread over time. */
import { leastMissed } from '../sampling.ts';

export interface TakenFrame {
  readonly timeMs: number;
  readonly base: Uint8Array;
}

export interface KeptFrame extends TakenFrame {
  /** The same number for frames that show the same, as far as they were kept at the same time. */
  readonly picture: number;
}

/** Gray levels that noise changes a pixel by, and the share of the pixels that may change by more. */
const sameLevels = 8;
const sameShareMin = 0.998;

export class KeptFrames {
  readonly #framesMax: number;
  /** In order of time. */
  readonly #kept: KeptFrame[] = [];
  #pictures = 0;

  constructor(framesMax: number) {
    this.#framesMax = framesMax;
  }

  get inTime(): readonly KeptFrame[] {
    return this.#kept;
  }

  /** Frames may come in any order. Above the bound the frame goes whose neighbours lie closest to each other. */
  add(frame: TakenFrame): void {
    const same = this.#kept.find(({ base }) => looksTheSame(base, frame.base));
    const picture = same?.picture ?? this.#pictures++;
    const after = this.#kept.findIndex(({ timeMs }) => timeMs > frame.timeMs);
    this.#kept.splice(after < 0 ? this.#kept.length : after, 0, { ...frame, picture });
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

/** True when two frames show the same in every part: what moves, however little of the picture it is, makes them differ. */
function looksTheSame(a: Uint8Array, b: Uint8Array): boolean {
  const differingMax = (1 - sameShareMin) * a.length;
  let differing = 0;
  for (let at = 0; at < a.length && differing <= differingMax; at++) {
    if (Math.abs((a[at] as number) - (b[at] as number)) > sameLevels) differing++;
  }
  return differing <= differingMax;
}
