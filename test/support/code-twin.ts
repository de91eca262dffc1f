/** The order of bits in a code, one bit at a time: the oracle of assembly/search/code.ts, and the orders it was chosen from. */

export type ChunkOrder = 'rows' | 'columns' | 'diagonal';

/** Which bit of which 16-bit word of a hash becomes bit `at` of chunk `chunk`. Word i is bytes 2i and 2i + 1. */
function sourceOf(order: ChunkOrder, chunk: number, at: number): { readonly word: number; readonly bit: number } {
  if (order === 'rows') return { word: chunk, bit: at };
  if (order === 'columns') return { word: at, bit: chunk };
  return { word: at, bit: (((chunk - 5 * at) % 16) + 16) % 16 };
}

/** The 16 chunks of a hash of 32 bytes in an order; the kernel's is 'diagonal'. */
export function chunksOf(hash: Uint8Array, order: ChunkOrder): number[] {
  return Array.from({ length: 16 }, (_, chunk) => {
    let value = 0;
    for (let at = 0; at < 16; at++) {
      const { word, bit } = sourceOf(order, chunk, at);
      const byte = hash[2 * word + (bit >> 3)] ?? 0;
      value |= ((byte >> (bit & 7)) & 1) << at;
    }
    return value;
  });
}
