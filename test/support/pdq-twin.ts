/**
 * PDQ once more, slow and obvious, as the kernel's oracle: one loop a step, no lanes, no streaming, every f32 operation
 * rounded where the reference rounds it. It follows the published description (docs/specs/kernel-abi.md) and shares no
 * code with the kernel. JavaScript computes in f64; a single sum, product or quotient of two f32 rounded back to f32 is
 * what an f32 unit gives, so `Math.fround` around each operation is exact.
 */
const f32 = Math.fround;

export interface TwinHash {
  readonly hash: Uint8Array;
  readonly quality: number;
}

export interface TwinFrame {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly bytes: Uint8Array;
}

/** The eight views, in the kernel's order; each says how a coefficient at row i, column j changes. */
const views: readonly { readonly transposed: boolean; readonly negates: (i: number, j: number) => boolean }[] = [
  { transposed: false, negates: () => false },
  { transposed: true, negates: (_, j) => j % 2 === 0 },
  { transposed: false, negates: (i, j) => (i + j) % 2 === 1 },
  { transposed: true, negates: (i) => i % 2 === 0 },
  { transposed: false, negates: (i) => i % 2 === 0 },
  { transposed: false, negates: (_, j) => j % 2 === 0 },
  { transposed: true, negates: () => false },
  { transposed: true, negates: (i, j) => (i + j) % 2 === 1 },
];

export function hashByTwin(frame: TwinFrame): TwinHash {
  const { hashes, quality } = hashViewsByTwin(frame);
  return { hash: hashes.slice(0, 32), quality };
}

export function hashViewsByTwin(frame: TwinFrame): { hashes: Uint8Array; quality: number } {
  if (frame.width < 5 || frame.height < 5) return { hashes: new Uint8Array(8 * 32), quality: 0 };
  return hashSamplesByTwin(sampleTo64(lumaOf(frame), frame.width, frame.height));
}

/** The same from the 64 x 64 samples on. */
export function hashSamplesByTwin(image: Float32Array): { hashes: Uint8Array; quality: number } {
  const hashes = new Uint8Array(8 * 32);
  const coefficients = transform(image);
  views.forEach(({ transposed, negates }, view) => {
    const turned = new Float32Array(256);
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const value = coefficients[i * 16 + j] ?? 0;
        turned[transposed ? j * 16 + i : i * 16 + j] = negates(i, j) ? -value : value;
      }
    }
    hashes.set(bitsOver(turned), view * 32);
  });
  return { hashes, quality: qualityOf(image) };
}

function lumaOf({ bytes, channels, width, height }: TwinFrame): Float32Array {
  const luma = new Float32Array(width * height);
  for (let at = 0; at < luma.length; at++) {
    if (channels === 1) {
      luma[at] = bytes[at] ?? 0;
      continue;
    }
    const red = f32(f32(0.299) * (bytes[3 * at] ?? 0));
    const green = f32(f32(0.587) * (bytes[3 * at + 1] ?? 0));
    const blue = f32(f32(0.114) * (bytes[3 * at + 2] ?? 0));
    luma[at] = f32(f32(red + green) + blue);
  }
  return luma;
}

function sampleTo64(luma: Float32Array, width: number, height: number): Float32Array {
  if (width === 64 && height === 64) return luma;
  let image = luma;
  for (let pass = 0; pass < 2; pass++) {
    image = boxFilter(image, height, width, width, 1);
    image = boxFilter(image, width, height, 1, width);
  }
  const samples = new Float32Array(64 * 64);
  for (let row = 0; row < 64; row++) {
    const y = Math.trunc(((row + 0.5) * height) / 64);
    for (let column = 0; column < 64; column++) {
      const x = Math.trunc(((column + 0.5) * width) / 64);
      samples[row * 64 + column] = image[y * width + x] ?? 0;
    }
  }
  return samples;
}

/** `lines` lines of `length` pixels; `lineStride` between lines, `stride` between pixels of one. */
function boxFilter(image: Float32Array, lines: number, length: number, lineStride: number, stride: number) {
  const out = new Float32Array(image.length);
  for (let line = 0; line < lines; line++) boxFilterLine(image, out, line * lineStride, length, stride);
  return out;
}

/** The reference's four phases: fill, grow, slide, shrink. */
function boxFilterLine(image: Float32Array, out: Float32Array, start: number, length: number, stride: number): void {
  const window = Math.trunc((length + 127) / 128);
  const half = Math.trunc((window + 2) / 2);
  let taken = 0;
  let gone = 0;
  let written = 0;
  let sum = 0;
  let pixels = 0;
  const take = () => {
    sum = f32(sum + (image[start + stride * taken++] ?? 0));
  };
  const letGo = () => {
    sum = f32(sum - (image[start + stride * gone++] ?? 0));
  };
  const write = () => {
    out[start + stride * written++] = f32(sum / pixels);
  };
  for (let turn = 0; turn < half - 1; turn++, pixels++) take();
  for (let turn = 0; turn < window - half + 1; turn++) {
    take();
    pixels++;
    write();
  }
  for (let turn = 0; turn < length - window; turn++) {
    take();
    letGo();
    write();
  }
  for (let turn = 0; turn < half - 1; turn++) {
    letGo();
    pixels--;
    write();
  }
}

function qualityOf(image: Float32Array): number {
  let sum = 0;
  const gradient = (from: number, to: number) => {
    const difference = f32((image[from] ?? 0) - (image[to] ?? 0));
    return Math.abs(Math.trunc(f32(f32(difference * 100) / 255)));
  };
  for (let row = 0; row < 64; row++) {
    for (let column = 0; column < 64; column++) {
      const at = row * 64 + column;
      if (row < 63) sum += gradient(at, at + 64);
      if (column < 63) sum += gradient(at, at + 1);
    }
  }
  return Math.min(Math.trunc(sum / 90), 100);
}

const scale = f32(Math.sqrt(2 / 64));
const dct = Array.from({ length: 16 }, (_, i) =>
  Array.from({ length: 64 }, (_, k) => f32(scale * Math.cos((Math.PI / 2 / 64) * (i + 1) * (2 * k + 1)))),
);

function transform(image: Float32Array): Float32Array {
  const half = new Float32Array(16 * 64);
  const whole = new Float32Array(16 * 16);
  for (let i = 0; i < 16; i++) {
    for (let j = 0; j < 64; j++) half[i * 64 + j] = dotProduct(i, (k) => image[k * 64 + j] ?? 0);
  }
  for (let i = 0; i < 16; i++) {
    for (let j = 0; j < 16; j++) whole[i * 16 + j] = dotProduct(j, (k) => half[i * 64 + k] ?? 0);
  }
  return whole;
}

function dotProduct(frequency: number, valueAt: (k: number) => number): number {
  let sum = 0;
  dct[frequency]?.forEach((weight, k) => {
    sum = f32(sum + f32(weight * valueAt(k)));
  });
  return sum;
}

/** Bit i*16+j is set where the coefficient is over the lower median; bit 0 is the last bit of the last byte. */
function bitsOver(values: Float32Array): Uint8Array {
  const median = [...values].sort((a, b) => a - b)[127] ?? 0;
  const hash = new Uint8Array(32);
  values.forEach((value, bit) => {
    if (value > median) hash[31 - (bit >> 3)] = (hash[31 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  });
  return hash;
}
