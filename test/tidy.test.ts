/**
 * The house rules that a machine can check, over the tree as it stands. What each rule catches is shown in
 * test/tidy-rules.test.ts; rules on imports are in .dependency-cruiser.cjs and tested in test/import-rules.test.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../src/config/paths.ts';
import { settings } from '../src/config/settings.ts';
import { testedElsewhere } from './support/tested-elsewhere.ts';
import {
  headingSlugs,
  importedFiles,
  keyFaults,
  looseVersions,
  markdownLinks,
  missingPackages,
  needsTest,
  processFaults,
  resolvedPackages,
  sourceFaults,
  testFaults,
  textFaults,
  wasmFaults,
  withParts,
} from './support/tidy-rules.ts';

const outputFolders = new Set(['.git', '.cache', '.venv', 'build', 'coverage', 'data', 'node_modules']);

function listFiles(folder = ''): string[] {
  return readdirSync(packageFile(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return outputFolders.has(entry.name) ? [] : listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

const read = (path: string) => readFileSync(packageFile(path), 'utf8');
const files = listFiles();
const typescript = files.filter((path) => path.endsWith('.ts'));
const product = typescript.filter((path) => /^(src|assembly|grafana)\//.test(path));
const source = typescript.filter((path) => path.startsWith('src/'));
const tests = typescript.filter((path) => path.startsWith('test/'));
const documents = files.filter((path) => path.endsWith('.md'));

/** "path: fault" for each fault, so that a failure names all of them at once. */
function faultsIn(paths: readonly string[], faultsOf: (text: string) => readonly string[]): string[] {
  return paths.flatMap((path) => faultsOf(read(path)).map((fault) => `${path}: ${fault}`));
}

it('finds the files it is to check', () => {
  expect(source).toContain('src/main.ts');
  expect(product).toContain('assembly/index.ts');
  expect(tests).toContain('test/tidy.test.ts');
  expect(documents).toContain('README.md');
});

describe('the sources', () => {
  it('have short files, short functions and the words of the glossary', () => {
    expect(faultsIn(product, sourceFaults)).toEqual([]);
  });

  it('have no marks of unfinished work and no paths of one machine, nor has anything else', () => {
    const texts = files.filter((path) => /\.(c?[jt]s|md|json|html|ya?ml|css|sh)$|^\.ci\//.test(path));
    expect(
      faultsIn(
        texts.filter((path) => path !== 'package-lock.json'),
        textFaults,
      ),
    ).toEqual([]);
  });

  it('touch process at its edges only', () => {
    const edges = /^src\/(main\.ts|cli\/|config\/|fingerprint\/child\/main\.ts|demo\/child\/|log\/sqlite-worker\.ts)/;
    expect(
      faultsIn(
        source.filter((path) => !edges.test(path)),
        processFaults,
      ),
    ).toEqual([]);
  });

  it('load WebAssembly in src/kernel only', () => {
    expect(
      faultsIn(
        source.filter((path) => !path.startsWith('src/kernel/')),
        wasmFaults,
      ),
    ).toEqual([]);
  });

  it('have no barrels', () => {
    expect(source.filter((path) => /(^|\/)index\.ts$/.test(path))).toEqual([]);
  });
});

describe('the tests', () => {
  it('all run, whenever their condition holds', () => {
    expect(faultsIn(tests, testFaults)).toEqual([]);
  });

  const sourcesBy = new Map(source.map((path) => [path, importedFiles(path, read(path))]));
  const mirror = (path: string) => path.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts');
  const mirrored = source.filter((path) => existsSync(packageFile(mirror(path))));
  const imported = tests
    .filter((path) => !path.startsWith('test/bench/'))
    .flatMap((path) => importedFiles(path, read(path)));
  const standIns = testedElsewhere.map((each) => each.source);
  const named = withParts([...mirrored, ...imported], sourcesBy);
  const tested = withParts([...named, ...standIns], sourcesBy);
  const untested = source.filter((path) => !tested.has(path) && needsTest(read(path)));

  it('reach every source: by a mirror, by name, as a part of a tested neighbour, or as explained', () => {
    expect(untested).toEqual([]);
  });

  it('that stand in for others exist, and are needed', () => {
    const absent = testedElsewhere.flatMap(({ by }) => by).filter((path) => !existsSync(packageFile(path)));
    const needless = standIns.filter((path) => named.has(path) || !source.includes(path));
    expect({ absent, needless }).toEqual({ absent: [], needless: [] });
  });
});

describe('the business events', () => {
  // The Kafka adapter and its commands tell these. Whoever tells one takes it out of here.
  const awaited: string[] = [];

  // Goal: a metric that is registered and documented, and that nothing ever feeds, tells a lie on every dashboard.
  it('are each told by some source', () => {
    const told = read('src/telemetry.ts').slice(0, read('src/telemetry.ts').indexOf('export type CountedOutcome'));
    const events = [...told.matchAll(/^ {2}([a-z]\w+)\(/gm)].flatMap((found) => found[1] ?? []);
    const others = source.filter((path) => path !== 'src/telemetry.ts').map((path) => read(path));
    expect(events.length).toBeGreaterThan(20);
    expect(events.filter((event) => !others.some((text) => new RegExp(`\\.${event}\\b`).test(text)))).toEqual(awaited);
  });
});

describe('the documents', () => {
  it('link to files that exist', () => {
    const links = documents.flatMap((path) => markdownLinks(path, read(path)).files.map((file) => ({ path, file })));
    expect(links.filter(({ file }) => !existsSync(packageFile(file)))).toEqual([]);
  });

  it('link to headings that exist', () => {
    const links = documents.flatMap((path) => markdownLinks(path, read(path)).headings);
    const known = links.filter(({ file }) => existsSync(packageFile(file)));
    expect(known.filter(({ file, slug }) => !headingSlugs(read(file)).has(slug))).toEqual([]);
  });

  it('list exactly the settings that are read', () => {
    const keys = Object.values(settings).map((setting) => setting.key);
    expect(keyFaults(keys, read('docs/operations/configuration.md'), /\bFLOODGATE_[A-Z0-9_]+\b/g)).toEqual([]);
  });

  it('have a changelog with a place for what comes next', () => {
    expect(headingSlugs(read('CHANGELOG.md'))).toContain('pending');
  });
});

describe('the packages', () => {
  it('are pinned', () => {
    expect(looseVersions(read('package.json'))).toEqual([]);
  });

  it('have no download addresses in the lock file', () => {
    expect(resolvedPackages(read('package-lock.json'))).toEqual([]);
  });

  it('all stand in the lock file, those of other platforms too', () => {
    expect(missingPackages(read('package-lock.json'))).toEqual([]);
  });
});
