/**
 * PDQ without rounding: windows are summed in f64, where sums of bytes are exact. It shows where the reference's hash is
 * made of its rounding: there, and only there, the two differ.
 */
import type { TwinFrame } from './pdq-twin.ts';

/** Bits as in the twin; no quality. Sides of 5 and more, other than 64 x 64. */
export function hashWithoutRounding({ width, height, channels, bytes }: TwinFrame): Uint8Array {
  let image = Float64Array.from({ length: width * height }, (_, at) => {
    if (channels === 1) return bytes[at] ?? 0;
    return (299 * (bytes[3 * at] ?? 0) + 587 * (bytes[3 * at + 1] ?? 0) + 114 * (bytes[3 * at + 2] ?? 0)) / 1000;
  });
  for (let pass = 0; pass < 2; pass++) {
    image = meansOfWindows(image, height, width, width, 1);
    image = meansOfWindows(image, width, height, 1, width);
  }
  const rows = transform(Array.from({ length: 64 }, (_, row) => sampleRow(image, row, width, height)));
  const coefficients = transpose(transform(transpose(rows))).flat();
  const median = [...coefficients].sort((a, b) => a - b)[127] ?? 0;
  const hash = new Uint8Array(32);
  coefficients.forEach((value, bit) => {
    if (value > median) hash[31 - (bit >> 3)] = (hash[31 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  });
  return hash;
}

function sampleRow(image: Float64Array, row: number, width: number, height: number): number[] {
  const y = Math.trunc(((2 * row + 1) * height) / 128);
  return Array.from(
    { length: 64 },
    (_, column) => image[y * width + Math.trunc(((2 * column + 1) * width) / 128)] ?? 0,
  );
}

function meansOfWindows(image: Float64Array, lines: number, length: number, lineStride: number, stride: number) {
  const window = Math.trunc((length + 127) / 128);
  const ahead = Math.trunc((window + 2) / 2) - 1;
  const out = new Float64Array(image.length);
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < length; at++) {
      const first = Math.max(0, at + 1 - (window - ahead));
      const end = Math.min(length, at + ahead + 1);
      let sum = 0;
      for (let from = first; from < end; from++) sum += image[line * lineStride + from * stride] ?? 0;
      out[line * lineStride + at * stride] = sum / (end - first);
    }
  }
  return out;
}

/** Frequencies 1 to 16 down the columns of 64 rows. */
function transform(rows: number[][]): number[][] {
  return Array.from({ length: 16 }, (_, i) =>
    (rows[0] ?? []).map((__, j) =>
      rows.reduce(
        (sum, row, k) => sum + Math.sqrt(2 / 64) * Math.cos((Math.PI / 128) * (i + 1) * (2 * k + 1)) * (row[j] ?? 0),
        0,
      ),
    ),
  );
}

function transpose(rows: number[][]): number[][] {
  return (rows[0] ?? []).map((_, j) => rows.map((row) => row[j] ?? 0));
}
