/**
 * Content that is a file already: one of the spool, or one below a configured root, which is read in place.
 *
 * Whoever may post events must not read other files through us: the path is checked as written, again with all links
 * resolved, and once more on the open descriptor. Only regular files are opened; a pipe or device would block or never
 * end. Who can write below a root is trusted not to swap files while they are being judged.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FloodgateError } from '../errors.ts';
import type { FetchedContent } from './fetcher.ts';
import type { FileSpool } from './spool.ts';

export interface FileParts {
  readonly spool: Pick<FileSpool, 'folder' | 'hold'>;
  readonly roots: readonly string[];
  readonly contentBytesMax: number;
}

const readChunkBytes = 1 << 20;

export async function fetchFile(uri: string, parts: FileParts, signal: AbortSignal): Promise<FetchedContent> {
  const path = parseFileUri(uri);
  return isBelow(path, parts.spool.folder)
    ? await fetchSpooled(path, parts, signal)
    : await fetchRooted(path, parts, signal);
}

/** Does nothing for a URI that names no file of the spool. */
export async function discardSpooled(uri: string, spool: FileParts['spool']): Promise<void> {
  if (!URL.canParse(uri) || new URL(uri).protocol !== 'file:') return;
  await spool.hold(parseFileUri(uri))?.release();
}

/** Absolute and without dot segments. Throws invalid_event, or forbidden_source for a file on another host. */
function parseFileUri(uri: string): string {
  let path: string;
  try {
    const url = new URL(uri);
    if (url.hostname !== '') throw new FloodgateError('forbidden_source', 'a file URI must not name a host');
    path = fileURLToPath(url);
  } catch (cause) {
    if (cause instanceof FloodgateError) throw cause;
    throw invalidUri(cause);
  }
  if (path.includes('\0')) throw invalidUri(undefined);
  return resolve(path);
}

async function fetchSpooled(path: string, parts: FileParts, signal: AbortSignal): Promise<FetchedContent> {
  const held = parts.spool.hold(path);
  if (held === null) throw new FloodgateError('unreachable', 'the spool holds no such file');
  const { release, letGo } = held;
  if (held.sha256 !== null) return { path: held.path, bytes: held.bytes, sha256: held.sha256, release, letGo };
  try {
    const read = await readAll(held.path, parts.contentBytesMax, signal);
    held.remember(read.sha256);
    return { path: held.path, ...read, release, letGo };
  } catch (thrown) {
    // An upload that was given up comes again, and its bytes exist nowhere else.
    await (signal.aborted ? letGo() : release());
    throw thrown;
  }
}

async function fetchRooted(path: string, parts: FileParts, signal: AbortSignal): Promise<FetchedContent> {
  // As written first: whether a file outside the roots exists must not show.
  if (!parts.roots.some((root) => isBelow(path, resolve(root)))) throw outsideRoots();
  const realRoots = await Promise.all(parts.roots.map((root) => realpath(root).catch(() => null)));
  const roots = realRoots.filter((root) => root !== null);
  const realPath = await realpath(path).catch(throwUnreadable);
  if (!roots.some((root) => isBelow(realPath, root))) throw outsideRoots();
  const read = await readAll(realPath, parts.contentBytesMax, signal, roots);
  const nothing = async () => undefined;
  return { path: realPath, ...read, release: nothing, letGo: nothing };
}

/** O_NONBLOCK: opening a pipe without a writer would wait for one. */
async function readAll(
  path: string,
  bytesMax: number,
  signal: AbortSignal,
  roots?: readonly string[],
): Promise<{ bytes: number; sha256: string }> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch(throwUnreadable);
  try {
    if (roots !== undefined) await checkOpened(handle, roots);
    const status = await handle.stat();
    if (!status.isFile()) throw new FloodgateError('forbidden_source', 'only regular files are read');
    if (status.size > bytesMax) throw tooLarge(bytesMax);
    return await hashAll(handle, bytesMax, signal);
  } finally {
    await handle.close();
  }
}

/** A folder on the way may have become a link since it was resolved; the kernel knows what was really opened. */
async function checkOpened(handle: FileHandle, roots: readonly string[]): Promise<void> {
  const opened = await realpath(`/proc/self/fd/${handle.fd}`).catch(() => null);
  if (opened !== null && !roots.some((root) => isBelow(opened, root))) throw outsideRoots();
}

async function hashAll(handle: FileHandle, bytesMax: number, signal: AbortSignal) {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(readChunkBytes);
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
    bytes += bytesRead;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    hash.update(chunk.subarray(0, bytesRead));
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function outsideRoots(): FloodgateError {
  return new FloodgateError('forbidden_source', 'the file is not below a configured root; see FLOODGATE_FILE_ROOTS');
}

function invalidUri(cause: unknown): FloodgateError {
  const fields = [{ pointer: '/content/uri', message: 'is not a valid file URI' }];
  return new FloodgateError('invalid_event', 'the content URI is not a valid file URI', { cause, fields });
}

function tooLarge(bytesMax: number): FloodgateError {
  return new FloodgateError('too_large', `the content is over ${bytesMax} bytes`);
}

function throwUnreadable(cause: NodeJS.ErrnoException): never {
  // A symbolic link in the last place (ELOOP) was put there after the path had been resolved.
  if (cause.code === 'ELOOP') throw outsideRoots();
  throw new FloodgateError('unreachable', `the file cannot be read: ${cause.code ?? cause.message}`, { cause });
}
