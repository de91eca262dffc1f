/** Counts and times each request, by the pattern of its route. */
import type { Telemetry } from '../telemetry.ts';
import type { App } from './app.ts';

export function measureRequests(app: App, telemetry: Telemetry): void {
  let inFlight = 0;
  app.addHook('onRequest', async (request, reply) => {
    const startedMs = performance.now();
    inFlight += 1;
    telemetry.requestsInFlight(inFlight);
    // 'close' comes after the answer, and also when the client leaves before it; the onResponse hook misses the latter.
    reply.raw.once('close', () => {
      inFlight -= 1;
      telemetry.requestsInFlight(inFlight);
      // A stream lasts as long as its client likes, which says nothing about how fast we answer.
      if (request.routeOptions.config.measured === false) return;
      const status = reply.raw.writableEnded ? reply.statusCode : clientLeftStatus;
      const route = request.routeOptions.url ?? 'unmatched';
      telemetry.requestFinished(request.method, route, status, (performance.now() - startedMs) / 1000);
    });
  });
}

/** As other servers count it; no client ever sees it. */
const clientLeftStatus = 499;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False leaves the route out of the request durations. */
    measured?: boolean;
  }
}
