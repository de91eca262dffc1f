/** Metrics of live streams. */
import { Counter, Gauge, type Registry } from 'prom-client';

export type StreamMetrics = ReturnType<typeof createStreamMetrics>;

export function createStreamMetrics(registry: Registry) {
  const registers = [registry];
  return {
    live: new Gauge({
      name: 'floodgate_streams_live',
      help: 'Live streams of which this instance keeps evidence.',
      registers,
    }),
    decisions: new Counter({
      name: 'floodgate_stream_decisions_total',
      help: 'Decisions on live streams, revisions included. In observe-only mode observed_block or observed_review.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    rebuilds: new Counter({
      name: 'floodgate_stream_rebuilds_total',
      help: 'Partitions whose live streams were read back from their fingerprints.',
      registers,
    }),
    evicted: new Counter({
      name: 'floodgate_streams_evicted_total',
      help: 'Live streams whose evidence was let go of because there was no room for it.',
      registers,
    }),
  };
}
