/** As much of an S3 store as GetObject with path-style addresses needs, its error documents included. */
import type { ServerResponse } from 'node:http';
import { type Origin, startOrigin } from './loopback-origin.ts';

export interface FakeS3 extends Origin {
  /** "bucket/key" -> bytes, or the status and code of the error to answer with. */
  readonly objects: Map<string, Uint8Array | { readonly status: number; readonly code: string }>;
}

export async function startFakeS3(): Promise<FakeS3> {
  const objects: FakeS3['objects'] = new Map();
  const origin = await startOrigin((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname.slice(1));
    const found = objects.get(path) ?? { status: 404, code: 'NoSuchKey' };
    if (!(found instanceof Uint8Array)) return answerError(response, found);
    response.writeHead(200, { 'content-length': found.byteLength, 'content-type': 'application/octet-stream' });
    response.end(found);
  });
  return { ...origin, objects };
}

function answerError(response: ServerResponse, error: { status: number; code: string }): void {
  response.writeHead(error.status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${error.code}</Code><Message>as planned</Message></Error>`,
  );
}
