/**
 * The spool: a private folder with one file per content, which empties as uploads settle.
 *
 * Names are 128 random bits, so a spooled file cannot be guessed by whoever may post file:// URIs. The total is bounded
 * by counting each chunk before it is written; what is known about a file of this run (size, SHA-256) is remembered, so
 * that a posted upload is not read again when its turn comes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, type FileHandle, lstat, mkdir, open, readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { FloodgateError } from '../errors.ts';
import type { FetchedContent, Spool, SpooledContent, StoreOptions } from './fetcher.ts';
import { GatheringWriter } from './gathering-writer.ts';

interface SpoolFile {
  bytes: number;
  /** Null for a file of an earlier run that has not been read again yet, and while the bytes arrive. */
  sha256: string | null;
  readonly fromEarlierRun: boolean;
  /** Fetches that are using the file; the last to release it takes it away. */
  holders: number;
}

export interface SpoolOptions {
  readonly folder: string;
  readonly bytesMax: number;
}

/** A file of the spool as a fetch holds it. */
export interface HeldFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | null;
  /** Notes the SHA-256 of a file of an earlier run once it has been read. */
  remember(sha256: string): void;
  release(): Promise<void>;
  /** Without taking the file away: the upload that names it comes again. */
  letGo(): Promise<void>;
}

/** Opens the folder, making it when needed, and counts what an earlier run left in it. */
export async function createSpool(options: SpoolOptions): Promise<FileSpool> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const folder = await realpath(options.folder);
  await chmod(folder, 0o700);
  // Beside the name that was given: where a symbolic link leads may be nobody's to write beside.
  const slotsFolder = `${resolve(options.folder)}-slots`;
  // What a killed service left there are links to files that are counted below, or to none.
  await rm(slotsFolder, { recursive: true, force: true });
  await mkdir(slotsFolder, { mode: 0o700 });
  const files = new Map<string, SpoolFile>();
  for (const name of await readdir(folder)) {
    const status = await lstat(join(folder, name));
    if (status.isFile()) files.set(name, { bytes: status.size, sha256: null, fromEarlierRun: true, holders: 0 });
  }
  return new FileSpool({ folder, slotsFolder }, options.bytesMax, files);
}

export class FileSpool implements Spool {
  /** Absolute, with symbolic links resolved. */
  readonly folder: string;
  /** For what hands files of the spool on by links; empty at start. */
  readonly slotsFolder: string;
  readonly #bytesMax: number;
  readonly #files: Map<string, SpoolFile>;
  #bytesUsed: number;

  constructor(
    { folder, slotsFolder }: Pick<FileSpool, 'folder' | 'slotsFolder'>,
    bytesMax: number,
    files: Map<string, SpoolFile>,
  ) {
    this.folder = folder;
    this.slotsFolder = slotsFolder;
    this.#bytesMax = bytesMax;
    this.#files = files;
    this.#bytesUsed = [...files.values()].reduce((sum, file) => sum + file.bytes, 0);
  }

  bytesUsed(): number {
    return this.#bytesUsed;
  }

  async store(bytes: Readable, options: StoreOptions): Promise<SpooledContent> {
    const name = randomBytes(16).toString('hex');
    const file: SpoolFile = { bytes: 0, sha256: null, fromEarlierRun: false, holders: 0 };
    this.#files.set(name, file);
    try {
      this.#checkAnnounced(options);
      const sha256 = await this.#write(name, file, bytes, options);
      file.sha256 = sha256;
      return this.#describe(name, file.bytes, sha256);
    } catch (thrown) {
      destroyQuietly(bytes);
      await this.#remove(name);
      if (options.signal?.aborted) throw options.signal.reason;
      throw thrown;
    }
  }

  /** The same as `store`, as a fetch hands it out. */
  async fetchInto(bytes: Readable, options: StoreOptions): Promise<FetchedContent> {
    const stored = await this.store(bytes, options);
    const release = () => stored.discard();
    return { path: stored.path, bytes: stored.bytes, sha256: stored.sha256, release, letGo: release };
  }

