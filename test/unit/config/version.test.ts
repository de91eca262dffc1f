import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { nodeVersion, readPackageVersion } from '../../../src/config/version.ts';

describe('versions', () => {
  it('are those of the package and of the Node that runs it', () => {
    expect(readFileSync(packageFile('package.json'), 'utf8')).toContain(`"version": "${readPackageVersion()}"`);
    expect(readPackageVersion()).toMatch(/^\d+\.\d+\.\d+/);
    expect(nodeVersion).toMatch(/^v\d+\.\d+\.\d+/);
  });
});
