/**
 * The file through which a child gets content. The parent copies the content of each job into it and empties it
 * afterwards; the child holds it as an open descriptor and never learns a path.
 *
 * A copy costs about a millisecond per few megabytes (nothing on file systems that share blocks), and in return the
 * child can be another user, in a namespace of its own, without any right to the spool.
 */
import { copyFile, type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Slot {
  /** To be inherited by the child. */
  readonly fd: number;
  /** By which name the child opens it, given that it inherited `fd` as descriptor `slotDescriptor`. */
  readonly nameInChild: string;
  fill(path: string): Promise<void>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Which descriptor the slot is in the child; 3 is its way to answer. */
const slotDescriptor = 4;

const hasProc = platform() === 'linux';

/** `isForOtherUser`: the child must be able to read a file that it does not own. The folder is private all the same. */
export async function openSlot(isForOtherUser: boolean): Promise<Slot> {
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-slot-'));
  const path = join(folder, 'content');
  const mode = isForOtherUser ? 0o644 : 0o600;
  const writer = await open(path, 'wx', mode);
  const reader = await open(path, 'r');
  // Without a name nothing is left behind, however this process ends.
  if (hasProc) await rm(folder, { recursive: true });
  const target = hasProc ? `/proc/self/fd/${writer.fd}` : path;
  return {
    fd: reader.fd,
    nameInChild: hasProc ? `/proc/self/fd/${slotDescriptor}` : path,
    fill: (from) => fillSlot(writer, from, target, mode),
    empty: () => writer.truncate(0),
    async close() {
      await Promise.all([reader.close(), writer.close()]);
      if (!hasProc) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fillSlot(writer: FileHandle, from: string, target: string, mode: number): Promise<void> {
  await copyFile(from, target);
  // Copying takes the mode of the source along.
  await writer.chmod(mode);
}
