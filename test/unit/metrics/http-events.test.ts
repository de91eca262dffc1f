/** Goal: whatever clients send, the labels of the HTTP metrics stay a closed set. */
import { describe, expect, it } from 'vitest';
import { httpEvents } from '../../../src/metrics/http-events.ts';
import type { Logger } from '../../../src/metrics/logger.ts';
import { emptyMetrics } from '../../support/populated-metrics.ts';

function listening() {
  const metrics = emptyMetrics();
  const lines: string[] = [];
  const hear = (level: string) => (facts: { status: number }) => lines.push(`${level} ${facts.status}`);
  const told = httpEvents(metrics, { debug: hear('debug'), warn: hear('warn') } as unknown as Logger);
  return { told, lines, text: () => metrics.text() };
}

describe('a request that was answered', () => {
  it('counts by the class of its status, and the route it met', async () => {
    const { told, text } = listening();
    told.requestFinished('GET', '/v1/decisions/:id', 404, 0.002);
    told.requestFinished('GET', '/v1/decisions/:id', 499, 0.002);
    expect(await text()).toContain(
      'floodgate_http_request_duration_seconds_count{method="GET",route="/v1/decisions/:id",status_class="4xx"} 2',
    );
  });

  it('counts as other when its method is one that a client made up', async () => {
    const { told, text } = listening();
    for (const method of ['BREW', 'get', 'x'.repeat(1_000)]) told.requestFinished(method, 'unmatched', 404, 0.001);
    expect(await text()).toContain('_count{method="other",route="unmatched",status_class="4xx"} 3');
    expect(await text()).not.toContain('BREW');
  });

  it('is a warning when the fault is ours, and noise otherwise', () => {
    const { told, lines } = listening();
    for (const status of [200, 404, 500, 503]) told.requestFinished('GET', '/healthz', status, 0.001);
    expect(lines).toEqual(['debug 200', 'debug 404', 'warn 500', 'warn 503']);
  });
});

it('tells how many requests and clients there are, and what slow ones missed', async () => {
  const { told, text } = listening();
  told.requestsInFlight(3);
  told.streamClients(2);
  told.streamEventDropped();
  told.streamEventDropped();
  expect((await text()).split('\n')).toEqual(
    expect.arrayContaining([
      'floodgate_http_requests_in_flight 3',
      'floodgate_sse_clients 2',
      'floodgate_sse_dropped_events_total 2',
    ]),
  );
});
