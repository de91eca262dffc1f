/**
 * An undici agent that connects to permitted addresses only.
 *
 * The check sits where the connection is made: the addresses that a name resolves to are checked and then handed to the
 * socket, so that no second lookup can give another answer (DNS rebinding). One address that is not permitted refuses
 * the name as a whole: a public name has no business with a private address. Proxies of the environment are not used.
 */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { FloodgateError } from '../errors.ts';
import { type AllowList, mayConnect } from './address-guard.ts';

/** All addresses of a name, in the order in which to try them. */
export type Resolve = (host: string) => Promise<LookupAddress[]>;

export interface AgentOptions {
  readonly allow: AllowList;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** The system's resolver by default. */
  readonly resolve?: Resolve;
}

export function createGuardedAgent(options: AgentOptions): Agent {
  const lookup = guardedLookup(options.allow, options.resolve ?? resolveBySystem);
  const connect = buildConnector({ timeout: options.connectTimeoutMs, lookup });
  return new Agent({
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    connect(target, callback) {
      // A socket that is given an address never calls lookup().
      const literal = target.hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) !== 0 && !mayConnect(literal, options.allow)) callback(forbidden(literal), null);
      else connect(target, callback);
    },
  });
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
