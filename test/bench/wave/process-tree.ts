/** Processor time and memory of a process and all that it started, from /proc. */
import { readdir, readFile } from 'node:fs/promises';

interface ProcessFacts {
  readonly id: number;
  readonly parentId: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export interface TreeUse {
  /** Of all its processes since they began, those included that have ended and were waited for. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly processes: number;
}

/** Linux counts in hundredths of a second, and memory in pages. */
const ticksPerSecond = 100;
const pageBytes = 4096;

export async function readTree(rootId: number): Promise<TreeUse> {
  const names = await readdir('/proc').catch(() => {
    throw new Error('the bench needs /proc, for the processor time of the service and its children');
  });
  const read = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readProcess));
  const tree = withDescendants(
    read.filter((each) => each !== null),
    rootId,
  );
  return {
    cpuSeconds: tree.reduce((sum, each) => sum + each.cpuSeconds, 0),
    residentBytes: tree.reduce((sum, each) => sum + each.residentBytes, 0),
    processes: tree.length,
  };
}

/** Null when it has ended meanwhile. */
async function readProcess(name: string): Promise<ProcessFacts | null> {
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null);
  return text === null ? null : parseStat(text);
}

/** A line of /proc/PID/stat. The name of the command stands in brackets and may hold anything. */
export function parseStat(text: string): ProcessFacts {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number) => Number(fields[index]);
  return {
    id: Number.parseInt(text, 10),
    parentId: number(1),
    // Its own in user and system mode, and that of its ended children: children are replaced after a number of jobs.
    cpuSeconds: (number(11) + number(12) + number(13) + number(14)) / ticksPerSecond,
    residentBytes: number(21) * pageBytes,
  };
}

export function withDescendants(all: readonly ProcessFacts[], rootId: number): ProcessFacts[] {
  const tree = all.filter(({ id }) => id === rootId);
  // An array that grows while it is walked: what is added is walked too.
  for (const parent of tree) tree.push(...all.filter(({ parentId }) => parentId === parent.id));
  return tree;
}

/** Seconds of all cores in which the machine was not idle, since it started. */
export async function readBusySeconds(): Promise<number> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softIrq + steal) / ticksPerSecond;
}
