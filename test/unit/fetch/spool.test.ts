import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createSpool } from '../../../src/fetch/spool.ts';
import { codeOf, sha256Of } from '../../support/fetch-rig.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floodgate-spool-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const openSpool = (bytesMax = 1_000) => createSpool({ folder: join(folder, 'spool'), bytesMax });
const streamOf = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

describe('store', () => {
  it('writes the bytes to a private file and hashes them, whatever their chunks', async () => {
    const spool = await openSpool(1_000_000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const stored = await spool.store(Readable.from(chunks.filter((chunk) => chunk.length > 0)), {
          bytesMax: 10_000,
        });
        expect(await readFile(stored.path)).toEqual(whole);
        expect(stored).toMatchObject({
          bytes: whole.length,
          sha256: sha256Of(whole),
          uri: pathToFileURL(stored.path).href,
        });
        expect(spool.bytesUsed()).toBe(whole.length);
        await stored.discard();
      }),
      { numRuns: 30 },
    );
    expect(spool.bytesUsed()).toBe(0);
  });

  it('writes what is larger than one write', async () => {
    const spool = await openSpool(10 * limits.spoolWriteBytes);
    const chunks = Array.from({ length: 40 }, (_, place) => Buffer.alloc(65_000 + place, place));
    const stored = await spool.store(Readable.from(chunks), { bytesMax: 10 * limits.spoolWriteBytes });
    expect(await readFile(stored.path)).toEqual(Buffer.concat(chunks));
    expect(stored.sha256).toBe(sha256Of(Buffer.concat(chunks)));
  });

  // Goal: a source that sends byte by byte costs no more memory than one that does not.
  it('does not gather small chunks without end', async () => {
    const spool = await openSpool();
    const source = new Readable({ objectMode: true, read() {} });
    for (let sent = 0; sent <= limits.spoolWriteChunks; sent++) source.push(Buffer.from('x'));
    const stored = spool.store(source, { bytesMax: 1_000 });
    const writtenBytes = async () => {
      const [name = ''] = await readdir(spool.folder);
      return (await stat(join(spool.folder, name))).size;
    };
    await expect.poll(writtenBytes).toBe(limits.spoolWriteChunks);
    source.push(null);
    expect((await stored).bytes).toBe(limits.spoolWriteChunks + 1);
  });

  it('keeps folder and files from everybody else', async () => {
    await mkdir(join(folder, 'spool'), { mode: 0o755 });
    const spool = await openSpool();
    const stored = await spool.store(streamOf('abc'), { bytesMax: 10, durable: true });
    expect((await stat(spool.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(stored.path)).mode & 0o777).toBe(0o600);
  });

  it('gives names that cannot be guessed', async () => {
    const spool = await openSpool();
    const names = new Set<string>();
    for (let i = 0; i < 20; i++) names.add((await spool.store(streamOf('x'), { bytesMax: 10 })).path);
    expect(names.size).toBe(20);
    for (const name of names) expect(name).toMatch(/\/[0-9a-f]{32}$/);
  });

  it('refuses more than bytesMax and leaves nothing behind', async () => {
    const spool = await openSpool();
    const stream = streamOf('12345', '67890', 'x');
    expect(await codeOf(spool.store(stream, { bytesMax: 10 }))).toBe('too_large');
    expect(stream.destroyed).toBe(true);
    await expectEmpty(spool);
  });

  it('takes exactly bytesMax', async () => {
    const spool = await openSpool();
    expect((await spool.store(streamOf('12345', '67890'), { bytesMax: 10 })).bytes).toBe(10);
  });

  it('refuses what was announced as too large before a byte is read', async () => {
    const spool = await openSpool();
    const stream = streamOf('12345');
    expect(await codeOf(spool.store(stream, { bytesMax: 10, bytesExpected: 11 }))).toBe('too_large');
    expect(await codeOf(spool.store(streamOf('1'), { bytesMax: 5_000, bytesExpected: 1_001 }))).toBe('overloaded');
    await expectEmpty(spool);
  });

  it('passes a failure of the source through and leaves nothing behind', async () => {
    const spool = await openSpool();
    const failing = Readable.from(
      (async function* () {
        yield Buffer.from('some');
        throw new Error('the line broke');
      })(),
    );
    await expect(spool.store(failing, { bytesMax: 10 })).rejects.toThrow('the line broke');
    await expectEmpty(spool);
  });

  it('stops at an abort, while the source is silent, with the reason of the signal', async () => {
    const spool = await openSpool();
    const controller = new AbortController();
    const silent = new Readable({ read: () => undefined });
    silent.push('begun');
    const storing = spool.store(silent, { bytesMax: 10, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('no longer wanted')), 20);
    await expect(storing).rejects.toThrow('no longer wanted');
    expect(silent.destroyed).toBe(true);
    await expectEmpty(spool);
  });
});

