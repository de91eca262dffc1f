/** file:// and inline content: what may be read, what may not, and what is deleted when. */
import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetcher } from '../../src/fetch/create-fetcher.ts';
import { fetchFile } from '../../src/fetch/file-source.ts';
import { createSpool } from '../../src/fetch/spool.ts';
import { codeOf, type FetchRig, openFetchRig, plainSettings, sha256Of } from '../support/fetch-rig.ts';

let rig: FetchRig;
/** A configured root, and a folder beside it that is none. */
let root: string;
let outside: string;

beforeEach(async () => {
  const fileRoots: string[] = [];
  rig = await openFetchRig({ settings: { fileRoots } });
  root = join(rig.folder, 'root');
  outside = join(rig.folder, 'root-of-others');
  fileRoots.push(root);
  await mkdir(join(root, 'deep'), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret');
  await writeFile(join(root, 'deep', 'a clip?.mp4'), 'content');
});

afterEach(() => rig.close());

const uriOf = (...parts: string[]) => pathToFileURL(join(...parts)).href;

describe('a file below a root', () => {
  it('is read in place, hashed, and still there after release()', async () => {
    const path = join(root, 'deep', 'a clip?.mp4');
    const content = await rig.fetcher.fetch({ uri: uriOf(path) });
    expect(content).toMatchObject({ path, bytes: 7, sha256: sha256Of(Buffer.from('content')) });
    await content.release();
    expect(await readFile(path, 'utf8')).toBe('content');
    expect(await rig.spooled()).toEqual([]);
  });

  it('may be reached through links that stay below the root, and by a root that is a link', async () => {
    await symlink(join(root, 'deep'), join(root, 'shallow'));
    expect((await rig.fetcher.fetch({ uri: uriOf(root, 'shallow', 'a clip?.mp4') })).bytes).toBe(7);
  });

  it('is too large over the limit, unreachable when it is not there', async () => {
    await writeFile(join(root, 'large'), Buffer.alloc(100_001));
    expect(await codeOf(rig.fetcher.fetch({ uri: uriOf(root, 'large') }))).toBe('too_large');
    expect(await codeOf(rig.fetcher.fetch({ uri: uriOf(root, 'none') }))).toBe('unreachable');
  });

  it('stops at an abort', async () => {
    const signal = AbortSignal.abort(new Error('stopping'));
    await expect(rig.fetcher.fetch({ uri: uriOf(root, 'deep', 'a clip?.mp4') }, signal)).rejects.toThrow('stopping');
  });
});

describe('a file elsewhere', () => {
  const forbidden = async (uri: string) => expect(await codeOf(rig.fetcher.fetch({ uri }))).toBe('forbidden_source');

  it('is forbidden, whether it exists or not', async () => {
    await forbidden('file:///etc/passwd');
    await forbidden('file:///etc/no-such-file');
    await forbidden(uriOf(outside, 'secret'));
    await forbidden(uriOf(root));
    await forbidden('file:///');
  });

  it('is forbidden through dot segments, however they are written', async () => {
    const base = uriOf(root);
    for (const path of [
      '../root-of-others/secret',
      '%2e%2e/root-of-others/secret',
      'deep/../../root-of-others/secret',
      '..%5c..',
    ]) {
      expect(['forbidden_source', 'unreachable']).toContain(
        await codeOf(rig.fetcher.fetch({ uri: `${base}/${path}` })),
      );
    }
    expect(await codeOf(rig.fetcher.fetch({ uri: `${base}/..%2froot-of-others%2fsecret` }))).toBe('invalid_event');
    expect(await codeOf(rig.fetcher.fetch({ uri: `${base}/a%00b` }))).toBe('invalid_event');
  });

  it('is forbidden through a symbolic link to it, to its folder, or to a link', async () => {
    await symlink(join(outside, 'secret'), join(root, 'to-file'));
    await symlink(outside, join(root, 'to-folder'));
    await symlink(join(root, 'to-file'), join(root, 'to-link'));
    await forbidden(uriOf(root, 'to-file'));
    await forbidden(uriOf(root, 'to-folder', 'secret'));
    await forbidden(uriOf(root, 'to-link'));
  });

  it('is forbidden on another host', async () => {
    await forbidden(`file://server${root}/deep/x`);
  });

  it('is forbidden without any root, the data folder included', async () => {
    const none = await openFetchRig();
    expect(await codeOf(none.fetcher.fetch({ uri: uriOf(root, 'deep', 'a clip?.mp4') }))).toBe('forbidden_source');
    expect(await codeOf(none.fetcher.fetch({ uri: uriOf(none.folder, 'log.db') }))).toBe('forbidden_source');
    await none.close();
  });
});

describe('what is no regular file', () => {
  it('is forbidden and does not block', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    for (const name of ['pipe', 'deep']) {
      expect(await codeOf(rig.fetcher.fetch({ uri: uriOf(root, name) }))).toBe('forbidden_source');
    }
  });

  it('is forbidden when it is a device', async () => {
    const devices = await openFetchRig({ settings: { fileRoots: ['/dev'] } });
    expect(await codeOf(devices.fetcher.fetch({ uri: 'file:///dev/zero' }))).toBe('forbidden_source');
    await devices.close();
  });
});

