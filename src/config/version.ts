/** The version of the package, as package.json says it. */
import { readFileSync } from 'node:fs';
import { packageFile } from './paths.ts';

export function readPackageVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return version;
}