describe('the room of the spool', () => {
  it('counts files that are still arriving, refuses with overloaded, and gives the room back', async () => {
    const spool = await openSpool(10);
    const first = await spool.store(streamOf('123456'), { bytesMax: 100 });
    expect(await codeOf(spool.store(streamOf('1234', '5'), { bytesMax: 100 }))).toBe('overloaded');
    expect(spool.bytesUsed()).toBe(6);
    await first.discard();
    await first.discard();
    expect(spool.bytesUsed()).toBe(0);
    expect((await spool.store(streamOf('1234567890'), { bytesMax: 100 })).bytes).toBe(10);
  });

  it('counts what an earlier run left', async () => {
    await (await openSpool()).store(streamOf('12345678'), { bytesMax: 100 });
    const spool = await openSpool(10);
    expect(spool.bytesUsed()).toBe(8);
    expect(await codeOf(spool.store(streamOf('123'), { bytesMax: 100 }))).toBe('overloaded');
  });
});

describe('sweep', () => {
  it('takes away the slots that a killed service left', async () => {
    const slot = join(folder, 'spool-slots', 'slot-abc');
    await mkdir(slot, { recursive: true });
    await writeFile(join(slot, 'content'), 'linked');
    await mkdir(join(folder, 'spool'));
    await writeFile(join(folder, 'spool', 'a'.repeat(32)), 'kept');
    const spool = await openSpool();
    expect(await readdir(spool.folder)).toEqual(['a'.repeat(32)]);
    expect(await readdir(join(folder, 'spool-slots'))).toEqual([]);
    expect(spool.bytesUsed()).toBe(4);
  });

  it('keeps the slots where it was told to be, not where a link leads', async () => {
    await mkdir(join(folder, 'disk', 'floodgate'), { recursive: true });
    await symlink(join(folder, 'disk', 'floodgate'), join(folder, 'spool'));
    const spool = await openSpool();
    expect(spool.slotsFolder).toBe(join(folder, 'spool-slots'));
    expect(await readdir(join(folder, 'disk'))).toEqual(['floodgate']);
  });

  it('removes leftovers that no URI names, and nothing of the present run', async () => {
    const before = await openSpool();
    const kept = await before.store(streamOf('kept'), { bytesMax: 10 });
    const orphan = await before.store(streamOf('orphan'), { bytesMax: 10 });
    const spool = await openSpool();
    const fresh = await spool.store(streamOf('fresh'), { bytesMax: 10 });
    expect(await spool.sweep(new Set([kept.uri, 'https://elsewhere.example/video.mp4']))).toBe(1);
    expect(await readFile(kept.path, 'utf8')).toBe('kept');
    expect(await readFile(fresh.path, 'utf8')).toBe('fresh');
    expect(await codeOf(readFile(orphan.path))).toBe('ENOENT');
    expect(spool.bytesUsed()).toBe('kept'.length + 'fresh'.length);
  });

  it('keeps the bytes of unsettled uploads when the data folder was moved', async () => {
    const before = await openSpool();
    const kept = await before.store(streamOf('kept'), { bytesMax: 10 });
    const spool = await openSpool();
    expect(await spool.sweep(new Set([kept.uri.replace(folder, '/elsewhere')]))).toBe(0);
  });

  it('leaves alone what is no file', async () => {
    const before = await openSpool();
    await mkdir(join(before.folder, 'a-folder'));
    await writeFile(join(folder, 'outside'), 'x');
    await symlink(join(folder, 'outside'), join(before.folder, 'a-link'));
    const spool = await openSpool();
    expect(await spool.sweep(new Set())).toBe(0);
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('x');
  });
});

describe('hold', () => {
  it('takes the file away when the last holder releases it', async () => {
    const spool = await openSpool();
    const stored = await spool.store(streamOf('abc'), { bytesMax: 10 });
    const first = spool.hold(stored.path);
    const second = spool.hold(stored.path);
    await first?.release();
    await first?.release();
    expect(await readFile(stored.path, 'utf8')).toBe('abc');
    await second?.release();
    expect(await codeOf(readFile(stored.path))).toBe('ENOENT');
    expect(spool.hold(stored.path)).toBeNull();
  });

  it('knows only files of its own', async () => {
    const spool = await openSpool();
    const stored = await spool.store(streamOf('abc'), { bytesMax: 10 });
    await writeFile(join(spool.folder, 'stranger'), 'x');
    expect(spool.hold(join(spool.folder, 'stranger'))).toBeNull();
    expect(spool.hold(stored.path.replace(spool.folder, '/elsewhere'))).toBeNull();
  });
});

async function expectEmpty(spool: Awaited<ReturnType<typeof openSpool>>): Promise<void> {
  expect(spool.bytesUsed()).toBe(0);
  expect(await createSpool({ folder: spool.folder, bytesMax: 1 }).then((again) => again.bytesUsed())).toBe(0);
}
