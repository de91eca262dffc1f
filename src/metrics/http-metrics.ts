/** Metrics of the HTTP interface. `route` is the pattern of a route, never a path that was asked for. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Up to 60 s: a request may wait that long for its decision. */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export type HttpMetrics = ReturnType<typeof createHttpMetrics>;

export function createHttpMetrics(registry: Registry) {
  const registers = [registry];
  return {
    seconds: new Histogram({
      name: 'floodgate_http_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer.',
      labelNames: ['method', 'route', 'status_class'] as const,
      buckets: requestBuckets,
      registers,
    }),
    inFlight: new Gauge({
      name: 'floodgate_http_requests_in_flight',
      help: 'Requests being answered now, streams included.',
      registers,
    }),
    streamClients: new Gauge({
      name: 'floodgate_sse_clients',
      help: 'Clients that follow the stream of decisions.',
      registers,
    }),
    streamDropped: new Counter({
      name: 'floodgate_sse_dropped_events_total',
      help: 'Events not sent because the client was too slow and was disconnected; it may resume.',
      registers,
    }),
  };
}
