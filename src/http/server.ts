/**
 * The HTTP interface: plug-ins, then one group of routes after the other.
 *
 * Overload is refused where it arises: the backlog answers 503 with Retry-After, and every body, wait and stream has a
 * bound. A second guard on the delay of the event loop would refuse health checks and scrapers first, when they are
 * needed most.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import { fastifySSE } from '@fastify/sse';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyPluginAsync } from 'fastify';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { assertProtected, guard } from './access.ts';
import { type App, compileValidator, type RouteContext } from './app.ts';
import { installOpenApi } from './open-api.ts';
import type { HttpConfig, HttpParts } from './parts.ts';
import { answerBrokenHttp, answerProblem, installProblems } from './problems.ts';
import { measureRequests } from './request-metrics.ts';
import { bankRoutes } from './routes/bank.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { decisionRoutes } from './routes/decisions.ts';
import { livePageRoutes, problemPageRoutes } from './routes/documents.ts';
import { healthRoutes, statusRoutes } from './routes/operations.ts';
import { streamRoutes } from './routes/streams.ts';
import { uploadRoutes } from './routes/uploads.ts';

export interface HttpServer {
  /** Starts to listen; `address` is a URL such as http://127.0.0.1:8080. */
  listen(): Promise<{ readonly address: string }>;
  /** Ends streams and waiting requests, lets the others finish, and stops listening. */
  close(): Promise<void>;
  readonly app: App;
}

/** Throws invalid_config when the address is reachable from elsewhere and no token is configured. */
export async function createHttpServer(parts: HttpParts, config: HttpConfig): Promise<HttpServer> {
  assertProtected(config);
  const app = createApp(parts);
  const closing = new AbortController();
  // Each waiting request listens.
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', async () => closing.abort());
  await installPlugins(app, parts);
  await installRoutes(app, { parts, config, closing: closing.signal });
  await app.ready();
  return {
    app,
    listen: async () => ({ address: await listen(app, config) }),
    close: () => app.close(),
  };
}

/** Throws invalid_config when the address is taken, not of this machine, or not for this user. */
async function listen(app: App, { host, port }: HttpConfig): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const why = listenFaults[(cause as NodeJS.ErrnoException).code ?? ''];
    if (why === undefined) throw cause;
    throw new FloodgateError('invalid_config', `FLOODGATE_HOST=${host} FLOODGATE_PORT=${port} ${why}`, { cause });
  }
}

const listenFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process',
  EADDRNOTAVAIL: 'is no address of this machine',
  ENOTFOUND: 'is no address of this machine',
  EACCES: 'may not be listened on by this user',
};

function createApp(parts: HttpParts): App {
  const app = fastify({
    logger: false,
    bodyLimit: limits.requestBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    // Room for an id whose every character is percent-encoded.
    routerOptions: { maxParamLength: limits.contentIdCharsMax * 3 },
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply, parts.telemetry),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileValidator);
  // What goes out is typed by the same schemas; compiling them again into serializers would only cost time.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.addContentTypeParser(
    'application/cloudevents+json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );
  return app;
}

async function installPlugins(app: App, parts: HttpParts): Promise<void> {
  installProblems(app, parts.telemetry);
  measureRequests(app, parts.telemetry);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // TLS ends at a proxy, where there is one; it knows whether this may be promised.
    strictTransportSecurity: false,
  });
  await app.register(multipart, { throwFileSizeLimit: false });
  await app.register(fastifySSE, { heartbeatInterval: limits.streamHeartbeatMs });
  await installOpenApi(app, parts.version);
}

async function installRoutes(app: App, context: RouteContext): Promise<void> {
  healthRoutes(app, context);
  problemPageRoutes(app);
  await livePageRoutes(app);
  const v1: FastifyPluginAsync = async (instance) => {
    const scope = instance.withTypeProvider<TypeBoxTypeProvider>();
    await guard(scope, context.config);
    uploadRoutes(scope, context);
    streamRoutes(scope, context);
    decisionRoutes(scope, context);
    bankRoutes(scope, context);
    deadLetterRoutes(scope, context);
    statusRoutes(scope, context);
  };
  await app.register(v1, { prefix: '/v1' });
}
