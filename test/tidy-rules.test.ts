/** Goal: each house rule catches what it is there for. A guard that never fires guards nothing. */
import { describe, expect, it } from 'vitest';
import {
  headingSlugs,
  importedFiles,
  keyFaults,
  looseVersions,
  markdownLinks,
  missingPackages,
  nameFaults,
  needsTest,
  processFaults,
  resolvedPackages,
  sourceFaults,
  testFaults,
  textFaults,
  wasmFaults,
  withParts,
} from './support/tidy-rules.ts';

const lines = (count: number) => 'void 0;\n'.repeat(count);

describe('sourceFaults', () => {
  it('counts the lines of a file', () => {
    expect(sourceFaults(lines(400))).toEqual([]);
    expect(sourceFaults(lines(401))).toEqual(['the file has 401 lines, over 400']);
  });

  it.each([
    ['function long() {\n%}', 'long'],
    ['const long = () => {\n%};', 'long'],
    ['export default function () {\n%}', 'anonymous'],
    ['class Thing {\n  long() {\n%}\n}', 'long'],
    ['class Thing {\n  #long() {\n%}\n}', '#long'],
    ['class Thing {\n  get long() {\n%}\n}', 'long'],
    ['class Thing {\n  constructor() {\n%}\n}', 'constructor'],
    ['const thing = { long: function () {\n%} };', 'long'],
    ['run(() => {\n%});', 'anonymous'],
  ])('counts the lines of each kind of function: %s', (shape, name) => {
    expect(sourceFaults(shape.replace('%', lines(68)))).toEqual([]);
    expect(sourceFaults(shape.replace('%', lines(69)))).toEqual([
      expect.stringMatching(new RegExp(`^${name} \\(line \\d+\\) has 71 lines`)),
    ]);
  });

  it('sees a long function inside another, and does not count the comment above one', () => {
    expect(sourceFaults(`function outer() {\n  const inner = () => {\n${lines(70)}};\n}`)).toHaveLength(2);
    expect(sourceFaults(`/**\n${' * why\n'.repeat(80)} */\nfunction short() {}`)).toEqual([]);
  });
});

describe('nameFaults', () => {
  it.each(['matchThreshold', 'threshold', 'THRESHOLD_BITS', 'thresholds', 'blockList', 'Blocklist'])(
    'sees the stray word in %s',
    (name) => {
      expect(nameFaults([name])).toHaveLength(1);
    },
  );

  it('leaves other words, imports and uses alone', () => {
    expect(nameFaults(['radiusBits', 'needleless', 'protocol_whitelist', 'overall'])).toEqual([]);
    expect(
      sourceFaults("import { BlockList } from 'node:net';\nconst list = new BlockList();\nlist.threshold = 1;"),
    ).toEqual([]);
    expect(sourceFaults('function f(similarity: number) {}\ninterface A { needle: string }')).toHaveLength(2);
  });
});

describe('textFaults', () => {
  it.each([
    ['TO', 'DO: later'],
    ['FIX', 'ME'],
    ['X', 'XX'],
    ['HA', 'CK'],
  ])('sees %s%s', (head, tail) => {
    expect(textFaults(`// ${head}${tail}`)).toHaveLength(1);
    expect(textFaults(`a${head}${tail}`)).toEqual([]);
  });

  it('sees paths of one machine, and no others', () => {
    expect(textFaults(`cd /wo${'rk/main'}`)).toHaveLength(1);
    expect(textFaults(`"/ro${'ot/x'}"`)).toHaveLength(1);
    expect(textFaults(`https://example.com/wo${'rk/main'}, node/wo${'rk/'}, /var/lib/floodgate`)).toEqual([]);
  });
});

describe('testFaults', () => {
  it.each(['it', 'describe', 'test'])('sees tests of %s that do not run', (name) => {
    for (const word of ['sk' + 'ip', 'on' + 'ly', 'to' + 'do']) {
      expect(testFaults(`${name}.${word}('x', () => {})`)).toHaveLength(1);
      expect(testFaults(`${name}.concurrent.${word}('x')`)).toHaveLength(1);
    }
    expect(testFaults(`${name}.runIf(present)('x'); ${name}.each([1])('x'); list.only`)).toEqual([]);
  });
});

describe('processFaults', () => {
  it.each([
    'process.exit(1);',
    'const a = process.env.HOME;',
    "process['env'];",
    'globalThis.process.exit();',
    "import process from 'node:process';",
    "import { env } from 'node:process';",
    "import { env, execPath } from 'process';",
    "import * as p from 'node:process';",
  ])('sees %s', (text) => {
    expect(processFaults(text)).toHaveLength(1);
  });

  it.each([
    '// process.exit',
    "const text = 'process.env';",
    'const process = start();\nprocess.stop();',
    'function run({ process }: Parts) { process.set(1); }',
    "import { execPath } from 'node:process';",
    'this.process.kill();',
  ])('leaves alone: %s', (text) => {
    expect(processFaults(text)).toEqual([]);
  });
});

