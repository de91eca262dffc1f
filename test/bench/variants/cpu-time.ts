/** CPU time of this process and its children, from the kernel's books. */
import { readdirSync, readFileSync } from 'node:fs';

const tickMs = 10;

/**
 * Milliseconds of all threads since they started. The scheduler's figure of each living thread is exact; that of the
 * process counts threads that have ended too, in ticks, and stands where it is ahead by more than its own coarseness.
 */
export function readCpuMs(children: readonly number[]): number {
  const { user, system } = process.cpuUsage();
  return children.reduce((sum, pid) => sum + readChildMs(pid), (user + system) / 1000);
}

function readChildMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const exact = threads.map((id) => schedulerMs(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8')));
    const ofThreads = exact.reduce((sum, ms) => sum + ms, 0);
    const ofProcess = processMs(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return ofProcess > ofThreads + 2 * tickMs ? ofProcess : ofThreads;
  } catch {
    return 0; // The child has ended: its pool starts another.
  }
}

/** Of `/proc/PID/task/ID/schedstat`: nanoseconds on a processor come first. */
export function schedulerMs(schedstat: string): number {
  return Number(schedstat.split(' ')[0]) / 1e6;
}

/** Of `/proc/PID/stat`: user and system time in ticks, the 14th and 15th field; the 2nd may hold anything in brackets. */
export function processMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
