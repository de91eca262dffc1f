/** Goal: a client of the stream gets each decision once and in order, also when it was away, and cannot fill our memory. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { decisionOf } from '../../support/decisions.ts';
import { fakeParts, startFakeServer } from '../../support/http-fakes.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start() {
  const heard = { clients: 0, dropped: 0 };
  const telemetry = silentTelemetry({
    streamClients: (count) => {
      heard.clients = count;
    },
    streamEventDropped: () => {
      heard.dropped += 1;
    },
  });
  const parts = fakeParts({ telemetry });
  const server = await startFakeServer(parts);
  servers.push(server);
  const { address } = await server.listen();
  return { parts, server, heard, url: `${address}/v1/decisions/stream` };
}

/** Reads events until `count` have come. */
async function readEvents(response: Response, count: number): Promise<{ id: string; uploadId: string }[]> {
  const decoder = new TextDecoder();
  let text = '';
  const events = () => [...text.matchAll(/id: (\d+)\nevent: decision\ndata: (.+)\n\n/g)];
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (events().length >= count) break;
  }
  return events().map((event) => ({ id: String(event[1]), uploadId: JSON.parse(String(event[2])).uploadId }));
}

async function until(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && !holds(); attempt += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(holds()).toBe(true);
}

describe('GET /v1/decisions/stream', () => {
  it('starts with what comes next, and tells proxies not to hold it back', async () => {
    const { parts, url, heard } = await start();
    parts.decisions.add(decisionOf('allow', { uploadId: 'old' }));
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    await until(() => heard.clients === 1);
    parts.decisions.add(decisionOf('block', { uploadId: 'new' }));
    expect(await readEvents(response, 1)).toEqual([{ id: '1', uploadId: 'new' }]);
    await until(() => heard.clients === 0);
  });

  it.each([
    ['the header', (url: string) => fetch(url, { headers: { 'last-event-id': '0' } })],
    ['the query', (url: string) => fetch(`${url}?lastEventId=0`)],
  ])('resumes after the id in %s and misses nothing', async (_name, open) => {
    const { parts, url } = await start();
    const count = limits.streamReplayBatchMax * 2 + 10;
    for (let index = 0; index < count; index += 1) parts.decisions.add(decisionOf('allow', { uploadId: `u${index}` }));
    const response = await open(url);
    // While the client catches up, more decisions are made.
    parts.decisions.add(decisionOf('block', { uploadId: 'late' }));
    const events = await readEvents(response, count);
    expect(events.map((event) => Number(event.id))).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(events.at(-1)?.uploadId).toBe('late');
  });

  it('refuses an id that is none, before it starts to stream', async () => {
    const { server } = await start();
    const headers = { 'last-event-id': 'x' };
    const answer = await server.app.inject({ url: '/v1/decisions/stream', headers });
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ pointer: '/headers/last-event-id' }] });
  });

  it('disconnects a client that does not read, and counts it', async () => {
    const { parts, url, heard } = await start();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`GET /v1/decisions/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
    await until(() => heard.clients === 1);
    socket.pause();
    const heavy = decisionOf('allow', { context: { filler: 'x'.repeat(256 * 1024) } });
    await until(() => {
      parts.decisions.add(heavy);
      return heard.dropped > 0;
    });
    await until(() => heard.clients === 0);
    socket.destroy();
  });

  it('ends the streams when the server closes', async () => {
    const { server, url } = await start();
    const response = await fetch(url);
    const ended = response.text();
    await server.close();
    expect(await ended).toContain('retry: ');
  });
});