it('wasmFaults sees WebAssembly in code alone', () => {
  expect(wasmFaults('await WebAssembly.instantiate(bytes);')).toHaveLength(1);
  expect(wasmFaults('/** WebAssembly */ const text = "WebAssembly";')).toEqual([]);
});

it('needsTest tells functions from data and types', () => {
  expect(needsTest('export function f() {}')).toBe(true);
  expect(needsTest('export const f = (a: number) => a;')).toBe(true);
  expect(needsTest('export class A { b() {} }')).toBe(true);
  expect(needsTest('export interface A { b(): void }\nexport const c = { d: 1 };\nexport type E = () => void;')).toBe(
    false,
  );
});

it('importedFiles follows relative imports of values', () => {
  const text = [
    "import { a } from '../../src/a.ts';",
    "import {\n  b,\n} from './b.ts';",
    "import type { C } from '../../src/c.ts';",
    "import d from 'package';",
    "const e = await import('../e.ts');",
  ].join('\n');
  expect(importedFiles('test/unit/x.test.ts', text)).toEqual(['src/a.ts', 'test/unit/b.ts', 'test/e.ts']);
});

it('withParts follows imports within a folder of src and no further', () => {
  const imports = new Map([
    ['src/log/log.ts', ['src/log/file.ts', 'src/bank/bank.ts']],
    ['src/log/file.ts', ['src/log/deep/room.ts', 'src/log/log.ts']],
    ['src/log/alone.ts', ['src/log/log.ts']],
  ]);
  expect([...withParts(['src/log/log.ts'], imports)]).toEqual([
    'src/log/log.ts',
    'src/log/file.ts',
    'src/log/deep/room.ts',
  ]);
});

describe('markdown', () => {
  it('finds relative links and leaves addresses and code alone', () => {
    const text = [
      '[a](../src/a.ts) ![b](b.png "title") [c](c.md#part-two) [d](#here) [e](https://example.com/x)',
      '[f]: other/f.md',
      '<img src="g.svg"> `[h](h.md)`',
      '```\n[i](i.md)\n```',
    ].join('\n\n');
    const { files, headings } = markdownLinks('docs/page.md', text);
    expect(files).toEqual(['src/a.ts', 'docs/b.png', 'docs/c.md', 'docs/page.md', 'docs/other/f.md', 'docs/g.svg']);
    expect(headings).toEqual([
      { file: 'docs/c.md', slug: 'part-two' },
      { file: 'docs/page.md', slug: 'here' },
    ]);
  });

  it('makes anchors of headings', () => {
    const slugs = headingSlugs(
      '# A Title, with `code`\n\n## Same\n\n## Same\n\n```\n# none\n```\n### 2. http and https',
    );
    expect([...slugs]).toEqual(['a-title-with-code', 'same', 'same-1', '2-http-and-https']);
  });

  it('compares keys with the first column of tables', () => {
    const document = '| key | about |\n|---|---|\n| `APP_A` | see APP_X |\n| `APP_DEAD` | gone |\n\nAPP_Y in prose';
    expect(keyFaults(['APP_A', 'APP_B'], document, /APP_\w+/g)).toEqual([
      'APP_B is not in the document',
      'APP_DEAD is in the document alone',
    ]);
  });
});

describe('packages', () => {
  it('sees versions that are ranges', () => {
    const manifest = {
      dependencies: { exact: '1.2.3', caret: '^1.2.3', latest: 'latest' },
      devDependencies: { tilde: '~1.0.0', pre: '1.0.0-rc.1' },
      optionalDependencies: { address: 'github:a/b' },
    };
    expect(looseVersions(JSON.stringify(manifest))).toEqual([
      'caret@^1.2.3',
      'latest@latest',
      'tilde@~1.0.0',
      'address@github:a/b',
    ]);
  });

  it('sees download addresses in the lock file', () => {
    const lock = {
      packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { resolved: 'https://x' } },
    };
    expect(resolvedPackages(JSON.stringify(lock))).toEqual(['node_modules/b']);
  });

  it('sees packages that the lock file asks for and does not have', () => {
    const lock = {
      packages: {
        '': { dependencies: { a: '1.0.0', gone: '1.0.0' } },
        'node_modules/a': {
          dependencies: { b: '1.0.0' },
          optionalDependencies: { 'a-darwin': '1.0.0', 'a-linux': '1.0.0' },
        },
        'node_modules/a/node_modules/b': { dependencies: { c: '^1.0.0', a: '1.0.0' } },
        'node_modules/a/node_modules/c': {},
        'node_modules/a-linux': {},
      },
    };
    expect(missingPackages(JSON.stringify(lock))).toEqual(['gone', 'a-darwin']);
  });
});
