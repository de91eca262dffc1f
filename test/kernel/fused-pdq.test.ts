/**
 * Goal: the fast path and its guard never show. Hash and quality are those of the reference order, whatever the shape and
 * the content; where rounding decides the hash the guard is what makes it so, and it costs next to nothing elsewhere.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import type { Hasher } from '../../src/kernel/hasher.ts';
import { instantiateKernel } from '../../src/kernel/kernel-binary.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import { mediaFolder, mediaPresent } from '../support/media.ts';
import { hashWithoutRounding } from '../support/pdq-exact.ts';
import { hashByTwin, hashViewsByTwin, type TwinFrame } from '../support/pdq-twin.ts';
import { makeFrame, patternNames, seededBytes, seededNumbers } from '../support/synthetic-frames.ts';

function write(hasher: Hasher, frame: TwinFrame): Hasher {
  hasher.frameBuffer(frame.width, frame.height, frame.channels).set(frame.bytes);
  return hasher;
}

/** One hash and eight hashes, fast, and the eight in reference order. */
function hashBothWays(hasher: Hasher, frame: TwinFrame) {
  const one = write(hasher, frame).hash();
  const fast = hasher.hashDihedral();
  const reference = hasher.hashDihedralInReferenceOrder();
  return { fast, reference, one, first: { quality: reference.quality, hash: reference.hashes.slice(0, 32) } };
}

function expectSame(hasher: Hasher, frame: TwinFrame, what: object): void {
  const { fast, reference, one, first } = hashBothWays(hasher, frame);
  expect({ ...what, ...fast }).toEqual({ ...what, ...reference });
  expect({ ...what, ...one }).toEqual({ ...what, ...first });
}

const builds = [
  { build: 'release', sides: [5, 63, 64, 65, 127, 129, 200, 256, 257, 300, 385, 512], windowMax: 16 },
  { build: 'debug', sides: [5, 64, 130], windowMax: 3 },
] as const;

describe.each(builds)('fused PDQ, $build binary', ({ build, sides, windowMax }) => {
  const hasher = createHasher({ build });

  it('equals the reference order for every pattern, gray and RGB', () => {
    for (const [at, pattern] of patternNames.entries()) {
      for (const side of sides) {
        for (const channels of [1, 3] as const) {
          const shape = {
            pattern,
            seed: 7 + at,
            width: side,
            height: sides[(at + 3) % sides.length] ?? side,
            channels,
          };
          expectSame(hasher, makeFrame(shape), shape);
        }
      }
    }
  });

  it(`equals it for each window from 1 to ${windowMax}, at the least and the greatest side that has it`, () => {
    for (let window = 1; window <= windowMax; window++) {
      for (const side of [128 * (window - 1) + 5, 128 * window]) {
        for (const [width, height] of [
          [side, 40],
          [40, side],
        ] as const) {
          const channels = (window + width) % 2 === 0 ? 3 : 1;
          const shape = { width, height, channels } as const;
          const frame = { ...shape, bytes: seededBytes(side, width * height * channels) };
          expectSame(hasher, frame, shape);
          if (side <= 700) expect({ shape, ...hasher.hashDihedral() }).toEqual({ shape, ...hashViewsByTwin(frame) });
        }
      }
    }
  });

  it('equals the twin on random shapes and bytes', () => {
    const next = seededNumbers(91);
    for (let run = 0; run < (build === 'release' ? 60 : 6); run++) {
      const width = 5 + (next() % 150);
      const height = 5 + (next() % 150);
      const channels = next() % 2 === 0 ? 3 : 1;
      // Few levels or many: the fewer, the more coefficients lie close together.
      const levels = 1 + (next() % 255);
      const bytes = seededBytes(run, width * height * channels).map((byte) => byte % levels);
      const frame: TwinFrame = { width, height, channels, bytes };
      expect({ run, ...write(hasher, frame).hash() }).toEqual({ run, ...hashByTwin(frame) });
    }
  });

  it('survives exports called in any order with any numbers', () => {
    const { calls } = instantiateKernel(build);
    const number = fc.oneof(fc.integer(), fc.integer({ min: 0, max: 80 }), fc.constantFrom(2048, 2049, 2 ** 32 - 1));
    const call = fc.oneof(
      fc.record({ name: fc.constant('setFrame'), args: fc.tuple(number, number, fc.integer({ min: 0, max: 4 })) }),
      fc.record({
        name: fc.constantFrom('startHasher', 'hashFrame', 'hashFrameDihedral', 'rerunCount', 'startIndex', 'insert'),
        args: fc.constant([]),
      }),
      fc.record({ name: fc.constant('hashFrameInReferenceOrder'), args: fc.tuple(number) }),
    );
    calls.startHasher();
    const property = fc.property(fc.array(call, { maxLength: 12 }), fc.nat(), (list, seed) => {
      for (const { name, args } of list) {
        try {
          (calls as unknown as Record<string, (...args: number[]) => unknown>)[name]?.(...args);
        } catch (error) {
          // A failed assertion is an answer; a trap would be a hole in them.
          expect((error as Error).name).not.toBe('RuntimeError');
        }
      }
      const frame = makeFrame({ pattern: 'noise', seed, width: 21, height: 33, channels: 3 });
      new Uint8Array(calls.memory.buffer).set(frame.bytes, calls.setFrame(21, 33, 3));
      const quality = calls.hashFrame();
      expect({ quality, hash: new Uint8Array(calls.memory.buffer).slice(calls.hashesAddress()).slice(0, 32) }).toEqual(
        hashByTwin(frame),
      );
    });
    fc.assert(property, { numRuns: build === 'release' ? 100 : 20, seed: 5 });
  });
});

