/** Processor time and memory of a process and all that it started, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

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

/** Read at once: hundreds of small reads that each wait for their turn would cost the bench, and so the service, far more. */
export function readTree(rootId: number): TreeUse {
  const tree = withDescendants(readdirSync('/proc').flatMap(readProcess), rootId);
  return {
    cpuSeconds: tree.reduce((sum, each) => sum + each.cpuSeconds, 0),
    residentBytes: tree.reduce((sum, each) => sum + each.residentBytes, 0),
    processes: tree.length,
  };
}

/** None for what is no process, or has ended meanwhile. */
function readProcess(name: string): ProcessFacts[] {
  if (!/^\d+$/.test(name)) return [];
  try {
    return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
  } catch {
    return [];
  }
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
export function readBusySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softIrq + steal) / ticksPerSecond;
}
