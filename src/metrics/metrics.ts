/**
 * The registry of one service and every metric in it. Definitions are grouped by subject in `*-metrics.ts`;
 * docs/operations/metrics.md lists them, and a test proves that both agree.
 *
 * Only this folder and telemetry.ts import prom-client, whose successor has another name and drops Node 20.
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type BankMetrics, createBankMetrics } from './bank-metrics.ts';
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts';
import { createLogMetrics, type LogMetrics } from './log-metrics.ts';
import { createPipelineMetrics, type PipelineMetrics } from './pipeline-metrics.ts';
import { createProcessMetrics, type ProcessMetrics } from './process-metrics.ts';
import { createStreamMetrics, type StreamMetrics } from './stream-metrics.ts';

export interface BuildFacts {
  readonly version: string;
  /** Commit the build was made from, or "unknown". */
  readonly revision: string;
  readonly kernelVersion: string;
  readonly nodeVersion: string;
  readonly memoryLimitBytes: number;
}

export interface Metrics {
  readonly registry: Registry;
  readonly pipeline: PipelineMetrics;
  readonly streams: StreamMetrics;
  readonly bank: BankMetrics;
  readonly log: LogMetrics;
  readonly http: HttpMetrics;
  readonly process: ProcessMetrics;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Names of all metrics, in the order of the registry. */
  names(): string[];
}

/** Gauges that prom-client names `_total`, which `promtool check metrics` refuses. */
const misnamedDefaults = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** One registry per service, so that two services in one process (tests, the demo) count apart. */
export function createMetrics(build: BuildFacts): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamedDefaults) registry.removeSingleMetric(name);
  createBuildInfo(registry, build);
  const processMetrics = createProcessMetrics(registry);
  processMetrics.memoryLimit.set(build.memoryLimitBytes);
  return {
    registry,
    pipeline: createPipelineMetrics(registry),
    streams: createStreamMetrics(registry),
    bank: createBankMetrics(registry),
    log: createLogMetrics(registry),
    http: createHttpMetrics(registry),
    process: processMetrics,
    text: () => registry.metrics(),
    contentType: registry.contentType,
    names: () => registry.getMetricsAsArray().map((metric) => metric.name),
  };
}

function createBuildInfo(registry: Registry, build: BuildFacts): void {
  const info = new Gauge({
    name: 'floodgate_build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'revision', 'wasm_revision', 'node'] as const,
    registers: [registry],
  });
  const { version, revision, kernelVersion, nodeVersion } = build;
  info.set({ version, revision, wasm_revision: kernelVersion, node: nodeVersion }, 1);
}
