/**
 * Content over http and https. Redirects are followed by hand, because each hop is a new source that must be permitted;
 * ports are not restricted. No credential is ever sent.
 */
import type { IncomingMessage } from 'node:http';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { explainNetworkFailure, explainStatus } from './failure.ts';
import type { FetchedContent } from './fetcher.ts';
import type { GuardedClient } from './guarded-client.ts';
import { watchIdle } from './silence.ts';
import type { FileSpool } from './spool.ts';

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface HttpParts {
  readonly client: GuardedClient;
  readonly spool: Pick<FileSpool, 'fetchInto'>;
  readonly contentBytesMax: number;
  readonly idleTimeoutMs: number;
}

/** One attempt. Throws a TemporaryFailure for what may pass by itself. */
export async function fetchHttp(uri: string, parts: HttpParts, signal: AbortSignal): Promise<FetchedContent> {
  let url = parseHttpUrl(uri);
  for (let redirects = 0; ; redirects++) {
    const source = url.origin;
    try {
      const response = await parts.client.get(url, signal);
      if (!redirectStatuses.has(statusOf(response))) return await receive(response, source, parts, signal);
      discard(response);
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
function parseHttpUrl(uri: string, base?: string): URL {
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

async function receive(
  response: IncomingMessage,
  source: string,
  parts: HttpParts,
  signal: AbortSignal,
): Promise<FetchedContent> {
  const fault = faultOf(response, source);
  if (fault !== null) {
    discard(response);
    throw fault;
  }
  const announced = response.headers['content-length'];
  const endWatch = watchIdle(response, parts.idleTimeoutMs);
  try {
    // A body that ends before its announced length fails as a connection reset does.
    return await parts.spool.fetchInto(response, {
      bytesMax: parts.contentBytesMax,
      signal,
      ...(announced !== undefined && { bytesExpected: Number(announced) }),
    });
  } finally {
    endWatch();
  }
}

function faultOf(response: IncomingMessage, source: string): Error | null {
  const status = statusOf(response);
  if (status !== 200) return explainStatus(status, source, response.headers['retry-after']);
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return null;
  return new FloodgateError('unreachable', `${source} answered with an encoding that was not asked for`);
}

function redirectTarget(response: IncomingMessage, from: URL): URL {
  const location = response.headers.location;
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new FloodgateError('unreachable', `${from.origin} redirects to nowhere`);
  }
  return parseHttpUrl(location, from.href);
}

function statusOf(response: IncomingMessage): number {
  return response.statusCode ?? 0;
}

/** Closes the connection rather than read what nobody wants. */
function discard(response: IncomingMessage): void {
  response.on('error', () => undefined);
  response.destroy();
}