  /** Null when `path` is not a complete file of this spool. */
  hold(path: string): HeldFile | null {
    const name = basename(path);
    const file = dirname(path) === this.folder ? this.#files.get(name) : undefined;
    if (file === undefined || (file.sha256 === null && !file.fromEarlierRun)) return null;
    file.holders += 1;
    let held = true;
    const end = () => {
      if (held) file.holders -= 1;
      held = false;
    };
    return {
      path: join(this.folder, name),
      bytes: file.bytes,
      sha256: file.sha256,
      remember: (sha256) => {
        file.sha256 = sha256;
      },
      release: async () => {
        if (!held) return;
        end();
        if (file.holders === 0) await this.#remove(name);
      },
      letGo: async () => end(),
    };
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    // By name alone: a data folder that was moved keeps its bytes, and random names do not collide.
    const keptNames = new Set([...keep].map((uri) => uri.slice(uri.lastIndexOf('/') + 1)));
    const leftovers = [...this.#files].filter(
      ([name, file]) => file.fromEarlierRun && file.holders === 0 && !keptNames.has(name),
    );
    for (const [name] of leftovers) await this.#remove(name);
    return leftovers.length;
  }

  #describe(name: string, bytes: number, sha256: string): SpooledContent {
    const path = join(this.folder, name);
    return { path, uri: pathToFileURL(path).href, bytes, sha256, discard: () => this.#remove(name) };
  }

  #checkAnnounced({ bytesExpected, bytesMax }: StoreOptions): void {
    if (bytesExpected === undefined) return;
    if (bytesExpected > bytesMax) throw tooLarge(bytesMax);
    if (this.#bytesUsed + bytesExpected > this.#bytesMax) throw noRoom(this.#bytesMax);
  }

  async #write(name: string, file: SpoolFile, bytes: Readable, options: StoreOptions): Promise<string> {
    if (options.signal !== undefined) addAbortSignal(options.signal, bytes);
    const hash = createHash('sha256');
    const handle = await open(join(this.folder, name), 'wx', 0o600).catch(throwDiskFailure);
    const writer = new GatheringWriter(handle);
    try {
      for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
        this.#charge(file, chunk.byteLength, options.bytesMax);
        hash.update(chunk);
        await writer.add(chunk).catch(throwDiskFailure);
      }
      await writer.end().catch(throwDiskFailure);
      if (options.durable === true) await this.#flush(handle);
    } finally {
      await handle.close();
    }
    return hash.digest('hex');
  }

  #charge(file: SpoolFile, bytes: number, bytesMax: number): void {
    if (file.bytes + bytes > bytesMax) throw tooLarge(bytesMax);
    if (this.#bytesUsed + bytes > this.#bytesMax) throw noRoom(this.#bytesMax);
    file.bytes += bytes;
    this.#bytesUsed += bytes;
  }

  /** The name of a new file is durable only when its folder is flushed too. */
  async #flush(handle: FileHandle): Promise<void> {
    await handle.sync().catch(throwDiskFailure);
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #remove(name: string): Promise<void> {
    const file = this.#files.get(name);
    if (file === undefined) return;
    this.#files.delete(name);
    // A file that cannot be removed now is found, counted and swept at the next start.
    await rm(join(this.folder, name), { force: true }).catch(() => undefined);
    this.#bytesUsed -= file.bytes;
  }
}

function tooLarge(bytesMax: number): FloodgateError {
  return new FloodgateError('too_large', `the content is over ${bytesMax} bytes`);
}

function noRoom(bytesMax: number): FloodgateError {
  return new FloodgateError('overloaded', `the spool has no room left (${bytesMax} bytes); try again later`);
}

function throwDiskFailure(cause: NodeJS.ErrnoException): never {
  const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
  if (full) throw new FloodgateError('overloaded', "the spool's disk is full; try again later", { cause });
  throw new FloodgateError('internal', `the spool cannot be written: ${cause.code ?? cause.message}`, { cause });
}

/** Some streams report their own destruction as an error, which nobody waits for any more. */
function destroyQuietly(stream: Readable): void {
  stream.on('error', () => undefined);
  stream.destroy();
}
