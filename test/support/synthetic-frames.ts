/**
 * Frames made from a seed. The golden vectors in test/golden/ are hashes of these: integers only, so that every machine
 * makes the same bytes, and no change here goes unnoticed.
 */
import type { TwinFrame } from './pdq-twin.ts';

export type Pattern = (x: number, y: number, channel: number) => number;

/** Numbers in [0, 2^32), by xorshift. */
export function seededNumbers(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

export function seededBytes(seed: number, length: number): Uint8Array {
  const next = seededNumbers(seed);
  return Uint8Array.from({ length }, () => next() >>> 24);
}

/** A triangle wave of `period`, 0 to 255. */
function wave(position: number, period: number): number {
  const phase = ((position % period) + period) % period;
  return Math.trunc((Math.min(phase, period - phase) * 2 * 255) / period);
}

const makers: Readonly<Record<string, (seed: number, width: number, height: number) => Pattern>> = {
  /** Blobs and slopes of several sizes: what a picture looks like to PDQ. */
  scene(seed, width, height) {
    const next = seededNumbers(seed);
    const waves = Array.from({ length: 5 }, () => ({
      a: (next() % 9) - 4,
      b: (next() % 9) - 4,
      period: Math.max(8, Math.trunc(Math.max(width, height) / (1 + (next() % 6)))),
    }));
    return (x, y, channel) =>
      Math.trunc(
        waves.reduce((sum, { a, b, period }, at) => sum + wave(a * x + b * y + 37 * at * channel, period), 0) / 5,
      );
  },
  noise(seed) {
    const next = seededNumbers(seed);
    return () => next() >>> 24;
  },
  faintNoise(seed) {
    const next = seededNumbers(seed);
    return () => 120 + (next() >>> 31);
  },
  flat: (seed) => (_x, _y, channel) => (seed * 53 + channel * 40) & 255,
  black: () => () => 0,
  white: () => () => 255,
  checkerboard: (seed) => (x, y) => ((Math.trunc(x / seed) + Math.trunc(y / seed)) % 2 === 1 ? 255 : 0),
  stripes: (seed) => (x) => (Math.trunc(x / seed) % 2 === 1 ? 200 : 30),
  ramp: (_seed, width) => (x) => Math.trunc((x * 255) / width),
  symmetric: (_seed, width, height) => (x, y, channel) =>
    (Math.abs(2 * x - width + 1) * 3 + Math.abs(2 * y - height + 1) * 5 + channel * 20) & 255,
  diagonal: (seed) => (x, y) => ((x + y) * seed) & 255,
  dot: (_seed, width, height) => (x, y) => (x === width >> 1 && y === height >> 1 ? 255 : 0),
};

export const patternNames: readonly string[] = Object.keys(makers);

export interface FrameShape {
  readonly pattern: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

export function makeFrame({ pattern, seed, width, height, channels }: FrameShape): TwinFrame {
  const maker = makers[pattern];
  if (!maker) throw new Error(`no pattern ${pattern}`);
  const valueAt = maker(seed, width, height);
  const bytes = new Uint8Array(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) bytes[at++] = valueAt(x, y, channel);
    }
  }
  return { width, height, channels, bytes };
}
