/** Versions: of the package, as package.json says it, and of the Node that runs it. */
import { readFileSync } from 'node:fs';
import { packageFile } from './paths.ts';

export function readPackageVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return version;
}

export const nodeVersion = process.version;