describe('the guard', () => {
  const hasher = createHasher();
  const rerunsOf = (frame: TwinFrame) => {
    const before = hasher.reruns;
    const { hash } = write(hasher, frame).hash();
    return { reran: hasher.reruns > before, hash };
  };

  // The positive control: without a guard, arithmetic that is nearer to the truth gives other bits than the reference.
  it('runs frames again wherever rounding decides a bit', () => {
    let decided = 0;
    for (const [at, pattern] of patternNames.entries()) {
      for (const [width, height, channels] of [
        [96, 96, 3],
        [170, 131, 3],
        [300, 260, 1],
        [512, 512, 3],
      ] as const) {
        const frame = makeFrame({ pattern, seed: 3 + at, width, height, channels });
        const { reran, hash } = rerunsOf(frame);
        if (Buffer.compare(hash, hashWithoutRounding(frame)) === 0) continue;
        decided++;
        expect({ pattern, width, height, channels, reran }).toMatchObject({ reran: true });
      }
    }
    expect(decided).toBeGreaterThan(10);
  });

  it('lets frames through that have as much detail as a photograph', () => {
    const side = limits.frameSide;
    const frames = Array.from({ length: 40 }, (_, seed): TwinFrame => {
      const blocks = seededBytes(seed, 32 * 32);
      const grain = seededBytes(seed + 99, side * side * 3);
      const bytes = grain.map((byte, at) => {
        const pixel = Math.trunc(at / 3);
        const block = (blocks[(pixel >> 13) * 32 + ((pixel % side) >> 4)] ?? 0) >> 1;
        return 40 + block + (byte & 31);
      });
      return { width: side, height: side, channels: 3, bytes };
    });
    expect(frames.filter((frame) => rerunsOf(frame).reran).length).toBeLessThanOrEqual(4);
  });

  it('is not needed for gray frames of up to 256 pixels a side: their sums are exact in both orders', () => {
    const before = hasher.reruns;
    for (const [at, pattern] of patternNames.entries()) {
      const shape = { pattern, seed: at, width: 256 - 9 * at, height: 40 + 16 * at, channels: 1 } as const;
      expectSame(hasher, makeFrame(shape), shape);
    }
    expect(hasher.reruns).toBe(before);
  });

  it('counts calls that ran again, and none in reference order', () => {
    const fresh = createHasher();
    write(fresh, makeFrame({ pattern: 'flat', seed: 1, width: 300, height: 300, channels: 3 }));
    fresh.hashInReferenceOrder();
    fresh.hashDihedralInReferenceOrder();
    expect(fresh.reruns).toBe(0);
    fresh.hash();
    fresh.hashDihedral();
    expect(fresh.reruns).toBe(2);
  });
});

describe.runIf(mediaPresent && existsSync(join(mediaFolder, 'images')))('photographs (media present)', () => {
  it('have the hashes of the reference order in every shape, and seldom run twice', async () => {
    const hasher = createHasher();
    const folder = join(mediaFolder, 'images');
    const files = readdirSync(folder).filter((file) => file.endsWith('.jpg'));
    const shapes = [
      [limits.frameSide, limits.frameSide],
      [limits.frameSide, limits.frameSide],
      [640, 360],
      [333, 500],
    ] as const;
    let calls = 0;
    for (let at = 0; at < files.length; at += 9) {
      const [width, height] = shapes[(at / 9) % shapes.length] ?? shapes[0];
      const channels = at % 2 === 0 ? 3 : 1;
      const image = sharp(join(folder, files[at] ?? ''), { failOn: 'none' })
        .resize(width, height, { fit: 'fill' })
        .toColourspace(channels === 3 ? 'srgb' : 'b-w')
        .removeAlpha();
      const bytes = new Uint8Array(await image.raw().toBuffer());
      if (bytes.length !== width * height * channels) continue;
      expectSame(hasher, { width, height, channels, bytes }, { file: files[at] });
      calls += 2;
    }
    expect(calls).toBeGreaterThan(100);
    expect(hasher.reruns / calls).toBeLessThan(0.1);
  });
});
