import { describe, expect, it } from 'vitest';
import type { BankEntry } from '../../../src/bank/bank-records.ts';
import { enrolFile, entryOfHashes } from '../../../src/bank/enrol.ts';
import { parsePolicy } from '../../../src/decision/policy.ts';
import type { FingerprintJob } from '../../../src/fingerprint/fingerprinter.ts';
import { sampledFrame } from '../../support/bank-entries.ts';
import { hashNumber } from '../../support/hashes.ts';

const sha256 = '0123456789abcdef'.repeat(4);

/** A fingerprinter that fails once half way and then gives two frames; and a bank that only notes what it is given. */
function rig(kind: 'image' | 'video') {
  const jobs: FingerprintJob[] = [];
  const entries: BankEntry[] = [];
  return {
    jobs,
    entries,
    policy: () => parsePolicy({ banks: { deep: { framesPerSecond: 4 } } }),
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
        job.onFrame(sampledFrame(hashNumber(9)));
        job.onRestart();
        job.onFrame(sampledFrame(hashNumber(1)));
        job.onFrame(sampledFrame(hashNumber(2), { timeMs: 250 }));
        return {
          media: { kind },
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
    expect(parts.jobs[0]?.mode).toEqual({ kind: 'dense', framesPerSecond: 4 });
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
