import { describe, expect, it } from 'vitest';
import { manifestText, misfitOf, parseManifest, snapshotFormat } from '../../../src/bank/snapshot-manifest.ts';
import { limits } from '../../../src/config/limits.ts';

const nowMs = Date.UTC(2026, 10, 25);
const manifest = {
  format: snapshotFormat,
  logId: 'log-1',
  position: 99,
  frameQualityMin: 20,
  createdAtMs: nowMs - 60_000,
  contents: 3,
  hashes: 7,
  pieces: [{ name: 'contents.counts', bytes: 24, crc32: 1 }],
};
const situation = { logId: 'log-1', startOffset: 0, endOffset: 200, frameQualityMin: 20, nowMs };

describe('a snapshot', () => {
  it('is gone on from when nothing speaks against it', () => {
    expect(misfitOf(manifest, situation)).toBeNull();
    expect(misfitOf(manifest, { ...situation, startOffset: 100 })).toBeNull();
    expect(misfitOf({ ...manifest, position: -1 }, { ...situation, endOffset: 0 })).toBeNull();
  });

  it.each([
    ['of another format', { format: snapshotFormat + 1 }, {}, /format/],
    ['of another log', { logId: 'log-2' }, {}, /another log/],
    ['of another policy', {}, { frameQualityMin: 30 }, /quality of 20, and the policy says 30/],
    ['ahead of its log', {}, { endOffset: 99 }, /beyond the end/],
    ['behind the first record', {}, { startOffset: 101 }, /begins at 101/],
    ['too old', { createdAtMs: nowMs - limits.bankSnapshotAgeMsMax - 1 }, {}, /hours old/],
    ['from the future', { createdAtMs: nowMs + limits.bankSnapshotAgeMsMax + 1 }, {}, /future/],
  ])('is not, when it is %s', (_, changed, there, why) => {
    expect(misfitOf({ ...manifest, ...changed }, { ...situation, ...there })).toMatch(why);
  });

  it('may be of any age while nothing came since', () => {
    const old = { ...manifest, createdAtMs: 0 };
    expect(misfitOf(old, { ...situation, endOffset: 100 })).toBeNull();
    expect(misfitOf(old, { ...situation, endOffset: 101 })).not.toBeNull();
  });
});

describe('a manifest', () => {
  it('comes back as it was written', () => {
    expect(parseManifest(manifestText(manifest))).toEqual(manifest);
  });

  it('is refused when any character of it was changed', () => {
    const text = manifestText(manifest);
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
      expect(() => parseManifest(changed), `character ${at}`).toThrow(/damaged|not JSON/);
    }
  });
});
