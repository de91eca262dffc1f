import type { FileHandle } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { GatheringWriter } from '../../../src/fetch/gathering-writer.ts';

/** A file whose writes wait until they are let go; `takes` bytes of each at most. */
function heldFile(takes = Number.POSITIVE_INFINITY) {
  const written: Buffer[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const handle = {
    async writev(chunks: Uint8Array[]) {
      await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
      const bytes = Buffer.concat(chunks).subarray(0, takes);
      written.push(bytes);
      return { bytesWritten: bytes.length };
    },
    async writeFile(bytes: Uint8Array) {
      written.push(Buffer.from(bytes));
    },
  };
  return { handle: handle as unknown as FileHandle, written: () => Buffer.concat(written), waiting };
}

const block = (fill: number) => Buffer.alloc(limits.spoolWriteBytes, fill);

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const first = await Promise.race([promise.catch(() => undefined), new Promise((go) => setTimeout(go, 5, pending))]);
  return first === pending;
}

describe('writing what comes in small pieces', () => {
  it('takes the next bytes while one write is under way, and waits before a third', async () => {
    const file = heldFile();
    const writer = new GatheringWriter(file.handle);
    await writer.add(block(1));
    await writer.add(Buffer.alloc(1, 2));
    const third = writer.add(block(3));
    expect(await isPending(third)).toBe(true);
    expect(file.waiting).toHaveLength(1);
    file.waiting[0]?.resolve();
    await third;
    const ended = writer.end();
    file.waiting[1]?.resolve();
    await ended;
    expect(file.written().equals(Buffer.concat([block(1), Buffer.alloc(1, 2), block(3)]))).toBe(true);
  });

  it('writes what a short write has left', async () => {
    const file = heldFile(3);
    const writer = new GatheringWriter(file.handle);
    await writer.add(Buffer.from('abcdef'));
    const ended = writer.end();
    await expect.poll(() => file.waiting.length).toBe(1);
    file.waiting[0]?.resolve();
    await ended;
    expect(file.written().toString()).toBe('abcdef');
  });

  it('hands the failure of a write to whoever adds next, and to the end', async () => {
    const file = heldFile();
    const writer = new GatheringWriter(file.handle);
    await writer.add(block(1));
    file.waiting[0]?.reject(new Error('the disk is full'));
    await expect(writer.add(block(2))).rejects.toThrow('the disk is full');
    await expect(writer.end()).rejects.toThrow('the disk is full');
  });
});
