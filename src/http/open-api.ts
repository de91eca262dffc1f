/** The OpenAPI 3.1 document, made from the schemas of the routes, and the page that shows it. */
import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { packageFile } from '../config/paths.ts';
import { namedSchemas } from '../contracts/api.ts';
import type { App } from './app.ts';

/** Swagger UI sets styles from script, so its pages alone allow inline styles. */
const docsContentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function installOpenApi(app: App, version: string): Promise<void> {
  for (const schema of namedSchemas) app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Floodgate',
        version,
        description:
          'Stops re-uploads: submit an upload, read its decision with the evidence, keep banks of known content.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'uploads', description: 'What is to be decided.' },
        { name: 'decisions', description: 'What was decided, and why.' },
        { name: 'bank', description: 'Known content.' },
        { name: 'dead-letters', description: 'Events that could not be interpreted.' },
        { name: 'operations', description: 'Health, metrics, policy.' },
      ],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      },
      // Either: a token where tokens are configured, none on a loopback address without them.
      security: [{ bearer: [] }, {}],
    },
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `schema-${index}`) },
  });
  const logo = { type: 'image/svg+xml', content: readFileSync(packageFile('src/http/live/icon.svg')), href: '/' };
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: docsContentPolicy, logo });
  app.get('/openapi.json', { schema: { hide: true } }, async () => openApiDocument(app));
}

/** Throws when the app is not ready yet. */
export function openApiDocument(app: App): object {
  return JSON.parse(JSON.stringify(app.swagger())) as object;
}
