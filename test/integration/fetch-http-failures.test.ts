/** Sources that are too large, too slow, broken, moved or busy. */
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { FloodgateError } from '../../src/errors.ts';
import { codeOf, type FetchRig, type FetchRigOptions, openFetchRig, sha256Of } from '../support/fetch-rig.ts';
import { type Origin, startOrigin, startRawOrigin } from '../support/loopback-origin.ts';

let rig: FetchRig;
let origin: Origin | undefined;

afterEach(async () => {
  await rig.close();
  await origin?.close();
  origin = undefined;
});

async function serve(listener: RequestListener, options: FetchRigOptions = {}): Promise<Origin> {
  origin = await startOrigin(listener);
  await openRig(options);
  return origin;
}

async function openRig({ settings, ...rest }: FetchRigOptions): Promise<void> {
  rig = await openFetchRig({ settings: { fetchAllow: ['127.0.0.1'], ...settings }, ...rest });
}

async function failureOf(uri: string, signal?: AbortSignal): Promise<FloodgateError> {
  const failure = await rig.fetcher.fetch({ uri }, signal).then(
    () => new Error('resolved'),
    (thrown: FloodgateError) => thrown,
  );
  expect(await rig.spooled()).toEqual([]);
  expect(rig.spool.bytesUsed()).toBe(0);
  return failure as FloodgateError;
}

describe('a good source', () => {
  it('gives bytes, their SHA-256 and a private file that release() removes', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251));
    const { url, requests } = await serve((_request, response) => response.end(bytes));
    const content = await rig.fetcher.fetch({ uri: `${url}/video.mp4?signature=s3cr3t` });
    expect(content).toMatchObject({ bytes: bytes.length, sha256: sha256Of(bytes) });
    expect(await readFile(content.path)).toEqual(bytes);
    expect(requests[0]).toMatchObject({
      url: '/video.mp4?signature=s3cr3t',
      headers: { 'accept-encoding': 'identity' },
    });
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
    await content.release();
    await content.release();
    expect(await rig.spooled()).toEqual([]);
  });

  it('may redirect, relatively too, up to the limit', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/3') response.end('there');
      else response.writeHead(307, { location: String(Number(request.url?.slice(1)) + 1) }).end('moved');
    });
    const content = await rig.fetcher.fetch({ uri: `${url}/0` });
    expect(await readFile(content.path, 'utf8')).toBe('there');
  });
});

