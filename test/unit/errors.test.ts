/** Goal: docs/operations/errors.md and the closed set of codes say the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../src/config/paths.ts';
import { errorKinds, FloodgateError, toFloodgateError } from '../../src/errors.ts';
import { readSections } from '../../src/http/routes/documents.ts';

const text = readFileSync(packageFile('docs/operations/errors.md'), 'utf8');

describe('docs/operations/errors.md', () => {
  it('lists every code with its status and exit code, and no other', () => {
    const rows = [...text.matchAll(/^\| *`(\w+)` *\| *(\d+) *\| *(\d+) *\|$/gm)];
    const listed = Object.fromEntries(
      rows.map((row) => [row[1], { status: Number(row[2]), exitCode: Number(row[3]) }]),
    );
    const known = Object.entries(errorKinds).map(([code, { status, exitCode }]) => [code, { status, exitCode }]);
    expect(listed).toEqual(Object.fromEntries(known));
  });

  it('says of every code what happened and what to do', () => {
    const sections = readSections(text);
    const poor = Object.keys(errorKinds).filter(
      (code) => !/^.+\n[\s\S]*\*\*What to do:\*\* \w/.test(sections.get(code) ?? ''),
    );
    expect(poor).toEqual([]);
    const documented = [...text.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1]);
    expect(documented).toEqual(Object.keys(errorKinds).filter((code) => documented.includes(code)));
    expect(documented).toHaveLength(Object.keys(errorKinds).length);
  });
});

describe('toFloodgateError', () => {
  it('gives anything thrown a code', () => {
    const own = new FloodgateError('not_found', 'nothing there');
    expect(toFloodgateError(own)).toBe(own);
    const cause = new TypeError('x is undefined');
    expect(toFloodgateError(cause)).toMatchObject({ code: 'internal', message: 'x is undefined', cause });
    expect(toFloodgateError(null)).toMatchObject({ code: 'internal', message: 'null' });
  });
});
