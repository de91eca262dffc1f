import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtFile, packageFile } from '../../../src/config/paths.ts';

describe('paths', () => {
  it('start at the package, wherever the process was started', () => {
    expect(isAbsolute(packageFile('package.json'))).toBe(true);
    for (const file of ['package.json', 'src/main.ts', 'assembly/index.ts'])
      expect(existsSync(packageFile(file))).toBe(true);
  });

  it('lead to what was built within it', () => {
    expect(builtFile('src/log/sqlite-worker.js')).toBe(packageFile('build/src/log/sqlite-worker.js'));
  });
});
