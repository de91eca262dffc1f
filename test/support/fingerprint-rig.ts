/** A real fingerprinter with what tests need around it: a folder for samples, collected frames, distances. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { limits } from '../../src/config/limits.ts';
import {
  createFingerprinter,
  type FingerprinterOptions,
  type PooledFingerprinter,
} from '../../src/fingerprint/child-pool.ts';
import type {
  FingerprintJob,
  FingerprintResult,
  SampledFrame,
  SamplingMode,
} from '../../src/fingerprint/fingerprinter.ts';
import { createHasher } from '../../src/kernel/load-kernel.ts';
import { type RawFrame, writeSample } from './media-samples.ts';
import { silentTelemetry } from './silent-telemetry.ts';

export const sparse: SamplingMode = { kind: 'sparse' };
export const twoPerSecond: SamplingMode = { kind: 'dense', framesPerSecond: 2 };

export interface Sampled {
  readonly frames: readonly SampledFrame[];
  readonly result: FingerprintResult;
}

export interface FingerprintRig {
  readonly fingerprinter: PooledFingerprinter;
  readonly restarts: string[];
  /** Writes the bytes to a file and fingerprints it. */
  sample(bytes: Buffer, mode: SamplingMode, changes?: Partial<FingerprintJob>): Promise<Sampled>;
  /** The same, but resolves with what it was refused for, as "code: message"; fails the test when it was not. */
  refusal(bytes: Buffer, mode?: SamplingMode, changes?: Partial<FingerprintJob>): Promise<string>;
  write(bytes: Buffer): string;
  close(): Promise<void>;
}

export function openFingerprintRig(processes = 1, bounds: FingerprinterOptions['bounds'] = {}): FingerprintRig {
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-samples-'));
  const restarts: string[] = [];
  const telemetry = silentTelemetry({ childRestarted: (reason) => restarts.push(reason) });
  const fingerprinter = createFingerprinter({ processes, telemetry, bounds });
  let files = 0;
  const write = (bytes: Buffer) => writeSample(folder, `sample-${files++}`, bytes);
  const sample: FingerprintRig['sample'] = async (bytes, mode, changes = {}) => {
    let frames: SampledFrame[] = [];
    const result = await fingerprinter.fingerprint({
      path: write(bytes),
      mode,
      timeoutMs: 20_000,
      onFrame: (frame) => {
        frames.push(frame);
        return 'more';
      },
      onRestart: () => {
        frames = [];
      },
      ...changes,
    });
    return { frames, result };
  };
  return {
    fingerprinter,
    restarts,
    sample,
    write,
    async refusal(bytes, mode = sparse, changes = {}) {
      const outcome = await sample(bytes, mode, changes).catch((error: Error & { code?: string }) => error);
      if (!(outcome instanceof Error)) throw new Error(`it was accepted: ${JSON.stringify(outcome.result)}`);
      return `${outcome.code}: ${outcome.message}`;
    },
    async close() {
      await fingerprinter.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** PDQ of the source picture itself, before any codec. */
export async function hashRaw({ rgb, width, height }: RawFrame): Promise<Uint8Array> {
  const side = limits.frameSide;
  const picture = sharp(rgb, { raw: { width, height, channels: 3 } });
  const hasher = createHasher();
  hasher.frameBuffer(side, side, 3).set(await picture.resize(side, side, { fit: 'fill' }).raw().toBuffer());
  return hasher.hash().hash;
}

/** Bits in which the first hashes differ. */
export function distanceBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (let at = 0; at < limits.hashBytes; at++) bits += ones((a[at] ?? 0) ^ (b[at] ?? 0));
  return bits;
}

function ones(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}
