/** Made pictures put into other made pictures, as whoever edits a copy does, in the size that regions are detected in. */
import { limits } from '../../src/config/limits.ts';
import { planeSide } from '../../src/fingerprint/child/regions/box.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import type { Region } from '../../src/match/region.ts';
import { seededNumbers } from './synthetic-frames.ts';

/** The gray level at (u, v), each 0 to 1 over the picture, in frame `frame`. */
export type Picture = (u: number, v: number, frame: number) => number;

/** Discs of many sizes on slopes; each disc moves on its own path. Nothing in it is straight. */
export function discs(seed: number, speed = 1): Picture {
  const next = seededNumbers(seed);
  const share = () => next() / 2 ** 32;
  const all = Array.from({ length: 40 }, () => ({
    u: share(),
    v: share(),
    radius: 0.02 + 0.09 * share(),
    gain: 120 * share() - 60,
    path: 0.15 * speed * (share() - 0.5),
    turn: 6 * share(),
  }));
  return (u, v, frame) => {
    let level = 110 + 30 * Math.sin(5 * u + seed) + 20 * Math.cos(4 * v + 2 * seed);
    for (const { u: cu, v: cv, radius, gain, path, turn } of all) {
      const du = u - cu - path * frame;
      const dv = v - cv - 0.03 * speed * Math.sin(turn + frame);
      if (du * du + dv * dv < radius * radius) level += gain;
    }
    return Math.min(255, Math.max(0, level));
  };
}

/** Noise that is another one in each frame, on a grid that lies elsewhere in each. */
export function movingNoise(seed: number): Picture {
  return (u, v, frame) => {
    const [x, y] = [Math.floor(u * 80 + frame * 0.37), Math.floor(v * 80 + frame * 0.61)];
    const cell = Math.imul(x + 1, 7_919) ^ Math.imul(y + 1, 104_729) ^ Math.imul(frame + seed, 1_299_709);
    return Math.imul(cell ^ (cell >>> 11), 0x9e3779b1) >>> 24;
  };
}

/** Slopes alone, as a strong blur leaves them. */
export function slopes(seed: number): Picture {
  return (u, v, frame) => 120 + 60 * Math.sin(4 * u + seed + 0.2 * frame) + 40 * Math.cos(5 * v + seed);
}

export const flat =
  (level: number): Picture =>
  () =>
    level;

/** Its first frame, all the time. */
export function still(picture: Picture): Picture {
  return (u, v) => picture(u, v, 0);
}

/** `inner` squeezed into a part of `outer`. */
export function pasted(outer: Picture, inner: Picture, { left, top, width, height }: Region): Picture {
  return (u, v, frame) => {
    const [x, y] = [(u - left) / width, (v - top) / height];
    return x >= 0 && x < 1 && y >= 0 && y < 1 ? inner(x, y, frame) : outer(u, v, frame);
  };
}

/** Words, roughly: dark bars of letter height within the region. */
export function captioned(outer: Picture, { left, top, width, height }: Region): Picture {
  return (u, v, frame) => {
    const [x, y] = [(u - left) / width, (v - top) / height];
    const isInk = x >= 0 && x < 1 && y >= 0 && y < 1 && (Math.floor(x * 40) * 5) % 7 < 3;
    return isInk ? 12 : outer(u, v, frame);
  };
}

const hasher = createHasher();

/** The base of each of `frames` frames. */
function basesOf(picture: Picture, frames: number): Uint8Array[] {
  const side = limits.frameSide;
  const half = side / 2;
  return Array.from({ length: frames }, (_, frame) => {
    const pixels = hasher.frameBuffer(side, side, 1);
    for (let y = 0; y < half; y++) {
      const row = pixels.subarray(2 * y * side, 2 * (y + 1) * side);
      for (let x = 0; x < half; x++) row.fill(picture((x + 0.5) / half, (y + 0.5) / half, frame), 2 * x, 2 * x + 2);
      row.copyWithin(side, 0, side);
    }
    hasher.makeBase();
    return hasher.copyBase();
  });
}

export function planesOf(picture: Picture, frames: number): Uint8Array[] {
  return basesOf(picture, frames).map((base) => {
    hasher.loadBase(base);
    return hasher.thumbnail(planeSide);
  });
}
