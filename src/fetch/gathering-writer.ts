/** Appends what comes in small pieces to a file. */
import type { FileHandle } from 'node:fs/promises';
import { limits } from '../config/limits.ts';

/**
 * Many chunks at once, since sockets give 64 KiB at most and each write costs a turn in another thread; and one write
 * under way while the next chunks come in.
 */
export class GatheringWriter {
  readonly #handle: FileHandle;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Waits while two writes' worth of bytes are not on the disk. Rejects with the failure of this write or of one before. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.byteLength;
    if (this.#gatheredBytes < limits.spoolWriteBytes && this.#gathered.length < limits.spoolWriteChunks) return;
    await this.#writing;
    this.#begin();
  }

  /** Resolves when all is written. */
  async end(): Promise<void> {
    await this.#writing;
    this.#begin();
    await this.#writing;
  }

  #begin(): void {
    this.#writing = appendAll(this.#handle, this.#gathered);
    // Whoever adds or ends next hears of a failure; when nobody does, there was another one before.
    this.#writing.catch(() => undefined);
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}

async function appendAll(handle: FileHandle, chunks: Uint8Array[]): Promise<void> {
  if (chunks.length === 0) return;
  const { bytesWritten } = await handle.writev(chunks);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  // Unlike this, writeFile() on a handle never stops short.
  if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}
