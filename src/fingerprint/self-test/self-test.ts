/**
 * Decodes one shipped image and one shipped clip and compares their hashes with recorded ones. It catches a decoder that
 * gives nothing without an error, a missing library, and a scaler that has come to work differently.
 */
import { packageFile } from '../../config/paths.ts';
import { FloodgateError, toFloodgateError } from '../../errors.ts';
import type { Fingerprinter, FingerprintJob, SampledFrame } from '../fingerprinter.ts';
import { type ExpectedFrame, expectedClip, expectedImage } from './expected-hashes.ts';

/** Scalers and decoders of another version or another processor may differ by rounding. */
const toleranceBits = 6;
const timeoutMs = 30_000;

/** Throws self_test_failed. `videoMissing` says, once a child is up, why there is no video; that half is then left out. */
export async function runSelfTest(fingerprinter: Fingerprinter, videoMissing: () => string | null): Promise<void> {
  await check(fingerprinter, 'image.png', expectedImage);
  if (videoMissing() === null) await check(fingerprinter, 'clip.mp4', expectedClip);
}

async function check(fingerprinter: Fingerprinter, file: string, expected: readonly ExpectedFrame[]): Promise<void> {
  const frames = await sample(fingerprinter, file);
  const fault = findFault(frames, expected);
  if (fault !== null) throw new FloodgateError('self_test_failed', `${file}: ${fault}`);
}

async function sample(fingerprinter: Fingerprinter, file: string): Promise<SampledFrame[]> {
  let frames: SampledFrame[] = [];
  const job: FingerprintJob = {
    path: packageFile(`src/fingerprint/self-test/${file}`),
    mode: { kind: 'dense', framesPerSecond: 2 },
    timeoutMs,
    onFrame: (frame: SampledFrame) => {
      frames.push(frame);
      return 'more';
    },
    onRestart: () => {
      frames = [];
    },
  };
  await fingerprinter.fingerprint(job).catch((error: unknown) => {
    const { message } = toFloodgateError(error);
    throw new FloodgateError('self_test_failed', `${file}: ${message}`, { cause: error });
  });
  return frames;
}

/** Says in what way the frames differ from the expected ones; null when they do not. */
function findFault(frames: readonly SampledFrame[], expected: readonly ExpectedFrame[]): string | null {
  if (frames.length !== expected.length) return `${frames.length} frames instead of ${expected.length}`;
  for (const [index, { timeMs, hash }] of expected.entries()) {
    const frame = frames[index];
    if (frame === undefined || frame.timeMs !== timeMs) return `no frame at ${timeMs} ms`;
    const distance = distanceBits(frame.hashes, Buffer.from(hash, 'hex'));
    if (distance > toleranceBits) return `the frame at ${timeMs} ms is ${distance} bits off`;
  }
  return null;
}

function distanceBits(a: Uint8Array, b: Uint8Array): number {
  return b.reduce((sum, byte, at) => sum + onesOf(byte ^ (a[at] ?? 0)), 0);
}

function onesOf(byte: number): number {
  let ones = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
  return ones;
}
