import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freeBytesAt, pagesMax, refusalForRoom } from '../../../src/log/sqlite-room.ts';

const bounds = { logBytesMax: 8_000, logFreeBytesMin: 1_000 };

describe('room for a request', () => {
  it.each([
    ['append', 1_000, 8_000, null],
    ['append', 999, 0, 'bytes free'],
    ['append', 1_000, 8_001, 'are allowed'],
    ['settle', 500, 9_000, null],
    ['settle', 499, 0, 'bytes free'],
    ['settle', 1_000, 9_001, 'are allowed'],
  ] as const)('%s with %i bytes free and %i used', (kind, freeBytes, usedBytes, refusal) => {
    const why = refusalForRoom(kind, { freeBytes, usedBytes }, bounds);
    if (refusal === null) expect(why).toBeNull();
    else expect(why).toContain(refusal);
  });

  it('leaves the file more pages than settling may use', () => {
    const sizes = { logBytesMax: 64 * 1024 * 1024, logFreeBytesMin: 0 };
    expect(pagesMax(sizes, 4_096) * 4_096).toBeGreaterThan(sizes.logBytesMax * 1.125);
  });

  it('asks the file system of the folder', () => {
    expect(freeBytesAt(join(tmpdir(), 'log.sqlite'))).toBeGreaterThan(0);
  });
});
