/**
 * Byte strings of any length in one array. A freed one leaves room of its size class to those that come after, so nothing
 * is ever moved. 4 bytes each, and what rounding up costs.
 */
import {
  grownColumns,
  imageOfColumns,
  imageOfCounts,
  restoreColumns,
  restoreCounts,
  roomFor,
  type TableImage,
} from './columns.ts';

export interface BytePool {
  /** Gives the place of a copy, which is never 0. */
  put(bytes: Uint8Array): number;
  /** A view that is valid until the next `put`. */
  get(place: number): Uint8Array<ArrayBuffer>;
  free(place: number): void;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

const unitBytes = 16;
const headBytes = 4;
/** Up to so many units each size has a class of its own; above, each power of two. */
const exactUnits = 64;
const classes = exactUnits + 32;
const widths = { bytes: unitBytes };

class UnitPool implements BytePool {
  #units = { bytes: new Uint8Array(0) };
  #view = new DataView(this.#units.bytes.buffer);
  /** The first unit stays unused: 0 is no place. */
  #used = 1;
  /** First free place of each class; each free place holds the next. */
  readonly #freed = { ofClass: new Uint32Array(classes) };

  constructor(image?: TableImage) {
    this.#grow(this.#used);
    if (image === undefined) return;
    const [used = 1] = restoreCounts('pool', image, 1);
    this.#grow(used);
    restoreColumns('pool', this.#units, widths, used, image);
    restoreColumns('freed', this.#freed, {}, classes, image);
    this.#used = used;
  }

  image(): [string, Uint8Array<ArrayBuffer>][] {
    return [
      imageOfCounts('pool', [this.#used]),
      ...imageOfColumns('pool', this.#units, widths, this.#used),
      ...imageOfColumns('freed', this.#freed, {}, classes),
    ];
  }

  put(bytes: Uint8Array): number {
    const { size, units } = classOf(bytes.length);
    let place = this.#freed.ofClass[size] ?? 0;
    if (place !== 0) {
      this.#freed.ofClass[size] = this.#view.getUint32(place * unitBytes, true);
    } else {
      place = this.#used;
      this.#grow(this.#used + units);
      this.#used += units;
    }
    this.#view.setUint32(place * unitBytes, bytes.length, true);
    this.#units.bytes.set(bytes, place * unitBytes + headBytes);
    return place;
  }

  get(place: number): Uint8Array<ArrayBuffer> {
    const from = place * unitBytes + headBytes;
    return this.#units.bytes.subarray(from, from + this.#lengthOf(place));
  }

  free(place: number): void {
    const { size } = classOf(this.#lengthOf(place));
    this.#view.setUint32(place * unitBytes, this.#freed.ofClass[size] ?? 0, true);
    this.#freed.ofClass[size] = place;
  }

  get #room(): number {
    return this.#units.bytes.length / unitBytes;
  }

  #lengthOf(place: number): number {
    return this.#view.getUint32(place * unitBytes, true);
  }

  #grow(units: number): void {
    const room = roomFor(units, this.#room);
    if (room === this.#room) return;
    this.#units = grownColumns(this.#units, widths, room);
    this.#view = new DataView(this.#units.bytes.buffer);
  }
}

function classOf(length: number): { readonly size: number; readonly units: number } {
  const exact = Math.ceil((length + headBytes) / unitBytes);
  if (exact <= exactUnits) return { size: exact - 1, units: exact };
  const bits = 32 - Math.clz32(exact - 1);
  return { size: exactUnits + bits, units: 2 ** bits };
}

export function createBytePool(image?: TableImage): BytePool {
  return new UnitPool(image);
}
