import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { carriedFile, namedFile } from '../../../src/flow/posted-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-posted-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function posted(bytes: Buffer, discarded: string[] = []) {
  const path = join(folder, 'posted');
  await writeFile(path, bytes);
  const uri = pathToFileURL(path).href;
  return { uri, bytes: bytes.length, discard: async () => void discarded.push(uri) };
}

describe('a posted file', () => {
  it('is named where one process does the work', async () => {
    const discarded: string[] = [];
    const file = await posted(Buffer.from('picture'), discarded);
    expect(await namedFile(file)).toEqual({ uri: file.uri });
    expect(discarded).toEqual([]);
  });

  it('is carried by its event where any of many may do it, and then needed no more', async () => {
    const discarded: string[] = [];
    const file = await posted(Buffer.from('picture'), discarded);
    expect(await carriedFile(file)).toEqual({ inline: Buffer.from('picture').toString('base64') });
    expect(discarded).toEqual([file.uri]);
  });

  it('is refused when no event can carry it, with what to do instead', async () => {
    const file = await posted(Buffer.alloc(limits.inlineBytesMax + 1));
    await expect(carriedFile(file)).rejects.toMatchObject({
      code: 'payload_too_large',
      message: expect.stringContaining('submit its http, https or s3 address'),
    });
  });
});
