/** The events of the HTTP interface: their log lines and metrics. Part of telemetry.ts, which has their types. */
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export function httpEvents({ http }: Metrics, log: Logger) {
  return {
    requestsInFlight: (count: number): void => http.inFlight.set(count),
    requestFinished(method: string, route: string, status: number, seconds: number): void {
      const statusClass = `${Math.floor(status / 100)}xx`;
      http.seconds.observe(
        { method: knownMethods.has(method) ? method : 'other', route, status_class: statusClass },
        seconds,
      );
      log[status >= 500 ? 'warn' : 'debug']({ method, route, status, seconds }, 'request answered');
    },
    streamClients: (count: number): void => http.streamClients.set(count),
    streamEventDropped: (): void => http.streamDropped.inc(),
  };
}

/** A client may send any method; the label stays a closed set. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
