/** What a figure was measured under. A number travels with its conditions. */
import { cpus, totalmem } from 'node:os';

export interface Conditions {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly seed: number;
  readonly startedAt: string;
}

export function readConditions(seed: number): Conditions {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    seed,
    startedAt: new Date().toISOString(),
  };
}

/** The value below which `share` of the values lie; nearest rank. 0 for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
