import type { LookupAddress } from 'node:dns';
import { expect, it } from 'vitest';
import { AllowList } from '../../../src/fetch/address-guard.ts';
import { GuardedClient, guardedLookup } from '../../../src/fetch/guarded-client.ts';
import { codeOf } from '../../support/fetch-rig.ts';
import { startOrigin, startRawOrigin } from '../../support/loopback-origin.ts';

const none = new AllowList([]);
const both: LookupAddress[] = [
  { address: '2606:4700::1111', family: 6 },
  { address: '1.1.1.1', family: 4 },
];

function ask(addresses: LookupAddress[], options: { all?: boolean; family?: number }) {
  return new Promise<{ code: string | undefined; address: unknown; family: unknown }>((resolve) => {
    guardedLookup(none, async () => addresses)('a.example', options, (error, address, family) =>
      resolve({ code: error?.code, address, family }),
    );
  });
}

it('answers in each of the shapes that sockets ask for', async () => {
  expect(await ask(both, { all: true })).toMatchObject({ address: both });
  expect(await ask(both, {})).toMatchObject({ address: '2606:4700::1111', family: 6 });
  expect(await ask(both, { family: 4 })).toMatchObject({ address: '1.1.1.1', family: 4 });
  expect(await ask([], { all: true })).toMatchObject({ code: 'ENOTFOUND' });
});

it('refuses all addresses for one that is not public', async () => {
  const mixed = [...both, { address: '10.0.0.1', family: 4 }];
  expect(await ask(mixed, { all: true })).toMatchObject({ code: 'forbidden_source' });
  // Even when the family asked for is a harmless one.
  expect(await ask(mixed, { family: 6 })).toMatchObject({ code: 'forbidden_source' });
});

it('does not tell what an internal name resolves to', async () => {
  const client = new GuardedClient({
    allow: none,
    connectTimeoutMs: 1_000,
    headersTimeoutMs: 1_000,
    resolve: async () => [{ address: '10.20.30.40', family: 4 }],
  });
  const failure = client.get(new URL('http://db.internal/'), new AbortController().signal);
  await expect(failure).rejects.toThrow(/^db\.internal is not a public address/);
  await expect(failure).rejects.not.toThrow(/10\.20/);
  client.close();
});

it('names a source that connects and says nothing, and one that never connects', async () => {
  const mute = await startRawOrigin(() => undefined);
  const open = (resolve?: () => Promise<LookupAddress[]>) =>
    new GuardedClient({
      allow: new AllowList(['127.0.0.1']),
      connectTimeoutMs: 60,
      headersTimeoutMs: 30,
      ...(resolve !== undefined && { resolve }),
    });
  const { signal } = new AbortController();
  const client = open();
  expect(await codeOf(client.get(new URL(mute.url), signal))).toBe('HEADERS_TIMEOUT');
  client.close();
  const stuck = open(() => new Promise(() => undefined));
  expect(await codeOf(stuck.get(new URL('http://a.example/'), signal))).toBe('CONNECT_TIMEOUT');
  stuck.close();
  await mute.close();
});

it('uses a connection again', async () => {
  const origin = await startOrigin((_request, response) => response.end('x'));
  const client = new GuardedClient({
    allow: new AllowList(['127.0.0.1']),
    connectTimeoutMs: 1_000,
    headersTimeoutMs: 1_000,
  });
  for (let i = 0; i < 3; i++) {
    const response = await client.get(new URL(origin.url), new AbortController().signal);
    for await (const chunk of response) expect(chunk).toHaveLength(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(origin.connections()).toBe(1);
  client.close();
  await origin.close();
});
