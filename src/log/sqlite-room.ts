/**
 * Whether there is room for more: free bytes on the file system, and the log's own size.
 *
 * Appends stop first. Settling goes on into a reserve, because what was accepted must be able to finish: half of the
 * free bytes that appends leave, and an eighth of the log's size on top. Sizes count pages in use, so that what
 * retention has freed is room again although the file stays as long as it is.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CommitRequest } from './commit.ts';
import type { Connection } from './sqlite-file.ts';

export interface RoomLimits {
  readonly logBytesMax: number;
  readonly logFreeBytesMin: number;
}

export interface Room {
  readonly freeBytes: number;
  readonly usedBytes: number;
}

const sizeReserveShare = 1 / 8;
const freeReserveShare = 1 / 2;

/** Why a request of this kind cannot be taken, or null when there is room. Pure. */
export function refusalForRoom(kind: CommitRequest['kind'], room: Room, bounds: RoomLimits): string | null {
  const settling = kind === 'settle';
  const bytesMax = bounds.logBytesMax * (settling ? 1 + sizeReserveShare : 1);
  const freeMin = bounds.logFreeBytesMin * (settling ? freeReserveShare : 1);
  if (room.freeBytes < freeMin) {
    return `the file system has ${room.freeBytes} bytes free, and the log needs ${freeMin}; make room on it`;
  }
  if (room.usedBytes > bytesMax) {
    return `the log has ${room.usedBytes} bytes, and ${bytesMax} are allowed; raise the limit or shorten the retention`;
  }
  return null;
}

/** Pages that the file may have at most: SQLite itself then refuses one commit that is larger than the room left. */
export function pagesMax(bounds: RoomLimits, pageBytes: number): number {
  return Math.max(256, Math.ceil((bounds.logBytesMax * (1 + 2 * sizeReserveShare)) / pageBytes));
}

export function freeBytesAt(path: string): number {
  const stats = statfsSync(dirname(path));
  return stats.bavail * stats.bsize;
}

/** Gives how many bytes the database uses, free pages left out. */
export function usedBytesOf(db: Connection): () => number {
  const statement = db
    .prepare(
      'SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    )
    .raw();
  return () => {
    const [pages = 0, freePages = 0, pageBytes = 0] = statement.get() as number[];
    return (pages - freePages) * pageBytes;
  };
}
