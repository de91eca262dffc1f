/** Hashes of pictures that are a product of what is across and what is down. */
const side = 16;

/** Bit `column` of row `row` is set where the bits of both patterns are alike: the signs of a product. */
export function boxHash(rows: number, columns: number): Uint8Array {
  const hash = new Uint8Array((side * side) / 8);
  for (let row = 0; row < side; row++) {
    const pattern = (rows >> row) & 1 ? columns : ~columns & 0xffff;
    hash[2 * row] = pattern & 0xff;
    hash[2 * row + 1] = pattern >> 8;
  }
  return hash;
}
