/** Goal: whatever a service, or something else at its address, answers becomes a result or an error with its code. */
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient, type ClientOptions } from '../../../src/cli/client.ts';
import { packageFile } from '../../../src/config/paths.ts';
import { startOrigin } from '../../support/loopback-origin.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function clientOf(listener: RequestListener, options: Partial<ClientOptions> = {}) {
  const origin = await startOrigin(listener);
  closers.push(() => origin.close());
  return { client: new ApiClient({ url: origin.url, token: undefined, ...options }), origin };
}

function answering(status: number, body: unknown): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

describe('what goes wrong', () => {
  it.each([
    [503, { code: 'overloaded', detail: 'try again later' }, 'overloaded', 'try again later'],
    [401, { code: 'unauthorized', title: 'A token is required' }, 'unauthorized', 'A token is required'],
    [500, { code: 'toString', detail: 'not a code of ours' }, 'internal', 'not a code of ours'],
    [502, '<html>Bad gateway</html>', 'internal', 'the service answered 502: <html>'],
    [200, '<html>Welcome</html>', 'unreachable', 'is not Floodgate'],
  ])('with status %i and body %j is told as it is', async (status, body, code, message) => {
    const { client } = await clientOf(answering(status, body));
    const failing = client.listBank({});
    await expect(failing).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('with a field names the field', async () => {
    const errors = [{ pointer: '/labels', message: 'must be an array' }];
    const { client } = await clientOf(answering(400, { code: 'invalid_request', detail: 'no', errors }));
    await expect(client.listBank({})).rejects.toMatchObject({ code: 'invalid_request', fields: errors });
  });

  it('in the connection is told from a service that is not there', async () => {
    const { client, origin } = await clientOf((request) => request.socket.destroy());
    await expect(client.listBank({})).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('the connection failed'),
    });
    await origin.close();
    await expect(client.listBank({})).rejects.toMatchObject({ message: expect.stringContaining('running?') });
  });

  it('with the address or the file is told before anything is sent', async () => {
    expect(() => new ApiClient({ url: 'localhost:8080', token: undefined })).toThrow('is not an address');
    const { client, origin } = await clientOf(answering(200, {}));
    await expect(client.submitFile(packageFile('src'), {}, 1)).rejects.toMatchObject({ code: 'not_found' });
    expect(origin.connections()).toBe(0);
  });
});

describe('what is sent', () => {
  it('carries the token, and a list as a field for each item', async () => {
    let form = '';
    const { client, origin } = await clientOf(
      (request, response) => {
        request.on('data', (chunk: Buffer) => {
          form += chunk.toString();
        });
        request.on('end', () => response.end('{}'));
      },
      { token: 'the-token' },
    );
    await client.addFileToBank(packageFile('LICENSE'), { contentId: 'licence', labels: ['a', 'b'] });
    expect(origin.requests[0]?.headers.authorization).toBe('Bearer the-token');
    expect(form.match(/name="labels"/g)).toHaveLength(2);
    expect(form).toContain('name="contentId"\r\n\r\nlicence\r\n');
    expect(form).toContain('filename="LICENSE"');
  });

  it('is given up with the reason of the signal', async () => {
    const interrupting = new AbortController();
    const { client } = await clientOf(() => interrupting.abort('SIGINT'), { signal: interrupting.signal });
    await expect(client.removeFromBank('a')).rejects.toBe('SIGINT');
  });
});

describe('an upload', () => {
  it('is decided with 200, and pending with 202', async () => {
    const decided = await clientOf(answering(200, { uploadId: 'a' }));
    expect(await decided.client.submitEvent({}, 1)).toEqual({ uploadId: 'a' });
    const pending = await clientOf(answering(202, { uploadId: 'a' }));
    expect(await pending.client.submitEvent({}, 1)).toBeUndefined();
  });
});

describe('following', () => {
  const stream = 'retry: 2000\n\nid: 4\nevent: decision\ndata: {"uploadId":"a"}\n\n';

  async function follow(client: ApiClient, onDecision: () => void = () => {}) {
    const seen = [];
    for await (const made of await client.followDecisions()) {
      seen.push(made);
      onDecision();
    }
    return seen;
  }

  it('yields decisions with their sequences, until the signal', async () => {
    const leaving = new AbortController();
    const { client } = await clientOf((_request, response) => response.write(stream), { signal: leaving.signal });
    const seen = await follow(client, () => leaving.abort('SIGINT'));
    expect(seen).toEqual([{ sequence: 4, decision: { uploadId: 'a' } }]);
  });

  it('says when the service ended the stream, and when it broke off', async () => {
    const ended = await clientOf((_request, response) => response.end(stream));
    await expect(follow(ended.client)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ended the stream'),
    });
    const broken = await clientOf((_request, response) => {
      response.write(stream);
      setTimeout(() => response.destroy(), 50);
    });
    await expect(follow(broken.client)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('broke off'),
    });
  });
});
