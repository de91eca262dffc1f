/** Where the package's own files are, whether this runs from the sources (tests) or from `build/`. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no package.json above ${from}`);
  }
}

/** Absolute path of a file of the package, for example `packageFile('src/http/live/index.html')`. */
export function packageFile(relative: string): string {
  return join(packageRoot, relative);
}

/** Absolute path of a built file: child processes and workers need JavaScript, for example `src/log/sqlite-worker.js`. */
export function builtFile(relative: string): string {
  return join(packageRoot, 'build', relative);
}
