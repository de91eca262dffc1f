/**
 * Bases, thumbnails and regions once more, slow and obvious, as the kernel's oracle: one pixel at a time, as
 * docs/specs/kernel-abi.md describes them.
 */
import type { RegionMap } from '../../src/kernel/hasher.ts';
import { hashSamplesByTwin, type TwinFrame } from './pdq-twin.ts';

const side = 256;

/** `frame` has 512 x 512 pixels. */
export function baseByTwin({ channels, bytes }: TwinFrame): Uint8Array {
  const channelSum = (x: number, y: number, channel: number) => {
    let sum = 0;
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      sum += bytes[((2 * y + dy) * 2 * side + 2 * x + dx) * channels + channel] ?? 0;
    }
    return sum;
  };
  const pairs = planeOf(side, (x, y) => {
    if (channels === 1) return channelSum(x, y, 0);
    const weighted = 77 * channelSum(x, y, 0) + 150 * channelSum(x, y, 1) + 29 * channelSum(x, y, 2);
    return Math.trunc((weighted + 128) / 256);
  });
  const at = (x: number, y: number) => pairs[clamp(y) * side + clamp(x)] ?? 0;
  const weights = [1, 2, 1];
  const blurred = planeOf(side, (x, y) => {
    let sum = 0;
    weights.forEach((wy, dy) => {
      weights.forEach((wx, dx) => {
        sum += wx * wy * at(x + dx - 1, y + dy - 1);
      });
    });
    return Math.trunc((sum + 32) / 64);
  });
  return Uint8Array.from(blurred);
}

export function thumbnailByTwin(base: Uint8Array, thumbnailSide: number): Uint8Array {
  const box = side / thumbnailSide;
  const means = planeOf(thumbnailSide, (x, y) => {
    let sum = 0;
    for (let dy = 0; dy < box; dy++) {
      for (let dx = 0; dx < box; dx++) sum += base[(y * box + dy) * side + x * box + dx] ?? 0;
    }
    return Math.trunc((sum + (box * box) / 2) / (box * box));
  });
  return Uint8Array.from(means);
}

/** All eight hashes and the quality of a region. */
export function hashRegionByTwin(base: Uint8Array, map: RegionMap): { hashes: Uint8Array; quality: number } {
  const place = (pixels: number) => Math.floor(pixels * 65_536 + 0.5);
  const step = (share: number) => place((share * side) / 64);
  const firstX = place((map.x0 + (map.xu + map.xv) / 128) * side - 0.5);
  const firstY = place((map.y0 + (map.yu + map.yv) / 128) * side - 0.5);
  const samples = planeOf(64, (column, row) =>
    sampleAt(
      base,
      firstX + column * step(map.xu) + row * step(map.xv),
      firstY + column * step(map.yu) + row * step(map.yv),
    ),
  );
  return hashSamplesByTwin(samples);
}

/** Bilinear; places in 1/65536 pixel, of which weights keep 1/256. */
function sampleAt(base: Uint8Array, xPlace: number, yPlace: number): number {
  const x = Math.floor(Math.min(Math.max(xPlace, 0), (side - 1) * 65_536) / 256) / 256;
  const y = Math.floor(Math.min(Math.max(yPlace, 0), (side - 1) * 65_536) / 256) / 256;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const pixel = (dx: number, dy: number) => base[clamp(top + dy) * side + clamp(left + dx)] ?? 0;
  const [fx, fy] = [x - left, y - top];
  const upper = pixel(0, 0) * (1 - fx) + pixel(1, 0) * fx;
  const lower = pixel(0, 1) * (1 - fx) + pixel(1, 1) * fx;
  return upper * (1 - fy) + lower * fy;
}

function planeOf(planeSide: number, valueAt: (x: number, y: number) => number): Float32Array {
  return Float32Array.from({ length: planeSide * planeSide }, (_, at) =>
    valueAt(at % planeSide, Math.floor(at / planeSide)),
  );
}

function clamp(place: number): number {
  return Math.min(Math.max(place, 0), side - 1);
}
