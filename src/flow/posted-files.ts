/** How the bytes of a posted file reach whoever works on its upload. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { limits } from '../config/limits.ts';
import type { UploadContent } from '../contracts/upload.ts';
import { FloodgateError } from '../errors.ts';

export interface PostedFile {
  /** file:// URI in the spool. */
  readonly uri: string;
  readonly bytes: number;
  discard(): Promise<void>;
}

/** With one process the spool is at hand: the event names the file. */
export async function namedFile(file: PostedFile): Promise<UploadContent> {
  return { uri: file.uri };
}

/** Any of many processes may work on the upload, and none sees the spool of another: the event carries the bytes. */
export async function carriedFile(file: PostedFile): Promise<UploadContent> {
  if (file.bytes > limits.inlineBytesMax) {
    throw new FloodgateError(
      'payload_too_large',
      `the file has ${file.bytes} bytes, and an event carries ${limits.inlineBytesMax} at most: ` +
        'store the file where every process can fetch it, and submit its http, https or s3 address',
    );
  }
  const inline = (await readFile(fileURLToPath(file.uri))).toString('base64');
  await file.discard();
  return { inline };
}
