/** Metrics of the service as a process: readiness and the child processes. */
import { Counter, Gauge, type Registry } from 'prom-client';

export type ProcessMetrics = ReturnType<typeof createProcessMetrics>;

export function createProcessMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ready: new Gauge({
      name: 'floodgate_ready',
      help: '1 when the component is ready, as /readyz says.',
      labelNames: ['component'] as const,
      registers,
    }),
    memoryLimit: new Gauge({
      name: 'floodgate_memory_limit_bytes',
      help: 'Memory that the process and its children may take: the limit of the container, else what the machine has.',
      registers,
    }),
    children: new Gauge({
      name: 'floodgate_child_pool_processes',
      help: 'Child processes that are up.',
      labelNames: ['pool'] as const,
      registers,
    }),
    utilization: new Gauge({
      name: 'floodgate_child_pool_utilization_ratio',
      help: 'Share of the child processes that work.',
      labelNames: ['pool'] as const,
      registers,
    }),
    queue: new Gauge({
      name: 'floodgate_child_pool_queue_length',
      help: 'Jobs that wait for a child process.',
      labelNames: ['pool'] as const,
      registers,
    }),
    restarts: new Counter({
      name: 'floodgate_child_restarts_total',
      help: 'Child processes replaced, by reason; recycle is routine.',
      labelNames: ['pool', 'reason'] as const,
      registers,
    }),
  };
}
