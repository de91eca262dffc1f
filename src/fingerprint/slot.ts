/**
 * The place through which a child gets content. The parent puts the content of each job there and takes it away
 * afterwards; the child holds it as an open descriptor and never learns a path, so that it can be another user, in a
 * namespace of its own, without any right to the spool.
 *
 * With a spool, whose files can be linked, the slot is a folder beside it, of which the child can open one name and list
 * none; what a killed service leaves there goes with the next start of the spool. Other content is copied, which costs a
 * millisecond per megabyte. Without a spool the slot is a file without a name, and nothing is left behind, however this
 * process ends.
 */
import { chmod, constants, copyFile, type FileHandle, link, mkdtemp, open, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Slot {
  /** To be inherited by the child. */
  readonly fd: number;
  /** By which name the child opens it, given that it inherited `fd` as descriptor `slotDescriptor`. */
  readonly nameInChild: string;
  fill(path: string): Promise<void>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Files right below `folder` may be linked into folders within `slotsFolder`. Both absolute, the first without links. */
export interface LinkedSpool {
  readonly folder: string;
  readonly slotsFolder: string;
}

export interface SlotOptions {
  /** The child must be able to read a file that it does not own. The folder is private all the same. */
  readonly isForOtherUser: boolean;
  readonly spool?: LinkedSpool | undefined;
}

/** Which descriptor the slot is in the child; 3 is its way to answer. */
const slotDescriptor = 4;
const contentName = 'content';

const hasProc = platform() === 'linux';

export async function openSlot({ isForOtherUser, spool }: SlotOptions): Promise<Slot> {
  const mode = isForOtherUser ? 0o644 : 0o600;
  return spool === undefined ? openFile(mode) : openFolder(spool, mode, isForOtherUser);
}

async function openFile(mode: number): Promise<Slot> {
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

async function openFolder(spool: LinkedSpool, mode: number, isForOtherUser: boolean): Promise<Slot> {
  const folder = await mkdtemp(join(spool.slotsFolder, 'slot-'));
  // One may enter it who has it open, and look for a name that is known.
  if (isForOtherUser) await chmod(folder, 0o711);
  const path = join(folder, contentName);
  const handle = await open(folder, 'r');
  return {
    fd: handle.fd,
    nameInChild: hasProc ? `/proc/self/fd/${slotDescriptor}/${contentName}` : path,
    async fill(from) {
      const isOurs = dirname(from) === spool.folder;
      // Never into what is there already: it may be a link to another upload.
      if (!isOurs || !(await tryLink(from, path))) await copyFile(from, path, constants.COPYFILE_EXCL);
      if (isForOtherUser || !isOurs) await chmod(path, mode);
    },
    empty: () => rm(path, { force: true }),
    async close() {
      await handle.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What link() fails with where the file systems are two, have no links, or no more of them for this file. */
const unlinkable = ['EXDEV', 'EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK'];

/** False where there can be no link. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (unlinkable.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
