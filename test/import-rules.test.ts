/** Goal: each import rule catches its planted fault and leaves the permitted neighbour alone. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../src/config/paths.ts';

const rules: { forbidden: { name: string }[]; options: object } = createRequire(import.meta.url)(
  packageFile('.dependency-cruiser.cjs'),
);

interface Plant {
  readonly rule: string;
  readonly from: string;
  /** A file of the tree, or a package; nothing for a file that imports nothing. */
  readonly to: string;
}

const planted: readonly Plant[] = [
  { rule: 'no-cycles', from: 'src/flow/a.ts', to: 'src/flow/b.ts' },
  { rule: 'pure-stays-pure', from: 'src/match/reads.ts', to: 'node:fs' },
  { rule: 'pure-stays-pure', from: 'src/decision/logs.ts', to: 'src/telemetry.ts' },
  { rule: 'pure-stays-pure', from: 'src/decision/caches.ts', to: 'lru-cache' },
  { rule: 'pure-stays-pure', from: 'src/match/looks-up.ts', to: 'src/config/settings.ts' },
  { rule: 'adapters-do-not-meet', from: 'src/http/stores.ts', to: 'src/fetch/spool.ts' },
  { rule: 'adapters-do-not-meet', from: 'src/fingerprint/asks.ts', to: 'src/log/sqlite-log.ts' },
  { rule: 'one-composer', from: 'src/flow/opens.ts', to: 'src/log/sqlite-log.ts' },
  { rule: 'one-composer', from: 'src/bank/fetches.ts', to: 'src/fetch/spool.ts' },
  { rule: 'pipeline-knows-stages-not-brands', from: 'src/pipeline.ts', to: 'src/log/sqlite-log.ts' },
  { rule: 'pipeline-knows-stages-not-brands', from: 'src/pipeline.ts', to: 'fastify' },
  { rule: 'one-kernel-door', from: 'src/bank/loads.ts', to: '@assemblyscript/loader' },
  { rule: 'one-metrics-door', from: 'src/fetch/counts.ts', to: 'prom-client' },
  { rule: 'one-metrics-door', from: 'src/http/logs.ts', to: 'pino' },
  { rule: 'video-backend-in-children-only', from: 'src/fingerprint/decodes.ts', to: 'sharp' },
  { rule: 'video-backend-in-children-only', from: 'src/main.ts', to: 'node-av' },
  { rule: 'src-never-imports-test', from: 'src/flow/fakes.ts', to: 'test/support/fake.ts' },
  { rule: 'no-development-packages', from: 'src/flow/asserts.ts', to: 'vitest' },
  { rule: 'no-unresolvable', from: 'src/flow/typo.ts', to: 'src/flow/no-such-file.ts' },
  { rule: 'no-orphans', from: 'src/flow/orphan.ts', to: '' },
];

const permitted: readonly Omit<Plant, 'rule'>[] = [
  { from: 'src/match/plain.ts', to: 'src/config/limits.ts' },
  { from: 'src/decision/plain.ts', to: 'src/match/plain.ts' },
  { from: 'src/http/plain.ts', to: 'src/fetch/fetcher.ts' },
  { from: 'src/fetch/plain.ts', to: 'src/fetch/spool.ts' },
  { from: 'src/service.ts', to: 'src/log/sqlite-log.ts' },
  { from: 'src/flow/plain.ts', to: 'src/log/log.ts' },
  { from: 'src/kernel/plain.ts', to: '@assemblyscript/loader' },
  { from: 'src/metrics/plain.ts', to: 'prom-client' },
  { from: 'src/telemetry.ts', to: 'pino' },
  { from: 'src/fingerprint/child/plain.ts', to: 'sharp' },
];

const packages = ['lru-cache', 'fastify', '@assemblyscript/loader', 'prom-client', 'pino', 'sharp', 'node-av'];

let folder: string;
let result: ICruiseResult;

/** A tree in which every plant stands, with packages of the right names that are empty. */
function plantTree(): void {
  const lines = new Map<string, string[]>();
  const write = (path: string, line: string) => lines.set(path, [...(lines.get(path) ?? []), line]);
  for (const { from, to } of [...planted, ...permitted]) {
    const isFile = to.startsWith('src/') || to.startsWith('test/');
    if (to === '') write(from, 'export const alone = 1;');
    else write(from, `import '${isFile ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to}';`);
    if (isFile && to !== 'src/flow/no-such-file.ts') write(to, '');
    if (to !== '' && from !== 'src/main.ts') write('src/main.ts', `import '../${from}';`);
  }
  write('src/flow/b.ts', "import './a.ts';");
  for (const name of [...packages, 'vitest']) {
    write(`node_modules/${name}/index.js`, '');
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
  }
  const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '1.0.0']));
  const manifest = { type: 'module', dependencies: named(packages), devDependencies: named(['vitest']) };
  write('package.json', JSON.stringify(manifest));
  write('tsconfig.json', '{ "compilerOptions": { "module": "NodeNext", "allowImportingTsExtensions": true } }');
  for (const [path, text] of lines) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.join('\n'));
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'floodgate-imports-'));
  plantTree();
  const ruleSet = { forbidden: rules.forbidden } as IFlattenedRuleSet;
  const answer = await cruise(['src'], { ...rules.options, baseDir: folder, ruleSet, validate: true });
  result = answer.output as ICruiseResult;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const violations = (from: string) =>
  result.summary.violations.filter((each) => each.from === from).map((each) => `${each.rule.name} ${each.to}`);

describe('.dependency-cruiser.cjs', () => {
  it.each(planted)('$rule: refuses $from -> $to', ({ rule, from, to }) => {
    const target = to.startsWith('@') || packages.includes(to) || to === 'vitest' ? `node_modules/${to}/index.js` : to;
    const expected = rule === 'no-orphans' ? from : target.replace('node:', '');
    expect(violations(from).map((each) => each.replace(/(\.\.\/)+/, ''))).toContain(`${rule} ${expected}`);
  });

  it.each(permitted)('permits $from -> $to', ({ from }) => {
    expect(violations(from)).toEqual([]);
  });

  it('has a planted fault for each rule', () => {
    expect(rules.forbidden.map((rule) => rule.name).sort()).toEqual(
      [...new Set(planted.map(({ rule }) => rule))].sort(),
    );
  });
});
