/** Goal: no length, count or range that the kernel's buffers were not made for gets past the host, and it says why. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createHasher, readKernelVersion } from '../../../src/kernel/load-kernel.ts';

const failsWith = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) });

describe('createHasher', () => {
  const hasher = createHasher();

  it.each([
    [0, 10],
    [10, 0],
    [limits.frameSideMax + 1, 10],
    [10, limits.frameSideMax + 1],
    [10.5, 10],
    [Number.NaN, 10],
  ])('refuses a frame of %d x %d', (width, height) => {
    expect(() => hasher.frameBuffer(width, height, 3)).toThrow(
      failsWith('kernel_failed', /frame is .* from 1 to 2048/),
    );
  });

  it('refuses a number of channels that it does not know', () => {
    expect(() => hasher.frameBuffer(10, 10, 4 as 3)).toThrow(failsWith('kernel_failed', /1 or 3 channels/));
  });

  it('refuses to hash before there is a frame, in the words of the kernel’s assertion', () => {
    expect(() => createHasher({ build: 'debug' }).hash()).toThrow(failsWith('kernel_failed', /no frame was set/));
  });

  it('gives a buffer of exactly the frame, of any size up to the largest', () => {
    expect(hasher.frameBuffer(limits.frameSideMax, limits.frameSideMax, 3)).toHaveLength(limits.frameSideMax ** 2 * 3);
    expect(hasher.frameBuffer(7, 9, 1)).toHaveLength(63);
  });

  it('gives copies: a hash stays what it was', () => {
    hasher.frameBuffer(64, 64, 1).forEach((_, at, frame) => {
      frame[at] = (at * at) & 255;
    });
    const first = hasher.hash();
    const kept = first.hash.slice();
    hasher.frameBuffer(64, 64, 1).fill(9);
    expect(hasher.hash().hash).not.toEqual(kept);
    expect(first.hash).toEqual(kept);
  });

  it('keeps instances apart: each has a frame of its own', () => {
    const other = createHasher();
    other.frameBuffer(64, 64, 1).fill(200);
    const frame = hasher.frameBuffer(64, 64, 1).fill(3);
    expect(other.hashDihedral().quality).toBe(0);
    expect(frame.every((byte) => byte === 3)).toBe(true);
  });

  it('names the ABI and the binary in its version', () => {
    expect(hasher.kernelVersion).toMatch(/^4-[0-9a-f]{8}$/);
    expect(readKernelVersion()).toBe(hasher.kernelVersion);
    expect(readKernelVersion('debug')).not.toBe(hasher.kernelVersion);
  });
});
