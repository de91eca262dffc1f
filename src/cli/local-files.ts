/** Files that were named on the command line. */
import { statSync } from 'node:fs';
import { FloodgateError } from '../errors.ts';

/** Throws not_found for what is missing and for folders, before any work is done. */
export function assertFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return;
  throw new FloodgateError('not_found', `${path} is not a file`);
}

export function isAddress(source: string): boolean {
  return /^(https?|s3|file):\/\//.test(source);
}
