/**
 * The place through which a child gets content. The parent puts the content of each job there and takes it away
 * afterwards; the child holds it as an open descriptor and never learns a path, so that it can be another user, in a
 * namespace of its own, without any right to the spool.
 *
 * What lies in the spool is linked: the slot is then a folder beside it, of which the child can open one name and list
 * none. Everything else is copied, which costs a millisecond per megabyte and needs no name: nothing of it is left behind,
 * however this process ends. What a killed service leaves of the folders goes with the next start of the spool.
 */
import { chmod, copyFile, type FileHandle, link, mkdtemp, open, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { slotsFolderOf } from '../config/paths.ts';

export interface Slot {
  /** To be inherited by the child. */
  readonly fd: number;
  /** By which name the child opens it, given that it inherited `fd` as descriptor `slotDescriptor`. */
  readonly nameInChild: string;
  fill(path: string): Promise<void>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

export interface SlotOptions {
  /** The child must be able to read a file that it does not own. The folder is private all the same. */
  readonly isForOtherUser: boolean;
  /** Its files may be linked; absolute, without symbolic links. */
  readonly spoolFolder?: string | undefined;
}

/** Which descriptor the slot is in the child; 3 is its way to answer. */
const slotDescriptor = 4;
const contentName = 'content';

const hasProc = platform() === 'linux';

export async function openSlot({ isForOtherUser, spoolFolder }: SlotOptions): Promise<Slot> {
  const mode = isForOtherUser ? 0o644 : 0o600;
  return spoolFolder === undefined ? openCopy(mode) : openFolder(spoolFolder, mode, isForOtherUser);
}

async function openCopy(mode: number): Promise<Slot> {
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-slot-'));
  const path = join(folder, contentName);
  const writer = await open(path, 'wx', mode);
  const reader = await open(path, 'r');
  // Without a name nothing is left behind, however this process ends.
  if (hasProc) await rm(folder, { recursive: true });
  const target = hasProc ? `/proc/self/fd/${writer.fd}` : path;
  return {
    fd: reader.fd,
    nameInChild: hasProc ? `/proc/self/fd/${slotDescriptor}` : path,
    fill: (from) => copyInto(writer, from, target, mode),
    empty: () => writer.truncate(0),
    async close() {
      await Promise.all([reader.close(), writer.close()]);
      if (!hasProc) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function copyInto(writer: FileHandle, from: string, target: string, mode: number): Promise<void> {
  await copyFile(from, target);
  // Copying takes the mode of the source along.
  await writer.chmod(mode);
}

async function openFolder(spoolFolder: string, mode: number, isForOtherUser: boolean): Promise<Slot> {
  const folder = await mkdtemp(join(slotsFolderOf(spoolFolder), 'slot-'));
  // One may enter it who has it open, and look for a name that is known.
  if (isForOtherUser) await chmod(folder, 0o711);
  const path = join(folder, contentName);
  const handle = await open(folder, 'r');
  return {
    fd: handle.fd,
    nameInChild: hasProc ? `/proc/self/fd/${slotDescriptor}/${contentName}` : path,
    async fill(from) {
      const isOurs = dirname(from) === spoolFolder;
      if (!isOurs || !(await isLinked(from, path))) await copyFile(from, path);
      if (isForOtherUser || !isOurs) await chmod(path, mode);
    },
    empty: () => rm(path, { force: true }),
    async close() {
      await handle.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** False where the file system has no links, or no more of them. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw error;
    return false;
  }
}
