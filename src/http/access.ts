/**
 * Who may use /v1. With tokens: whoever knows one. Without: this machine only, and not through a web page of another
 * site that a browser on this machine happens to show.
 */
import bearerAuth from '@fastify/bearer-auth';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../config/config.ts';
import { FloodgateError } from '../errors.ts';
import type { App } from './app.ts';
import type { HttpConfig } from './parts.ts';

/** Throws invalid_config when the address is reachable from elsewhere and no token protects it. */
export function assertProtected(config: HttpConfig): void {
  if (config.tokens.length > 0 || isLoopback(config.host)) return;
  throw new FloodgateError(
    'invalid_config',
    `${config.host} is reachable from elsewhere: configure a bearer token, or listen on 127.0.0.1`,
  );
}

/** Guards the routes of this scope. */
export async function guard(scope: App, config: HttpConfig): Promise<void> {
  if (config.tokens.length === 0) {
    scope.addHook('onRequest', async (request) => refuseForeignPages(request));
    return;
  }
  // rfc6749: the scheme is compared without regard to case, as RFC 9110 asks.
  await scope.register(bearerAuth, { keys: new Set(config.tokens), addHook: false, specCompliance: 'rfc6749' });
  scope.addHook('onRequest', (request, reply, done) => {
    const { verifyBearerAuth } = scope;
    if (verifyBearerAuth === undefined) throw new FloodgateError('internal', 'the bearer check is not in place');
    verifyBearerAuth(request, reply, (error) => done(error && unauthorized()));
  });
}

function unauthorized(): FloodgateError {
  return new FloodgateError('unauthorized', 'Send "Authorization: Bearer <token>" with one of the configured tokens.');
}

/**
 * A page of another site can make a browser post a form to 127.0.0.1, or reach it under a name of its own that resolves
 * there. Both show: in what the browser says of the page (Origin, Sec-Fetch-Site), and in the name that was asked for.
 */
function refuseForeignPages(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const { origin, host } = request.headers;
  const fromElsewhere =
    site === 'cross-site' || site === 'same-site' || (origin !== undefined && hostOf(origin) !== host);
  if (!fromElsewhere && isLoopback(request.hostname.replace(/^\[|\]$/g, ''))) return;
  throw new FloodgateError(
    'forbidden_origin',
    'Without a bearer token only this machine may ask, by a loopback address, and not from a page of another site.',
  );
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
