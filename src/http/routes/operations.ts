/** What operators and their machines ask: is it alive, is it ready, what are the numbers, which policy is in force. */
import Type from 'typebox';
import { named, Readiness, ServiceStatus } from '../../contracts/api.ts';
import { type App, problems, type RouteContext } from '../app.ts';

const textSchema = { type: 'string' };

/** No token is asked for here: health checks and scrapers have none. */
export function healthRoutes(app: App, { parts }: RouteContext): void {
  const { health, metrics } = parts;

  app.get('/livez', { schema: livezSchema }, async (_request, reply) => {
    const why = health.unlive();
    return reply
      .code(why === null ? 200 : 503)
      .type('text/plain')
      .send(why ?? 'ok');
  });

  app.get('/readyz', { schema: readyzSchema }, async (request, reply) => {
    const readiness = health.readiness();
    reply.code(readiness.ready ? 200 : 503).header('cache-control', 'no-store');
    if (request.query.verbose !== undefined) return reply.send(readiness);
    return reply.type('text/plain').send(readiness.ready ? 'ok' : unreadyText(readiness));
  });

  app.get('/metrics', { schema: metricsSchema }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}

function unreadyText(readiness: Readiness): string {
  const unready = Object.entries(readiness.components).filter(([, component]) => !component.ready);
  return unready.map(([name, component]) => `${name}: ${component.why ?? 'not ready'}`).join('\n') || 'not ready';
}

const livezSchema = {
  operationId: 'livez',
  security: [],
  tags: ['operations'],
  summary: 'Whether the process can do its work; 503 asks for a restart',
  response: {
    200: { description: 'Alive.', content: { 'text/plain': { schema: textSchema } } },
    503: { description: 'To be restarted.', content: { 'text/plain': { schema: textSchema } } },
  },
};

const readyzSchema = {
  operationId: 'readyz',
  security: [],
  tags: ['operations'],
  summary: 'Whether uploads are taken and decided; `?verbose` tells each component',
  querystring: Type.Object({ verbose: Type.Optional(Type.String()) }),
  response: {
    200: {
      description: 'Ready.',
      content: { 'text/plain': { schema: textSchema }, 'application/json': { schema: named(Readiness) } },
    },
    503: {
      description: 'Not ready, and why.',
      content: { 'text/plain': { schema: textSchema }, 'application/json': { schema: named(Readiness) } },
    },
  },
};

const metricsSchema = {
  operationId: 'metrics',
  security: [],
  tags: ['operations'],
  summary: 'Metrics in the Prometheus text format',
  response: { 200: { description: 'Metrics.', content: { 'text/plain': { schema: textSchema } } } },
};

export function statusRoutes(app: App, { parts }: RouteContext): void {
  app.get('/status', { schema: statusSchema }, async () => parts.status());
  app.get('/policy', { schema: policySchema }, async () => parts.policy());
}

const statusSchema = {
  operationId: 'getStatus',
  tags: ['operations'],
  summary: 'The numbers of the live page',
  response: {
    200: { description: 'Now.', content: { 'application/json': { schema: named(ServiceStatus) } } },
    ...problems('unauthorized', 'forbidden_origin'),
  },
};

const policySchema = {
  operationId: 'getPolicy',
  tags: ['operations'],
  summary: 'The policy in force',
  response: {
    200: {
      description: 'The policy, defaults filled in.',
      content: {
        'application/json': {
          schema: { type: 'object', additionalProperties: true, properties: { version: { type: 'string' } } },
        },
      },
    },
    ...problems('unauthorized', 'forbidden_origin'),
  },
};
