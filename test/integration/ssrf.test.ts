/**
 * Server-side request forgery: no event may make this process connect to where only it can reach. A listener on
 * loopback stands for everything internal; what counts is that it sees no connection.
 */
import type { LookupAddress } from 'node:dns';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, type FetchRig, type FetchRigOptions, openFetchRig } from '../support/fetch-rig.ts';
import { type Origin, startOrigin } from '../support/loopback-origin.ts';

const publicAddress: LookupAddress = { address: '198.41.0.4', family: 4 };
const loopback: LookupAddress = { address: '127.0.0.1', family: 4 };

let internal: Origin;
let rig: FetchRig | undefined;

beforeAll(async () => {
  internal = await startOrigin((_request, response) => response.end('secret'));
});

afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

afterAll(() => internal.close());

async function open(options: FetchRigOptions = {}): Promise<FetchRig> {
  rig = await openFetchRig(options);
  return rig;
}

/** Each lookup of any name takes the next answer; the last one stays. */
function resolveTo(...answers: readonly (readonly LookupAddress[])[]): () => Promise<LookupAddress[]> {
  let lookups = 0;
  return async () => [...(answers[Math.min(lookups++, answers.length - 1)] ?? [])];
}

async function expectRefused(uri: string, options: FetchRigOptions = {}): Promise<void> {
  const before = internal.connections();
  const { fetcher, spooled } = await open(options);
  expect(await codeOf(fetcher.fetch({ uri }))).toBe('forbidden_source');
  expect(internal.connections()).toBe(before);
  expect(await spooled()).toEqual([]);
}

describe('addresses written into the URL', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1.',
    'localhost',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '127.1',
    '0.0.0.0',
    '0',
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
  ])('refuses http://%s', async (host) => {
    await expectRefused(`http://${host}:${internal.port}/`);
  });

  it('refuses them over https as well', async () => {
    await expectRefused(`https://127.0.0.1:${internal.port}/`);
    await expectRefused(`https://[::1]:${internal.port}/`);
  });
});

describe('names that resolve to what is internal', () => {
  const at = (host: string) => `http://${host}:${internal.port}/latest/meta-data/`;

  it.each([
    ['a name at loopback', [loopback]],
    ['a metadata name', [{ address: '169.254.169.254', family: 4 }]],
    ['a metadata name over IPv6', [{ address: 'fd00:ec2::254', family: 6 }]],
    ['a name at a mapped address', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    ['one public and one private address', [publicAddress, loopback]],
    ['one private and one public address', [loopback, publicAddress]],
    ['a link-local address with a zone', [{ address: 'fe80::1%lo', family: 6 }]],
  ] as const)('refuses %s', async (_what, answer) => {
    await expectRefused(at('metadata.example'), { resolve: resolveTo(answer) });
  });

  // Goal: a name that was public when first looked at and is private when connected to gets nowhere. The first answer
  // is a refused port of loopback, opened by address, so that the attempt fails and a second lookup takes place.
  it('refuses a name that turns private between two attempts', async () => {
    const closedPort: LookupAddress = { address: '127.0.0.2', family: 4 };
    const before = internal.connections();
    const { fetcher, retries } = await open({
      settings: { fetchAllow: ['127.0.0.2'] },
      resolve: resolveTo([closedPort], [loopback]),
    });
    const unused = await startOrigin(() => undefined);
    await unused.close();
    expect(await codeOf(fetcher.fetch({ uri: `http://rebind.example:${unused.port}/` }))).toBe('forbidden_source');
    expect(retries).toEqual(['fetch']);
    expect(internal.connections()).toBe(before);
  });

  // Goal: what is checked is what is connected to. One lookup a connection leaves no gap for a second answer.
  it('looks a name up once a connection', async () => {
    let lookups = 0;
    const { fetcher } = await open({
      settings: { fetchAllow: ['127.0.0.1'] },
      resolve: async () => {
        lookups += 1;
        return [loopback];
      },
    });
    const content = await fetcher.fetch({ uri: at('rebind.example') });
    expect(content.bytes).toBe('secret'.length);
    expect(lookups).toBe(1);
  });
});

describe('redirects', () => {
  async function redirectTo(location: string, options: FetchRigOptions = {}): Promise<string> {
    const outside = await startOrigin((_request, response) => response.writeHead(302, { location }).end());
    const before = internal.connections();
    const { fetcher } = await open({
      settings: { fetchAllow: ['outside.example'] },
      resolve: resolveTo([loopback]),
      ...options,
    });
    const code = await codeOf(fetcher.fetch({ uri: `http://outside.example:${outside.port}/` }));
    expect(outside.connections()).toBe(1);
    expect(internal.connections()).toBe(before);
    await outside.close();
    return code;
  }

  it.each(['127.0.0.1', '[::1]', '2130706433', 'internal.example', '169.254.169.254'])(
    'does not follow one from a permitted host to %s',
    async (host) => {
      expect(await redirectTo(`http://${host}:${internal.port}/`)).toBe('forbidden_source');
    },
  );

  it.each(['file:///etc/passwd', 's3://bucket/key', 'gopher://127.0.0.1/', 'data:text/plain,x', 'ftp://127.0.0.1/'])(
    'does not follow one to %s',
    async (location) => {
      expect(await redirectTo(location)).toBe('forbidden_source');
    },
  );

  it('does not follow one with a user name', async () => {
    expect(await redirectTo('http://user:pw@outside.example/')).toBe('forbidden_source');
  });
});

describe('what an operator opens', () => {
  it.each([
    ['an address', ['127.0.0.1']],
    ['a range', ['127.0.0.0/8']],
    ['a name', ['store.example']],
  ])('is reached by %s', async (_what, fetchAllow) => {
    const { fetcher } = await open({ settings: { fetchAllow }, resolve: resolveTo([loopback]) });
    expect(await codeOf(fetcher.fetch({ uri: `http://store.example:${internal.port}/` }))).toBe('resolved');
  });

  it('opens a name without opening its address under another name', async () => {
    await expectRefused(`http://other.example:${internal.port}/`, {
      settings: { fetchAllow: ['store.example'] },
      resolve: resolveTo([loopback]),
    });
    await expectRefused(`http://127.0.0.1:${internal.port}/`, { settings: { fetchAllow: ['localhost'] } });
  });
});

describe('other ways out', () => {
  it.each(['http://user@store.example/', 'http://:pw@store.example/', 'https://a:b@127.0.0.1/'])(
    'refuses a user name or password: %s',
    async (uri) => {
      await expectRefused(uri, { settings: { fetchAllow: ['store.example'] } });
    },
  );

  it.each(['ftp://store.example/x', 'data:text/plain,x', 'gopher://127.0.0.1/', 'unix:/run/docker.sock', 'x'])(
    'refuses the scheme of %s',
    async (uri) => {
      await expectRefused(uri);
    },
  );

  it('does not use the proxies of the environment', async () => {
    const before = { ...process.env };
    const proxy = await startOrigin((_request, response) => response.end('from the proxy'));
    process.env.http_proxy = proxy.url;
    process.env.HTTP_PROXY = proxy.url;
    process.env.ALL_PROXY = proxy.url;
    try {
      const { fetcher } = await open({ settings: { fetchAllow: ['store.example'] }, resolve: resolveTo([loopback]) });
      const content = await fetcher.fetch({ uri: `http://store.example:${internal.port}/` });
      expect(content.bytes).toBe('secret'.length);
      expect(proxy.connections()).toBe(0);
    } finally {
      process.env = before;
      await proxy.close();
    }
  });
});
