import { describe, expect, it } from 'vitest';
import type { BankEntry } from '../../../src/bank/bank-records.ts';
import { enrolFile, entryOfHashes } from '../../../src/bank/enrol.ts';
import { limits } from '../../../src/config/limits.ts';
import { thumbnailReader, viewReader } from '../../../src/contracts/packed-frames.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import type { FingerprintJob, SampledFrame } from '../../../src/fingerprint/fingerprinter.ts';
import { sampledFrame } from '../../support/bank-entries.ts';
import { hashNumber } from '../../support/hashes.ts';

const sha256 = '0123456789abcdef'.repeat(4);

/** A fingerprinter that fails once half way and then gives two frames; and a bank that only notes what it is given. */
function rig(
  kind: 'image' | 'video',
  deep = (frame: SampledFrame): SampledFrame => frame,
  size: { width?: number; height?: number } = {},
) {
  const jobs: FingerprintJob[] = [];
  const entries: BankEntry[] = [];
  return {
    jobs,
    entries,
    policy: () =>
      parsePolicy({ banks: { deep: { framesPerSecond: 4 }, flat: { framesPerSecond: 1, depth: 'plain' } } }),
    bank: {
      async add(entry: BankEntry) {
        entries.push(entry);
        return {
          contentId: entry.contentId,
          bank: entry.bank,
          revision: 1,
          labels: [],
          kind: entry.kind,
          durationSeconds: entry.durationMs / 1000,
          framesPerSecond: entry.framesPerSecond,
          framesIndexed: 0,
          framesLowQuality: 0,
          viewsIndexed: 0,
          addedAt: '2026-01-01T00:00:00Z',
          bankPosition: 0,
        };
      },
    },
    fingerprinter: {
      async fingerprint(job: FingerprintJob) {
        jobs.push(job);
        job.onFrame(deep(sampledFrame(hashNumber(9))));
        job.onRestart();
        job.onFrame(deep(sampledFrame(hashNumber(1))));
        job.onFrame(deep(sampledFrame(hashNumber(2), { timeMs: 250 })));
        return {
          media: { kind, ...size },
          durationMs: kind === 'image' ? 0 : 500.4,
          framesSampled: 2,
          largestGapMs: 250,
          complete: true,
          degraded: [],
        };
      },
    },
  };
}

describe('adding a file', () => {
  it('samples densely at the rate of its bank, and drops what a failed attempt gave', async () => {
    const parts = rig('video');
    await enrolFile(parts, { path: '/spool/x', sha256, bank: 'deep', contentId: 'mine', labels: ['l'] });
    expect(parts.jobs[0]?.mode).toEqual({ kind: 'dense', framesPerSecond: 4, views: true });
    expect(parts.entries).toEqual([
      {
        contentId: 'mine',
        bank: 'deep',
        labels: ['l'],
        kind: 'video',
        sha256,
        durationMs: 500,
        framesPerSecond: 4,
        frames: [
          { timeMs: 0, quality: 80, hash: hashNumber(1) },
          { timeMs: 250, quality: 80, hash: hashNumber(2) },
        ],
      },
    ]);
  });

  it('asks for no views where the bank is plain', async () => {
    const parts = rig('video');
    await enrolFile(parts, { path: '/spool/x', sha256, bank: 'flat' });
    expect(parts.jobs[0]?.mode).toEqual({ kind: 'dense', framesPerSecond: 1, views: false });
  });

  it('keeps what a deep pass gives of parts of the frames', async () => {
    const views = [
      { view: 3, quality: 60, hash: hashNumber(31) },
      { view: 0, quality: 70, hash: hashNumber(32) },
    ];
    const thumbnail = new Uint8Array(limits.thumbnailBytes).fill(7);
    const deep = (frame: SampledFrame) => ({ ...frame, views, thumbnail });
    const parts = rig('video', deep, { width: 640, height: 400 });
    await enrolFile(parts, { path: '/spool/x', sha256 });
    const [entry] = parts.entries;
    const read = viewReader(entry?.views ?? new Uint8Array(0));
    expect(entry?.aspect).toBe(1.6);
    expect([0, 1, 2, 3].map((at) => [read.timeMs(at), read.view(at), read.quality(at)])).toEqual([
      [0, 3, 60],
      [0, 0, 70],
      [250, 3, 60],
      [250, 0, 70],
    ]);
    expect(read.count).toBe(4);
    expect(new Uint8Array(read.hash(3))).toEqual(hashNumber(32));
    const thumbnails = thumbnailReader(entry?.thumbnails ?? new Uint8Array(0));
    expect([thumbnails.count, thumbnails.timeMs(1)]).toEqual([2, 250]);
    expect(new Uint8Array(thumbnails.pixels(1))).toEqual(thumbnail);
  });

  it('names content by its bytes when nobody else does', async () => {
    const parts = rig('image');
    await enrolFile(parts, { path: '/spool/x', sha256 });
    expect(parts.entries[0]).toMatchObject({
      contentId: `sha256:${sha256.slice(0, 32)}`,
      bank: 'default',
      kind: 'image',
      framesPerSecond: 0,
    });
  });
});

describe('adding hashes', () => {
  const hash = '5a'.repeat(32);

  it('takes one frame for an image and more for a video at their usual rate', () => {
    expect(entryOfHashes({ frames: [{ timeMs: 0, hash, quality: 80 }] })).toMatchObject({
      kind: 'image',
      durationMs: 0,
    });
    const frames = [1000, 0, 500].map((timeMs) => ({ timeMs, hash, quality: 80 }));
    const video = entryOfHashes({ frames, durationMs: 1500 });
    expect(video).toMatchObject({ kind: 'video', durationMs: 1500, framesPerSecond: 2 });
    expect(video.frames.map((frame) => frame.timeMs)).toEqual([0, 500, 1000]);
  });

  it('gives the same hashes the same name', () => {
    const frames = [{ timeMs: 0, hash, quality: 80 }];
    expect(entryOfHashes({ frames }).contentId).toMatch(/^frames:[0-9a-f]{32}$/);
    expect(entryOfHashes({ frames }).contentId).toBe(entryOfHashes({ frames }).contentId);
    expect(entryOfHashes({ frames, sha256 }).contentId).toBe(`sha256:${sha256.slice(0, 32)}`);
  });
});
