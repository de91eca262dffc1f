/** Reads how much memory a process takes. */
import { readFileSync } from 'node:fs';

/** Linux counts in pages; all the systems we have binaries for use this size. */
const pageBytes = 4096;

/** Resident bytes of a process; 0 where that cannot be told or the process is gone. */
export function readResidentBytes(pid: number): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1];
    return Number(pages ?? 0) * pageBytes;
  } catch {
    return 0;
  }
}
