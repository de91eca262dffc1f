import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { memoryLimitBytes, nodeVersion, readPackageVersion, readRevision } from '../../../src/config/version.ts';

describe('versions', () => {
  it('are those of the package and of the Node that runs it', () => {
    expect(readFileSync(packageFile('package.json'), 'utf8')).toContain(`"version": "${readPackageVersion()}"`);
    expect(readPackageVersion()).toMatch(/^\d+\.\d+\.\d+/);
    expect(nodeVersion).toMatch(/^v\d+\.\d+\.\d+/);
  });

  it('name the revision of the build where it is known', () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
    writeFileSync(join(folder, 'revision'), '0123abc\n');
    expect(readRevision(join(folder, 'revision'))).toBe('0123abc');
    expect(readRevision(join(folder, 'absent'))).toBe('unknown');
    rmSync(folder, { recursive: true });
  });
});

describe('the memory that may be taken', () => {
  it('is not more than the machine has', () => {
    expect(memoryLimitBytes()).toBeGreaterThan(64 * 2 ** 20);
    expect(memoryLimitBytes()).toBeLessThanOrEqual(totalmem());
  });
});