describe('a posted upload in the spool', () => {
  const post = (text: string) =>
    rig.spool.store(Readable.from([Buffer.from(text)]), { bytesMax: 1_000, durable: true });

  it('is fetched by its URI without any root, and deleted by release()', async () => {
    const posted = await post('posted');
    const content = await rig.fetcher.fetch({ uri: posted.uri });
    expect(content).toMatchObject({ path: posted.path, bytes: 6, sha256: sha256Of(Buffer.from('posted')) });
    await content.release();
    expect(await rig.spooled()).toEqual([]);
    expect(await codeOf(rig.fetcher.fetch({ uri: posted.uri }))).toBe('unreachable');
  });

  it('is hashed again after a restart, and deleted like any other', async () => {
    const posted = await post('posted');
    const spool = await createSpool({ folder: rig.spool.folder, bytesMax: 1_000 });
    const fetcher = createFetcher({ settings: plainSettings, spool, telemetry: { retried: () => undefined } });
    const content = await fetcher.fetch({ uri: posted.uri });
    expect(content).toMatchObject({ bytes: 6, sha256: posted.sha256 });
    await content.release();
    expect(spool.bytesUsed()).toBe(0);
    await fetcher.close();
  });

  it('stays when its upload is let go, and is deleted once the upload that came again is settled', async () => {
    const posted = await post('posted');
    const first = await rig.fetcher.fetch({ uri: posted.uri });
    await first.letGo();
    await first.release();
    const again = await rig.fetcher.fetch({ uri: posted.uri });
    await again.release();
    expect(await rig.spooled()).toEqual([]);
  });

  it('stays when its upload is given up while it is hashed', async () => {
    const posted = await post('posted');
    const spool = await createSpool({ folder: rig.spool.folder, bytesMax: 1_000 });
    const parts = { roots: [], spool, contentBytesMax: 1_000 };
    await expect(fetchFile(posted.uri, parts, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
    const content = await fetchFile(posted.uri, parts, new AbortController().signal);
    expect(content.sha256).toBe(posted.sha256);
    await content.release();
    expect(spool.bytesUsed()).toBe(0);
  });

  it('cannot be used to read what somebody linked into the spool', async () => {
    await symlink(join(outside, 'secret'), join(rig.spool.folder, 'a-link'));
    await link(join(outside, 'secret'), join(rig.spool.folder, 'a-hard-link'));
    for (const name of ['a-link', 'a-hard-link', '.', '../root-of-others/secret']) {
      expect(await codeOf(rig.fetcher.fetch({ uri: `${uriOf(rig.spool.folder)}/${name}` }))).not.toBe('resolved');
    }
  });
});

describe('inline content', () => {
  it('is decoded into the spool', async () => {
    const bytes = Buffer.from([0, 255, 1, 254]);
    const content = await rig.fetcher.fetch({ inline: bytes.toString('base64') });
    expect(content).toMatchObject({ bytes: 4, sha256: sha256Of(bytes) });
    expect(await readFile(content.path)).toEqual(bytes);
    await content.release();
    expect(await rig.spooled()).toEqual([]);
  });

  it('leaves nothing in the spool when its upload is let go', async () => {
    const content = await rig.fetcher.fetch({ inline: 'AAAA' });
    await content.letGo();
    expect(await rig.spooled()).toEqual([]);
    expect(rig.spool.bytesUsed()).toBe(0);
  });

  it.each(['', 'A', 'AA', 'AAA', 'AAAA=', 'AA==AAAA', 'AAA-', 'AA_A', 'AA A', 'AAAA\n', 'AB==', '====', 'ÄAAA'])(
    'is invalid as "%s"',
    async (inline) => {
      expect(await codeOf(rig.fetcher.fetch({ inline }))).toBe('invalid_event');
    },
  );

  it('is too large over its own limit', async () => {
    const inline = Buffer.alloc(512 * 1024 + 1).toString('base64');
    expect(await codeOf(rig.fetcher.fetch({ inline }))).toBe('too_large');
  });
});
