/** Goal: docs/openapi.json is what the service serves, and it is worth reading. Update it with UPDATE_OPENAPI=1. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/config/paths.ts';
import { openApiDocument } from '../../../src/http/open-api.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { startFakeServer } from '../../support/http-fakes.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  responses: Record<string, unknown>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

const committedPath = packageFile('docs/openapi.json');
let server: HttpServer;
let document: Document;

beforeAll(async () => {
  server = await startFakeServer();
  document = openApiDocument(server.app) as Document;
  if (process.env.UPDATE_OPENAPI === '1') writeFileSync(committedPath, `${JSON.stringify(document, null, 2)}\n`);
});
afterAll(() => server.close());

function operations(): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
}

describe('the OpenAPI document', () => {
  it('is the committed one; UPDATE_OPENAPI=1 writes it anew', () => {
    expect(document).toEqual(JSON.parse(readFileSync(committedPath, 'utf8')));
  });

  it('is served', async () => {
    const answer = await server.app.inject('/openapi.json');
    expect(answer.json()).toEqual(document);
    expect(document.openapi).toBe('3.1.0');
  });

  it('names and sums up every operation, and says how it fails', () => {
    const poor = operations().filter(
      ([, operation]) => !operation.operationId || !operation.summary || !operation.tags,
    );
    expect(poor.map(([name]) => name)).toEqual([]);
    const untold = operations()
      .filter(([name]) => name.includes('/v1/'))
      .filter(([, operation]) => !Object.keys(operation.responses).some((status) => status.startsWith('4')));
    expect(untold.map(([name]) => name)).toEqual([]);
  });

  it('refers only to what it contains', () => {
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]));
    const known = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
    expect([...references].filter((reference) => !known.has(String(reference)))).toEqual([]);
    expect(known).toContain('#/components/schemas/Decision');
  });
});
