import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../../src/errors.ts';
import type { Fingerprinter, FingerprintJob, SampledFrame } from '../../../../src/fingerprint/fingerprinter.ts';
import { expectedClip, expectedImage } from '../../../../src/fingerprint/self-test/expected-hashes.ts';
import { runSelfTest } from '../../../../src/fingerprint/self-test/self-test.ts';

type Answer = (job: FingerprintJob) => readonly SampledFrame[];

/** Answers as a sound machine would; `spoil` changes the answer. */
function fingerprinterThat(spoil: (frames: SampledFrame[], file: string) => SampledFrame[]): Fingerprinter {
  const answer: Answer = ({ path }) => {
    const expected = path.endsWith('.png') ? expectedImage : expectedClip;
    const frames = expected.map(({ timeMs, hash }) => {
      const hashes = new Uint8Array(256);
      hashes.set(Buffer.from(hash, 'hex'));
      return { timeMs, quality: 100, hashes };
    });
    return spoil(frames, path);
  };
  return {
    async fingerprint(job) {
      for (const frame of answer(job)) job.onFrame(frame);
      return {
        media: { kind: 'video' },
        durationMs: 0,
        framesSampled: 0,
        largestGapMs: 0,
        complete: true,
        degraded: [],
      };
    },
    unready: () => null,
    close: async () => {},
  };
}

function flipBits(frame: SampledFrame | undefined, count: number): void {
  for (let bit = 0; bit < count; bit++) if (frame) frame.hashes[bit] = (frame.hashes[bit] ?? 0) ^ 1;
}

const withVideo = () => null;

describe('runSelfTest', () => {
  it('passes where the hashes are those recorded, but for rounding', async () => {
    const rounding = fingerprinterThat((frames) => {
      flipBits(frames[0], 6);
      return frames;
    });
    await expect(runSelfTest(rounding, withVideo)).resolves.toBeUndefined();
  });

  it.each<[string, (frames: SampledFrame[], file: string) => SampledFrame[]]>([
    ['gives no frame without an error', (frames, file) => (file.endsWith('.mp4') ? [] : frames)],
    ['gives a frame of another moment', (frames) => frames.map((frame) => ({ ...frame, timeMs: frame.timeMs + 40 }))],
    [
      'hashes in another way',
      (frames) => {
        flipBits(frames[0], 7);
        return frames;
      },
    ],
    [
      'refuses the image',
      () => {
        throw new FloodgateError('undecodable', 'no loader');
      },
    ],
  ])('fails where the decoder %s', async (_name, spoil) => {
    await expect(runSelfTest(fingerprinterThat(spoil), withVideo)).rejects.toMatchObject({ code: 'self_test_failed' });
  });

  it('leaves the clip out where there is no video backend', async () => {
    const imagesOnly = fingerprinterThat((frames, file) => {
      if (file.endsWith('.mp4')) throw new FloodgateError('unsupported', 'no video');
      return frames;
    });
    await expect(runSelfTest(imagesOnly, () => 'node-av is missing')).resolves.toBeUndefined();
  });
});
