/** Goal: a child gets each content by its descriptor alone, what is in the spool without a copy, and nothing stays behind. */
import { chmod, mkdir, mkdtemp, open, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LinkedSpool, openSlot } from '../../../src/fingerprint/slot.ts';

const refused = vi.hoisted(() => ({ code: '' }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const link: typeof real.link = async (...args) => {
    if (refused.code !== '') throw Object.assign(new Error('refused'), { code: refused.code });
    return real.link(...args);
  };
  return { ...real, link };
});

let folder = '';
let spool: LinkedSpool = { folder: '', slotsFolder: '' };
let inSpool = '';
let elsewhere = '';

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'floodgate-test-slot-')));
  spool = { folder: join(folder, 'spool'), slotsFolder: join(folder, 'slots') };
  for (const each of Object.values(spool)) await mkdir(each, { mode: 0o700 });
  [inSpool, elsewhere] = [join(spool.folder, 'a'.repeat(32)), join(folder, 'film.mp4')];
  await writeFile(inSpool, 'spooled');
  await writeFile(elsewhere, 'a film');
});
beforeEach(() => Promise.all([chmod(inSpool, 0o600), chmod(elsewhere, 0o600)]));
afterAll(() => rm(folder, { recursive: true }));

/** As a child that inherited the descriptor opens it. */
const asInherited = (slot: { fd: number; nameInChild: string }) =>
  slot.nameInChild.replace('/proc/self/fd/4', `/proc/self/fd/${slot.fd}`);

describe.each([true, false])('a slot, for another user: %s', (isForOtherUser) => {
  const mode = isForOtherUser ? 0o644 : 0o600;

  it.each([true, false])('holds one content after the other, in the spool: %s', async (hasSpool) => {
    const slot = await openSlot({ isForOtherUser, spool: hasSpool ? spool : undefined });
    for (const [path, content] of [
      [inSpool, 'spooled'],
      [elsewhere, 'a film'],
      [inSpool, 'spooled'],
    ] as const) {
      await slot.fill(path);
      expect(await readFile(asInherited(slot), 'utf8')).toBe(content);
      expect((await stat(asInherited(slot))).mode & 0o777).toBe(mode);
      await slot.empty();
      expect(await readFile(asInherited(slot), 'utf8').catch(({ code }) => code)).toBe(hasSpool ? 'ENOENT' : '');
    }
    await slot.close();
    expect(await readdir(spool.slotsFolder)).toEqual([]);
    expect(await readdir(spool.folder)).toEqual(['a'.repeat(32)]);
    expect(await readFile(inSpool, 'utf8')).toBe('spooled');
    expect((await stat(elsewhere)).mode & 0o777).toBe(0o600);
  });

  it('links what is in the spool, and nothing else', async () => {
    const slot = await openSlot({ isForOtherUser, spool });
    await slot.fill(inSpool);
    expect((await stat(asInherited(slot))).ino).toBe((await stat(inSpool)).ino);
    await slot.empty();
    await slot.fill(elsewhere);
    expect((await stat(asInherited(slot))).ino).not.toBe((await stat(elsewhere)).ino);
    await slot.close();
  });

  it('keeps what it holds when the spool lets go of it', async () => {
    const slot = await openSlot({ isForOtherUser, spool });
    const path = join(spool.folder, 'b'.repeat(32));
    await writeFile(path, 'going');
    await slot.fill(path);
    await rm(path);
    expect(await readFile(asInherited(slot), 'utf8')).toBe('going');
    await slot.close();
  });

  it.each(['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP'])('copies where a link fails with %s', async (code) => {
    const slot = await openSlot({ isForOtherUser, spool });
    refused.code = code;
    await slot.fill(inSpool).finally(() => {
      refused.code = '';
    });
    expect(await readFile(asInherited(slot), 'utf8')).toBe('spooled');
    expect((await stat(asInherited(slot))).ino).not.toBe((await stat(inSpool)).ino);
    await slot.close();
  });

  it.each(['from the spool', 'from elsewhere'])(
    'never writes into what it holds, which may be a link: %s',
    async (which) => {
      const slot = await openSlot({ isForOtherUser, spool });
      await slot.fill(inSpool);
      await expect(slot.fill(which === 'from the spool' ? inSpool : elsewhere)).rejects.toMatchObject({
        code: 'EEXIST',
      });
      expect(await readFile(inSpool, 'utf8')).toBe('spooled');
      await slot.close();
    },
  );

  it('says that a content is gone', async () => {
    const slot = await openSlot({ isForOtherUser, spool });
    await expect(slot.fill(join(spool.folder, 'c'.repeat(32)))).rejects.toMatchObject({ code: 'ENOENT' });
    await slot.close();
  });
});

it('may be entered by another user and not be listed', async () => {
  const slot = await openSlot({ isForOtherUser: true, spool });
  const handle = await open(`/proc/self/fd/${slot.fd}`, 'r');
  expect((await handle.stat()).mode & 0o777).toBe(0o711);
  await handle.close();
  await slot.close();
});
