/** The house rules as pure functions from text to faults. test/tidy.test.ts holds the tree to them. */
import { dirname, normalize } from 'node:path/posix';
import { declaredNames, hasLogic, longFunctions, mentions, parse, processUses } from './source-facts.ts';

const fileLinesMax = 400;
const functionLinesMax = 70;

// Spelt apart, so that this file does not accuse itself.
const markers = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'];
const machinePaths = ['/wo' + 'rk/', '/ro' + 'ot/', '/tmp/br' + 'ief', '/Us' + 'ers/'];

/** Words for which the glossary has another; see docs/concepts.md. */
const strayWords = new Map([
  ['threshold', 'radius, or the bound by its name'],
  ['phash', 'hash'],
  ['similarity', 'distance'],
  ['confidence', 'quality, or score'],
  ['needle', 'query'],
  ['haystack', 'index'],
  ['corpus', 'bank'],
  ['blocklist', 'bank'],
  ['blacklist', 'bank'],
  ['whitelist', 'allow-list'],
  ['poison', 'dead letter'],
  ['checksum', 'sha256, or hash'],
]);

/** Faults that any file of the product can have. */
export function sourceFaults(text: string): string[] {
  const source = parse(text);
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  const faults = longFunctions(source, functionLinesMax).map(
    (each) => `${each.name} (line ${each.line}) has ${each.lines} lines, over ${functionLinesMax}`,
  );
  if (lines > fileLinesMax) faults.push(`the file has ${lines} lines, over ${fileLinesMax}`);
  return [...faults, ...nameFaults(declaredNames(source))];
}

export function nameFaults(names: readonly string[]): string[] {
  // Names with underscores between small letters are spelt by others, such as options of FFmpeg.
  const own = [...new Set(names)].filter((name) => !/[a-z]_[a-z]/.test(name));
  return own.flatMap((name) => {
    const spelt = name === name.toUpperCase() ? name.toLowerCase() : name;
    const words = spelt.split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());
    const joined = words.join('');
    const stray = [...strayWords].filter(
      ([word]) => words.includes(word) || words.includes(`${word}s`) || joined === word,
    );
    return stray.map(([word, better]) => `${name}: not "${word}" but ${better}`);
  });
}

/** Faults that any text in the repository can have: marks of unfinished work, and paths of one machine. */
export function textFaults(text: string): string[] {
  const left = markers.filter((marker) => new RegExp(`\\b${marker}\\b`).test(text));
  const paths = machinePaths.filter((path) => new RegExp(`(^|[\\s'"\`(=:])${path}`).test(text));
  return [...left.map((marker) => `leftover ${marker}`), ...paths.map((path) => `path of one machine: ${path}`)];
}

/** Tests that do not run, or keep others from running. Conditions that name what is missing (runIf) are fine. */
export function testFaults(text: string): string[] {
  const found = text.match(/\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo|fails)\b/g);
  return found ?? [];
}

export function processFaults(text: string): string[] {
  return processUses(parse(text)).map((use) => `touches process: ${use}`);
}

export function wasmFaults(text: string): string[] {
  return mentions(parse(text), 'WebAssembly') ? ['uses WebAssembly outside src/kernel'] : [];
}

export function needsTest(text: string): boolean {
  return hasLogic(parse(text));
}

/** The files that a module imports by relative paths, from the root of the repository; imports of types count not. */
export function importedFiles(path: string, text: string): string[] {
  const imports = [
    ...text.matchAll(/^import (?!type )[^;]*?from '(\.[^']+)';/gm),
    ...text.matchAll(/import\('(\.[^']+)'\)/g),
  ];
  return imports.map((match) => normalize(`${dirname(path)}/${match[1]}`));
}

/** The files given, and what they import from their own folder of src/, again and again: the parts that they are made of. */
export function withParts(files: readonly string[], imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set(files);
  const folderOf = (path: string) => path.split('/').slice(0, 2).join('/');
  // A set that grows while it is walked: what is added is walked too.
  for (const path of found) {
    for (const part of imports.get(path) ?? []) {
      if (folderOf(part) === folderOf(path)) found.add(part);
    }
  }
  return found;
}

export interface MarkdownLinks {
  readonly files: readonly string[];
  /** A heading of the file itself or of another one. */
  readonly headings: readonly { readonly file: string; readonly slug: string }[];
}

/** The relative links of a document, resolved against the root of the repository. Links in code are none. */
export function markdownLinks(path: string, text: string): MarkdownLinks {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => match[1] ?? '');
  const referenced = [...prose.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)/gm)].map((match) => match[1] ?? '');
  const embedded = [...prose.matchAll(/\b(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  const relative = [...inline, ...referenced, ...embedded].filter((link) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link));
  const split = relative.map((link) => {
    const [file = '', slug] = decodeURIComponent(link).split('#');
    return { file: file === '' ? path : normalize(`${dirname(path)}/${file}`), slug };
  });
  return {
    files: split.map((link) => link.file),
    headings: split.flatMap(({ file, slug }) => (slug === undefined || !file.endsWith('.md') ? [] : [{ file, slug }])),
  };
}

/** The anchors of a document as forges make them from its headings. */
export function headingSlugs(text: string): Set<string> {
  const slugs = new Set<string>();
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let unique = slug;
    for (let i = 1; slugs.has(unique); i++) unique = `${slug}-${i}`;
    slugs.add(unique);
  }
  return slugs;
}

/** Keys named in the first column of the document's tables, against the keys that the code knows. */
export function keyFaults(known: readonly string[], document: string, pattern: RegExp): string[] {
  const named = new Set([...document.matchAll(/^\|([^|]*)\|/gm)].flatMap((row) => row[1]?.match(pattern) ?? []));
  const missing = known.filter((key) => !named.has(key)).map((key) => `${key} is not in the document`);
  const dead = [...named].filter((key) => !known.includes(key)).map((key) => `${key} is in the document alone`);
  return [...missing, ...dead];
}

type Dependencies = Readonly<Record<string, string>>;

/** Versions in package.json that are ranges. */
export function looseVersions(packageJson: string): string[] {
  const manifest = JSON.parse(packageJson) as Record<string, Dependencies | undefined>;
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  const entries = groups.flatMap((group) => Object.entries(manifest[group] ?? {}));
  return entries
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name}@${version}`);
}

/** Packages whose download address stands in the lock file. */
export function resolvedPackages(packageLock: string): string[] {
  const { packages } = JSON.parse(packageLock) as { packages: Record<string, { resolved?: string; link?: boolean }> };
  return Object.entries(packages).flatMap(([path, entry]) =>
    entry.resolved !== undefined && entry.link !== true ? [path] : [],
  );
}

interface LockEntry {
  readonly version?: string;
  readonly dependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
}

/**
 * Packages that an entry of the lock file asks for and that have no entry. Where a registry does not know the packages of
 * other platforms, npm leaves them out when it writes the file, and `npm ci` then refuses it.
 */
export function missingPackages(packageLock: string): string[] {
  const { packages } = JSON.parse(packageLock) as { packages: Record<string, LockEntry> };
  return Object.entries(packages).flatMap(([path, entry]) => {
    const wanted = Object.keys({ ...entry.dependencies, ...entry.optionalDependencies });
    return wanted.filter((name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in packages));
  });
}

/** Where Node looks for a package's dependencies, nearest first: "node_modules/a/node_modules/b/", then upwards. */
function foldersAbove(path: string): string[] {
  if (path === '') return [''];
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/')));
  return [`${path}/`, ...foldersAbove(parent)];
}
