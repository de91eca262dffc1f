// Goal: a run that writes its tables anew does not lose what people have written below them.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { keepByHand } from '../../bench/kernel/report.ts';

it('keeps what stands below the mark, and only that', () => {
  const before = readFileSync(packageFile('docs/benchmarks.md'), 'utf8');
  const after = keepByHand('# New\n', before);
  expect(after.startsWith('# New\n\n<!-- Kept by hand')).toBe(true);
  expect(after).toContain('\n## Robust matching');
  expect(after).not.toContain('## Goals');
  expect(keepByHand('# Newer\n', after)).toBe(after.replace('# New\n', '# Newer\n'));
  expect(keepByHand('# New\n', '')).toBe('# New\n');
});
