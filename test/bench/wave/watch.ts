/** What a stage costs: processor time of the service and of the bench, of everybody else, and memory at its highest. */
import { readBusySeconds, readTree } from './process-tree.ts';

export interface Cost {
  readonly seconds: number;
  /** Of the service and its children. */
  readonly cpuSeconds: number;
  /** Of the bench, which makes the load and serves the media on the same cores. */
  readonly benchCpuSeconds: number;
  /** Cores that neither of them used, on the average: other work on the machine. */
  readonly othersCores: number;
}

export interface Watch {
  /** Resident memory of the service and its children together, at its highest so far; shared pages count in each. */
  readonly peakRssMb: number;
  /** Tells, when called, what has been spent since. */
  begin(): () => Cost;
  stop(): void;
}

const sampleMs = 1_000;

/** Throws where there is no /proc. */
export function watchService(pid: number): Watch {
  let peakBytes = 0;
  const sample = () => {
    peakBytes = Math.max(peakBytes, readTree(pid).residentBytes);
  };
  sample();
  const timer = setInterval(sample, sampleMs);
  const readAll = () => ({
    ms: performance.now(),
    service: readTree(pid).cpuSeconds,
    bench: benchCpuSeconds(),
    all: readBusySeconds(),
  });
  return {
    get peakRssMb() {
      return Math.round(peakBytes / 1e6);
    },
    begin() {
      const before = readAll();
      return () => {
        const after = readAll();
        const seconds = (after.ms - before.ms) / 1000;
        const cpuSeconds = after.service - before.service;
        const bench = after.bench - before.bench;
        const others = (after.all - before.all - cpuSeconds - bench) / seconds;
        return { seconds, cpuSeconds, benchCpuSeconds: bench, othersCores: Math.max(0, others) };
      };
    },
    stop: () => clearInterval(timer),
  };
}

function benchCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Rungs below full effort, as the service tells in its metrics; null when it does not tell. */
export async function readRung(url: string): Promise<number | null> {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  return rungIn(text);
}

export function rungIn(metrics: string): number | null {
  const value = /^floodgate_effort_rung(?:\{[^}\n]*\})? (\S+)/m.exec(metrics)?.[1];
  return value === undefined ? null : Number(value);
}
