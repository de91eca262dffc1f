import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

describe('the proxy for network faults', () => {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  let proxy: TcpProxy;
  const clients: Socket[] = [];

  beforeEach(async () => {
    await once(echo.listen(0, '127.0.0.1'), 'listening');
    proxy = await startProxy({ target: `127.0.0.1:${(echo.address() as AddressInfo).port}` });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.close();
    await once(echo.close(), 'close');
  });

  async function open(): Promise<Socket> {
    const client = connect(proxy.port, '127.0.0.1');
    clients.push(client);
    await once(client, 'connect');
    return client;
  }

  /** What has come back so far. */
  function heardBy(client: Socket): () => string {
    let heard = '';
    client.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    return () => heard;
  }

  it('carries bytes both ways, in order, however many', async () => {
    const client = await open();
    const heard = heardBy(client);
    const sent = Array.from({ length: 300_000 }, (_, place) => String(place)).join(' ');
    client.end(sent);
    await once(client, 'end');
    expect(heard() === sent).toBe(true);
  });

  it('resets what is open, and takes new connections after it', async () => {
    const client = await open();
    client.write('before');
    await once(client, 'data');
    const failed = once(client, 'error');
    expect(proxy.connections()).toBe(1);
    proxy.resetAll();
    expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
    const next = await open();
    next.write('after');
    expect(String((await once(next, 'data'))[0])).toBe('after');
  });

  it('holds traffic back while it is paused, also of new connections, and loses nothing of it', async () => {
    const early = await open();
    proxy.pauseTraffic();
    const late = await open();
    const heard = [heardBy(early), heardBy(late)];
    early.write('early');
    late.write('late');
    // A round trip elsewhere in this process shows that time has passed for the sockets.
    const bystander = connect((echo.address() as AddressInfo).port, '127.0.0.1');
    for (let trip = 0; trip < 20; trip++) {
      bystander.write('x');
      await once(bystander, 'data');
    }
    bystander.destroy();
    expect(heard.map((each) => each())).toEqual(['', '']);
    proxy.resumeTraffic();
    await vi.waitFor(() => expect(heard.map((each) => each())).toEqual(['early', 'late']));
  });

  it('delays by its latency in each direction', async () => {
    const client = await open();
    proxy.latencyMs = 60;
    const started = performance.now();
    client.write('slow');
    await once(client, 'data');
    // Timers may be up to a millisecond early.
    expect(performance.now() - started).toBeGreaterThanOrEqual(118);
  });

  it('refuses new connections on demand, and leaves the open ones alone', async () => {
    const client = await open();
    client.write('x');
    await once(client, 'data');
    proxy.isRefusing = true;
    const refused = connect(proxy.port, '127.0.0.1');
    expect(((await once(refused, 'close').catch((error: NodeJS.ErrnoException) => [error.code])) as unknown[])[0]).toBe(
      'ECONNRESET',
    );
    client.write('still here');
    expect(String((await once(client, 'data'))[0])).toBe('still here');
  });

  it('passes it on when the target is not there', async () => {
    const nowhere = await startProxy({ target: '127.0.0.1:1' });
    const client = connect(nowhere.port, '127.0.0.1');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await nowhere.close();
  });
});
