/**
 * Memories of segments that were replaced, for those that are built next. V8 frees a shared memory when it next collects
 * garbage, and does not know how large it is: an index of 80 MB that was merged forty times took 1.9 GB.
 */
import type { SharedMemory } from './kernel-binary.ts';

/** As many as a merge usually replaces, and one. */
const sparesMax = 4;
/** A memory that is larger by more would be kept from those it fits. */
const excessMax = 4;

export class SpareMemories {
  #spares: SharedMemory[] = [];

  /** Nothing may read the memory any more. The oldest is let go when there are too many. */
  keep(memory: SharedMemory): void {
    this.#spares.push(memory);
    if (this.#spares.length > sparesMax) this.#spares.shift();
  }

  /** The smallest that holds so many bytes; undefined when there is none, or none that is not far too large. */
  take(bytes: number): SharedMemory | undefined {
    const fitting = this.#spares
      .filter(({ buffer }) => buffer.byteLength >= bytes && buffer.byteLength <= excessMax * bytes)
      .sort((a, b) => a.buffer.byteLength - b.buffer.byteLength);
    const [spare] = fitting;
    if (spare !== undefined) this.#spares = this.#spares.filter((each) => each !== spare);
    return spare;
  }
}
