/** What runs, and on what: versions of the package and of Node, the revision of the build, the memory it may take. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { builtFile, packageFile } from './paths.ts';

export function readPackageVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return version;
}

export const nodeVersion = process.version;

/** Commit that the build was made from: images write it to `build/revision`. */
export function readRevision(path: string = builtFile('revision')): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}

/** The limit of the container, where there is one below what the machine has. */
export function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
