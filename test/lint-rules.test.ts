/**
 * Goal: the linter's rules that the code relies on fire. Two of them are young in Biome and tell types apart across
 * files, so an update could silence them without a word.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageFile } from '../src/config/paths.ts';

const planted = [
  {
    rule: 'noFloatingPromises',
    text: "import { save } from './save.ts';\nexport function run(): void {\n  save();\n}\n",
  },
  {
    rule: 'noMisusedPromises',
    text: "import { save } from './save.ts';\nexport function run(): string {\n  return save() ? 'yes' : 'no';\n}\n",
  },
  { rule: 'noExplicitAny', text: 'export function run(value: any): void {\n  void value;\n}\n' },
  { rule: 'noNonNullAssertion', text: 'export function run(value: string | null): string {\n  return value!;\n}\n' },
  { rule: 'useImportType', text: "import { Saved } from './save.ts';\nexport type Run = Saved;\n" },
  { rule: 'useNodejsImportProtocol', text: "import { join } from 'path';\nexport const run = join('a', 'b');\n" },
  { rule: 'noUnusedImports', text: "import { join } from 'node:path';\nexport const run = 1;\n" },
] as const;

let folder: string;
let said: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodgate-lint-'));
  const { vcs: _vcs, $schema: _schema, ...config } = JSON.parse(readFileSync(packageFile('biome.json'), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, 'save.ts'),
    'export interface Saved {\n  readonly at: number;\n}\n\nexport async function save(): Promise<Saved> {\n  return { at: 1 };\n}\n',
  );
  for (const { rule, text } of planted) writeFileSync(join(folder, `${rule}.ts`), text);
  const biome = packageFile('node_modules/.bin/biome');
  const run = spawnSync(biome, ['lint', '--reporter=github', '.'], { cwd: folder, encoding: 'utf8' });
  said = run.stdout + run.stderr;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(planted)('$rule fires', ({ rule }) => {
  expect(
    said
      .split('\n')
      .filter((line) => line.includes(`${rule}.ts`))
      .join('\n'),
  ).toContain(`/${rule}`);
});

it('finds nothing where nothing is planted', () => {
  expect(said).not.toContain('save.ts,');
});