describe('too large', () => {
  const over = Buffer.alloc(100_001);

  it('is refused by its announced length, before the bytes', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 10_000_000_000 });
      response.write('begun');
    });
    expect(await failureOf(url)).toMatchObject({ code: 'too_large' });
  });

  it('is refused when the length is told truly', async () => {
    const { url } = await serve((_request, response) => response.end(over));
    expect(await failureOf(url)).toMatchObject({ code: 'too_large' });
    expect(origin?.requests).toHaveLength(1);
  });

  it('is refused when it comes in chunks without an end', async () => {
    const { url } = await serve((_request, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(20_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    expect(await failureOf(url)).toMatchObject({ code: 'too_large' });
  });

  it('is refused when nothing but the closed connection ends it', async () => {
    const { url, close } = await startRawOrigin((socket) => {
      socket.write('HTTP/1.0 200 OK\r\n\r\n');
      socket.end(over);
    });
    await openRig({});
    expect(await failureOf(url)).toMatchObject({ code: 'too_large' });
    await close();
  });

  it('takes content of exactly the limit', async () => {
    const { url } = await serve((_request, response) => response.end(over.subarray(1)));
    expect((await rig.fetcher.fetch({ uri: url })).bytes).toBe(100_000);
  });
});

describe('too slow', () => {
  it('is timed out when no headers come', async () => {
    const { url } = await serve(() => undefined, { headersTimeoutMs: 50 });
    expect(await failureOf(url)).toMatchObject({ code: 'timed_out' });
    expect(rig.retries).toHaveLength(2);
  });

  it('is timed out when the body falls silent', async () => {
    const { url } = await serve((_request, response) => void response.write('begun'), { idleTimeoutMs: 50 });
    expect(await failureOf(url)).toMatchObject({ code: 'timed_out' });
  });

  it('is timed out when the body drips on and on', async () => {
    const { url } = await serve(
      (_request, response) => {
        const timer = setInterval(() => response.write('.'), 10);
        response.on('close', () => clearInterval(timer));
      },
      { settings: { fetchTimeoutMs: 300 } },
    );
    expect(await failureOf(url)).toMatchObject({ code: 'timed_out', message: expect.stringContaining('300 ms') });
  });

  it('stops with the reason of the signal', async () => {
    const { url } = await serve((_request, response) => void response.write('begun'));
    const controller = new AbortController();
    const failure = failureOf(url, controller.signal);
    await pause(50);
    controller.abort(new Error('stopping'));
    expect(await failure).toMatchObject({ message: 'stopping' });
  });

  it('does not begin under a signal that has aborted', async () => {
    const { url } = await serve((_request, response) => response.end('x'));
    expect(await failureOf(url, AbortSignal.abort(new Error('stopping')))).toMatchObject({ message: 'stopping' });
    expect(origin?.connections()).toBe(0);
  });
});

describe('broken', () => {
  it('is tried again when the body ends early, and unreachable in the end', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only this', () => response.destroy());
    });
    expect(await failureOf(url)).toMatchObject({ code: 'unreachable' });
    expect(origin?.requests).toHaveLength(3);
  });

  it('is tried again when chunks end early', async () => {
    const { url } = await serve((_request, response) => void response.write('begun', () => response.destroy()));
    expect(await failureOf(url)).toMatchObject({ code: 'unreachable' });
    expect(rig.retries).toEqual(['fetch', 'fetch']);
  });

  it('is unreachable when nobody listens', async () => {
    const gone = await startOrigin(() => undefined);
    await gone.close();
    await openRig({});
    expect(await failureOf(gone.url)).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(rig.retries).toHaveLength(2);
  });

  it('is unreachable when the name does not exist', async () => {
    await openRig({
      resolve: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    });
    expect(await failureOf('http://nowhere.example/')).toMatchObject({ code: 'unreachable' });
    expect(rig.retries).toHaveLength(0);
  });

  it('is unreachable when it does not speak HTTP, or not TLS', async () => {
    const { port } = await serve((_request, response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ code: 'unreachable' });
    expect(await failureOf(`https://127.0.0.1:${port}/`)).toMatchObject({ code: 'unreachable' });
  });

  // Goal: a server must not be able to end this process. Closing while the body waits to be written does so in undici 7.
  it('ends the fetch and nothing more when the connection closes under backpressure', async () => {
    const body = Buffer.alloc(90_000);
    const { url, close } = await startRawOrigin((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`);
      socket.end(body);
    });
    await openRig({});
    const fetches = Array.from({ length: 8 }, () => rig.fetcher.fetch({ uri: url }));
    expect((await Promise.all(fetches)).map(({ bytes }) => bytes)).toEqual(fetches.map(() => body.length));
    await close();
  });

  it('is unreachable when it switches protocols', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(101, { upgrade: 'websocket', connection: 'upgrade' }).end();
    });
    expect(await failureOf(url)).toMatchObject({ code: 'unreachable' });
  });

  it('is unreachable when the answer is encoded though plain bytes were asked for', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('whatever');
    });
    expect(await failureOf(url)).toMatchObject({ code: 'unreachable' });
  });

  it('is unreachable after too many redirects, and when one leads nowhere', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(302, request.url === '/nowhere' ? {} : { location: '/again' }).end();
    });
    expect(await failureOf(url)).toMatchObject({ message: expect.stringContaining('more than 3 redirects') });
    expect(origin?.requests).toHaveLength(4);
    expect(await failureOf(`${url}/nowhere`)).toMatchObject({ message: expect.stringContaining('to nowhere') });
  });
});

describe('refusing', () => {
  it.each([400, 401, 403, 404, 410, 204, 206])('is unreachable at once with status %i', async (status) => {
    const { url } = await serve((_request, response) => response.writeHead(status).end());
    expect(await failureOf(url)).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`answered ${status}`),
    });
    expect(origin?.requests).toHaveLength(1);
  });

  it.each([408, 429, 500, 502, 503, 504])('is tried again with status %i', async (status) => {
    let left = 1;
    const { url } = await serve((_request, response) => {
      response.writeHead(left-- > 0 ? status : 200).end('at last');
    });
    const content = await rig.fetcher.fetch({ uri: url });
    expect(await readFile(content.path, 'utf8')).toBe('at last');
    expect(rig.retries).toEqual(['fetch']);
  });

  it('is unreachable when it stays busy', async () => {
    const { url } = await serve((_request, response) => response.writeHead(503).end());
    expect(await failureOf(url)).toMatchObject({ code: 'unreachable' });
    expect(origin?.requests).toHaveLength(3);
  });

  it('waits as long as it is asked to, and gives up at once when that is too long', async () => {
    let left = 1;
    const { url } = await serve(
      (request, response) => {
        const seconds = request.url === '/long' ? '3600' : '1';
        if (left-- > 0) response.writeHead(503, { 'retry-after': seconds }).end();
        else response.end('at last');
      },
      { settings: { fetchTimeoutMs: 5_000 } },
    );
    const begunMs = performance.now();
    await rig.fetcher.fetch({ uri: url }).then((content) => content.release());
    expect(performance.now() - begunMs).toBeGreaterThan(950);
    left = 1;
    expect(await failureOf(`${url}/long`)).toMatchObject({ code: 'unreachable' });
    expect(performance.now() - begunMs).toBeLessThan(4_000);
  });
});

describe('a spool without room', () => {
  it('is waited for, and then says that the machine is the matter, not the content', async () => {
    const { url } = await serve((_request, response) => response.end(Buffer.alloc(600)), {
      spoolBytesMax: 1_000,
      settings: { fetchTimeoutMs: 1_500 },
    });
    const first = await rig.fetcher.fetch({ uri: url });
    expect(await codeOf(rig.fetcher.fetch({ uri: url }))).toBe('overloaded');
    const third = rig.fetcher.fetch({ uri: url });
    await pause(100);
    await first.release();
    expect((await third).bytes).toBe(600);
  });
});

describe('what is told', () => {
  // Goal: a signed URL is a credential. Neither its path nor its query may stand in what is logged or published.
  it('never holds more of a URL than its origin', async () => {
    const { url } = await serve((request, response) => {
      if (request.url?.startsWith('/moved')) response.writeHead(302, { location: '/t0p/end?sig=s3cr3t' }).end();
      else response.writeHead(request.url?.startsWith('/busy') ? 503 : 404).end();
    });
    for (const path of ['/t0p', '/busy/t0p', '/moved/t0p']) {
      const failure = await failureOf(`${url}${path}?sig=s3cr3t`);
      expect(failure.message).toContain(url);
      expect(failure.message).not.toMatch(/s3cr3t|t0p/);
    }
  });

  it('names the field when the URI cannot be read', async () => {
    await openRig({});
    for (const uri of ['http://', 'http://[::1', 'https://a b/', 'http://[fe80::1%25eth0]/']) {
      expect(await failureOf(uri)).toMatchObject({ code: 'invalid_event', fields: [{ pointer: '/content/uri' }] });
    }
  });
});
