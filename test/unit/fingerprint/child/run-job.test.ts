import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { packageFile } from '../../../../src/config/paths.ts';
import type { FrameSink } from '../../../../src/fingerprint/child/frame-sink.ts';
import { type ChildTools, runJob } from '../../../../src/fingerprint/child/run-job.ts';
import { loadVideoBackend } from '../../../../src/fingerprint/child/video-backend.ts';
import type { Hasher } from '../../../../src/kernel/hasher.ts';

vi.mock('node-av/lib', () => {
  throw new Error('Cannot find package');
});

const folder = mkdtempSync(join(tmpdir(), 'floodgate-run-job-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hasher: Hasher = {
  kernelVersion: 'none',
  frameBuffer: (width, height, channels) => new Uint8Array(width * height * channels),
  hash: () => ({ hash: new Uint8Array(32), quality: 1 }),
  hashDihedral: () => ({ hashes: new Uint8Array(256), quality: 1 }),
  hashInReferenceOrder: () => ({ hash: new Uint8Array(32), quality: 1 }),
  hashDihedralInReferenceOrder: () => ({ hashes: new Uint8Array(256), quality: 1 }),
  makeBase: () => {},
  copyBase: () => new Uint8Array(0),
  loadBase: () => {},
  hashRegion: () => ({ hash: new Uint8Array(32), quality: 1 }),
  hashRegionDihedral: () => ({ hashes: new Uint8Array(256), quality: 1 }),
  thumbnail: () => new Uint8Array(0),
  mapEdges: () => ({ steps: new Uint8Array(0), edges: new Uint16Array(0), sums: new Uint32Array(0) }),
  mapDetail: () => new Uint16Array(0),
  mapRange: () => new Uint8Array(0),
  reruns: 0,
};
const sink: FrameSink = {
  stopped: false,
  emit: () => {},
  emitRegions: () => {},
  lookCloser: async () => {},
  breathe: async () => {},
  settle: async () => {},
};

describe('without node-av', () => {
  it('videos are refused with what to install, and images go on', async () => {
    const tools: ChildTools = { hasher, video: await loadVideoBackend() };
    const clip = runJob(packageFile('src/fingerprint/self-test/clip.mp4'), { kind: 'sparse' }, tools, sink);
    await expect(clip).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('npm install') });
    const image = runJob(packageFile('src/fingerprint/self-test/image.png'), { kind: 'sparse' }, tools, sink);
    await expect(image).resolves.toMatchObject({ framesSampled: 1, media: { kind: 'image' } });
  });
});
