/**
 * Content over http and https. Redirects are followed by hand, because each hop is a new source that must be permitted;
 * ports are not restricted. No credential is ever sent.
 */
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { explainNetworkFailure, explainStatus } from './failure.ts';
import type { FetchedContent, StoreOptions } from './fetcher.ts';
import { TemporaryFailure } from './retry.ts';
import type { FileSpool } from './spool.ts';

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const userAgent = 'floodgate (+re-upload detector)';

export interface HttpParts {
  readonly agent: Agent;
  readonly spool: Pick<FileSpool, 'fetchInto'>;
  readonly contentBytesMax: number;
}

/** One attempt. Throws a TemporaryFailure for what may pass by itself. */
export async function fetchHttp(uri: string, parts: HttpParts, signal: AbortSignal): Promise<FetchedContent> {
  let url = parseHttpUrl(uri);
  for (let redirects = 0; ; redirects++) {
    const source = url.origin;
    try {
      const response = await request(url, parts.agent, signal);
      if (!redirectStatuses.has(response.statusCode)) return await receive(response, source, parts, signal);
      discardBody(response.body);
      if (redirects === limits.fetchRedirectsMax) {
        throw new FloodgateError('unreachable', `more than ${limits.fetchRedirectsMax} redirects, up to ${source}`);
      }
      url = redirectTarget(response, url);
    } catch (thrown) {
      throw explainNetworkFailure(thrown, source);
    }
  }
}

/** Throws invalid_event for what is no URL, forbidden_source for one that must not be followed. */
export function parseHttpUrl(uri: string, base?: string): URL {
  if (!URL.canParse(uri, base)) {
    throw new FloodgateError('invalid_event', 'the content URI is not a valid URL', {
      fields: [{ pointer: '/content/uri', message: 'is not a valid URL' }],
    });
  }
  const url = new URL(uri, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FloodgateError('forbidden_source', `http and https do not lead to ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new FloodgateError('forbidden_source', `${url.origin}: a URL with a user name or password is not fetched`);
  }
  return url;
}

function request(url: URL, agent: Agent, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  return agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'GET',
    // Encoded bytes would have to be inflated here before they could be counted and hashed.
    headers: { 'accept-encoding': 'identity', accept: '*/*', 'user-agent': userAgent },
    signal,
  });
}

async function receive(
  response: Dispatcher.ResponseData,
  source: string,
  parts: HttpParts,
  signal: AbortSignal,
): Promise<FetchedContent> {
  const fault = faultOf(response, source);
  if (fault !== null) {
    discardBody(response.body);
    throw fault;
  }
  const announced = header(response, 'content-length');
  const bytesExpected = announced === undefined ? undefined : Number(announced);
  const options: StoreOptions = {
    bytesMax: parts.contentBytesMax,
    signal,
    ...(bytesExpected !== undefined && { bytesExpected }),
  };
  const content = await parts.spool.fetchInto(response.body, options);
  if (bytesExpected === undefined || content.bytes === bytesExpected) return content;
  await content.release();
  throw new TemporaryFailure(new FloodgateError('unreachable', `${source} ended before all bytes had come`));
}

function faultOf(response: Dispatcher.ResponseData, source: string): Error | null {
  if (response.statusCode !== 200) return explainStatus(response.statusCode, source, header(response, 'retry-after'));
  const encoding = header(response, 'content-encoding') ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return null;
  return new FloodgateError('unreachable', `${source} answered with an encoding that was not asked for`);
}

function redirectTarget(response: Dispatcher.ResponseData, from: URL): URL {
  const location = header(response, 'location');
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new FloodgateError('unreachable', `${from.origin} redirects to nowhere`);
  }
  return parseHttpUrl(location, from.href);
}

function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Closes the connection rather than read what nobody wants; undici reports that as an error of the body. */
function discardBody(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}
