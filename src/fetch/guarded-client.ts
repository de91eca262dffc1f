/**
 * One GET request that connects to permitted addresses only.
 *
 * The check sits where the connection is made: the addresses that a name resolves to are checked and then handed to the
 * socket, so that no second lookup can give another answer (DNS rebinding). One address that is not permitted refuses
 * the name as a whole: a public name has no business with a private address. Proxies of the environment are not used.
 *
 * Node's own client and not undici: in undici 7 a server that closes while the body waits to be written raises an
 * assertion that nothing can catch (nodejs/undici#5360), and so could end this process at will.
 */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { FloodgateError } from '../errors.ts';
import { type AllowList, mayConnect } from './address-guard.ts';
import { silence } from './silence.ts';

/** All addresses of a name, in the order in which to try them. */
export type Resolve = (host: string) => Promise<LookupAddress[]>;

export interface ClientOptions {
  readonly allow: AllowList;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** The system's resolver by default. */
  readonly resolve?: Resolve;
}

const headers = {
  // Encoded bytes would have to be inflated here before they could be counted and hashed.
  'accept-encoding': 'identity',
  accept: '*/*',
  'user-agent': 'floodgate',
};

export class GuardedClient {
  readonly #options: ClientOptions;
  readonly #agents: { readonly 'http:': http.Agent; readonly 'https:': https.Agent };

  constructor(options: ClientOptions) {
    this.#options = options;
    const lookup = guardedLookup(options.allow, options.resolve ?? resolveBySystem);
    const shared = { keepAlive: true, maxFreeSockets: 4, lookup };
    this.#agents = { 'http:': new http.Agent(shared), 'https:': new https.Agent(shared) };
  }

  /** Resolves when the headers are there. The caller reads the body or destroys it, and bounds its silence. */
  async get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    // A socket that is given an address never calls lookup().
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !mayConnect(literal, this.#options.allow)) throw forbidden(literal);
    const request =
      url.protocol === 'https:'
        ? https.get(url, { agent: this.#agents['https:'], headers, signal })
        : http.get(url, { agent: this.#agents['http:'], headers, signal });
    return await this.#answerOf(request);
  }

  close(): void {
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  #answerOf(request: ClientRequest): Promise<IncomingMessage> {
    const { connectTimeoutMs, headersTimeoutMs } = this.#options;
    let timer = setTimeout(() => request.destroy(silence('CONNECT_TIMEOUT')), connectTimeoutMs);
    const awaitHeaders = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => request.destroy(silence('HEADERS_TIMEOUT')), headersTimeoutMs);
    };
    // "finish": the request has been handed to a socket that is connected.
    request.once('finish', awaitHeaders);
    return new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      // Stays after the first: a request that has failed may report its destruction again.
      request.on('error', reject);
      request.once('close', () => reject(silence('ECONNRESET')));
    }).finally(() => {
      request.off('finish', awaitHeaders);
      clearTimeout(timer);
    });
  }
}

/** In the shape of dns.lookup(), as sockets call it. */
export function guardedLookup(allow: AllowList, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    permittedAddresses(host, allow, resolve).then(
      (addresses) => answerLookup(addresses, options, callback),
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

async function permittedAddresses(host: string, allow: AllowList, resolve: Resolve): Promise<LookupAddress[]> {
  const addresses = await resolve(host);
  if (allow.hasName(host)) return addresses;
  if (addresses.some(({ address }) => !mayConnect(address, allow))) throw forbidden(host);
  return addresses;
}

function answerLookup(
  addresses: readonly LookupAddress[],
  options: LookupOptions,
  callback: Parameters<LookupFunction>[2],
): void {
  const wanted = addresses.filter(({ family }) => !options.family || options.family === family);
  const [first] = wanted;
  if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), []);
  else if (options.all === true) callback(null, wanted);
  else callback(null, first.address, first.family);
}

function resolveBySystem(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dnsLookup(host, { all: true, verbatim: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/** The address stays untold: what internal names resolve to is nobody's business. */
function forbidden(host: string): FloodgateError {
  return new FloodgateError(
    'forbidden_source',
    `${host} is not a public address; FLOODGATE_FETCH_ALLOW opens hosts, addresses and ranges`,
  );
}
