/**
 * Goal: the kernel's PDQ has the reference's bits, whatever the frame: flat, symmetric, noisy, odd-sided, tiny.
 * Method: known answers of the C++ reference (test/golden/pdq.json), and the TypeScript twin on other seeds and sizes.
 * One body for both binaries; the debug one is slow, so it gets the small frames.
 */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { hammingDistanceBits, hexOfHash } from '../../src/kernel/hash-text.ts';
import type { DihedralHashes, Hasher } from '../../src/kernel/hasher.ts';
import { instantiateKernel } from '../../src/kernel/kernel-binary.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import golden from '../golden/pdq.json' with { type: 'json' };
import { hashByTwin, hashViewsByTwin, type TwinFrame } from '../support/pdq-twin.ts';
import { type FrameShape, makeFrame, patternNames } from '../support/synthetic-frames.ts';

function write(hasher: Hasher, frame: TwinFrame): Hasher {
  hasher.frameBuffer(frame.width, frame.height, frame.channels).set(frame.bytes);
  return hasher;
}

function viewsAsHex({ hashes }: DihedralHashes): string[] {
  return Array.from({ length: 8 }, (_, view) => hexOfHash(hashes.subarray(view * 32, view * 32 + 32)));
}

/** Where the turned frame takes its pixel from, in the order of dihedralNames; rotations are anticlockwise. */
const turns: readonly ((x: number, y: number, last: number) => readonly [number, number])[] = [
  (x, y) => [x, y],
  (x, y, last) => [last - y, x],
  (x, y, last) => [last - x, last - y],
  (x, y, last) => [y, last - x],
  (x, y, last) => [x, last - y],
  (x, y, last) => [last - x, y],
  (x, y) => [y, x],
  (x, y, last) => [last - y, last - x],
];

function turnFrame(frame: TwinFrame, turn: (typeof turns)[number]): TwinFrame {
  const { width, channels } = frame;
  const bytes = frame.bytes.map((_, at) => {
    const pixel = Math.trunc(at / channels);
    const [x, y] = turn(pixel % width, Math.trunc(pixel / width), width - 1);
    return frame.bytes[(y * width + x) * channels + (at % channels)] ?? 0;
  });
  return { ...frame, bytes };
}

const builds = [
  { build: 'release', optimizeLevel: 3, pixelsMax: limits.frameSideMax ** 2 },
  { build: 'debug', optimizeLevel: 0, pixelsMax: 128 * 128 },
] as const;

describe.each(builds)('PDQ, $build binary', ({ build, optimizeLevel, pixelsMax }) => {
  const hasher = createHasher({ build });
  const vectors = (golden.vectors as (FrameShape & { quality: number; hashes: string[] })[]).filter(
    ({ width, height }) => width * height <= pixelsMax,
  );

  it('is the wanted binary', () => {
    expect(instantiateKernel(build).capacities.optimizeLevel).toBe(optimizeLevel);
  });

  it(`has the reference's bits and quality on ${vectors.length} golden vectors, in all eight views`, () => {
    for (const vector of vectors) {
      const views = write(hasher, makeFrame(vector)).hashDihedral();
      const { quality, hashes, ...shape } = vector;
      expect({ ...shape, quality: views.quality, hashes: viewsAsHex(views) }).toEqual({ ...shape, quality, hashes });
      expect({ ...shape, ...hasher.hash() }).toEqual({ ...shape, quality, hash: views.hashes.slice(0, 32) });
    }
  });

  it('equals the twin on every pattern, in sides that fill no vector evenly', () => {
    const sides = build === 'release' ? [5, 17, 64, 131, 190] : [5, 67];
    for (const [at, pattern] of patternNames.entries()) {
      for (const side of sides) {
        const shape = {
          pattern,
          seed: 41 + at,
          width: side,
          height: side + at,
          channels: at % 2 === 0 ? 3 : 1,
        } as const;
        const frame = makeFrame(shape);
        expect({ shape, ...write(hasher, frame).hashDihedral() }).toEqual({ shape, ...hashViewsByTwin(frame) });
      }
    }
  });

  it('does not depend on what was hashed before', () => {
    const frame = makeFrame({ pattern: 'scene', seed: 3, width: 61, height: 47, channels: 3 });
    const expected = hashByTwin(frame);
    for (const pattern of ['white', 'noise', 'black']) {
      write(hasher, makeFrame({ pattern, seed: 1, width: 120, height: 90, channels: 1 })).hashDihedral();
      expect(write(hasher, frame).hash()).toEqual(expected);
      expect(hasher.hash()).toEqual(expected);
    }
  });

  it('names its views after how the frame was turned', () => {
    const frame = makeFrame({ pattern: 'scene', seed: 61, width: 96, height: 96, channels: 3 });
    const views = write(hasher, frame).hashDihedral();
    for (const [view, turn] of turns.entries()) {
      const turned = write(hasher, turnFrame(frame, turn)).hash().hash;
      const distances = turns.map((_, at) => hammingDistanceBits(views.hashes.subarray(at * 32, at * 32 + 32), turned));
      // The decimation samples right of the middle of a pixel block, so a turned frame is not sampled quite alike.
      expect({ view, distance: distances[view] }).toEqual({ view, distance: Math.min(...distances) });
      expect(distances[view]).toBeLessThanOrEqual(40);
    }
  });

  it('gives the zero hash and quality 0 to sides under 5', () => {
    for (const [width, height] of [
      [1, 1],
      [4, 100],
      [100, 4],
    ] as const) {
      const views = write(hasher, makeFrame({ pattern: 'noise', seed: 1, width, height, channels: 3 })).hashDihedral();
      expect(views).toEqual({ quality: 0, hashes: new Uint8Array(256) });
    }
  });

  it('writes nothing below its layout: the compiler’s constants stay as they were', () => {
    const { calls } = instantiateKernel(build);
    const before = new Uint8Array(calls.memory.buffer).slice(0, 65_536);
    calls.startHasher();
    const frame = makeFrame({ pattern: 'noise', seed: 2, width: 100, height: 90, channels: 3 });
    const address = calls.setFrame(100, 90, 3);
    new Uint8Array(calls.memory.buffer, address, frame.bytes.length).set(frame.bytes);
    calls.hashFrameDihedral();
    expect(address).toBeGreaterThanOrEqual(65_536);
    expect(new Uint8Array(calls.memory.buffer).slice(0, 65_536)).toEqual(before);
  });
});

describe('PDQ, release binary, frames of full size', () => {
  // Goal: the shape that the product hashes all day, against the twin, on seeds that are not in the golden vectors.
  it.each([1, 3] as const)('equals the twin at 512x512 with %i channels', (channels) => {
    const frame = makeFrame({
      pattern: 'scene',
      seed: 101,
      width: limits.frameSide,
      height: limits.frameSide,
      channels,
    });
    expect(write(createHasher(), frame).hashDihedral()).toEqual(hashViewsByTwin(frame));
  });
});
