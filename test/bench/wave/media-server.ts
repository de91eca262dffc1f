/**
 * Serves the wave's files over HTTP from memory: each URL of a copy or a clip has bytes of its own, each URL of the
 * incident has the very same. It shares the cores with the service, so it does nothing but write buffers.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { distinctTail } from './distinct-bytes.ts';
import type { PlannedUpload, UploadKind } from './schedule.ts';
import type { WaveFile, WaveMedia } from './wave-media.ts';

export interface MediaServer {
  /** Of one upload; `name` is part of its bytes unless it is an identical copy. */
  urlOf(upload: PlannedUpload, name: string): string;
  /** Bytes that were sent, since the start. */
  readonly sentBytes: number;
  close(): Promise<void>;
}

interface LoadedFile {
  readonly bytes: Buffer;
  readonly extension: string;
}

export async function serveMedia(media: WaveMedia): Promise<MediaServer> {
  const files: Record<UploadKind, readonly LoadedFile[]> = {
    edited: await Promise.all(media.edited.map(load)),
    unrelated: await Promise.all(media.unrelated.map(load)),
    identical: [await load(media.incident)],
  };
  let sentBytes = 0;
  const server = createServer((request, response) => {
    const [, kind = '', file = '', name = ''] = (request.url ?? '').split('/');
    const loaded = files[kind as UploadKind]?.[Number(file)];
    if (loaded === undefined) return void response.writeHead(404).end();
    sentBytes += send(response, loaded, kind === 'identical' ? undefined : name);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    urlOf: ({ kind, file }, name) => `${origin}/${kind}/${file}/${name}`,
    get sentBytes() {
      return sentBytes;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function load({ path }: WaveFile): Promise<LoadedFile> {
  return { bytes: await readFile(path), extension: extname(path) };
}

function send(response: ServerResponse, { bytes, extension }: LoadedFile, name: string | undefined): number {
  const tail = name === undefined ? Buffer.alloc(0) : distinctTail(extension, name);
  response.writeHead(200, { 'content-length': bytes.length + tail.length, 'content-type': 'application/octet-stream' });
  response.write(bytes);
  response.end(tail);
  return bytes.length + tail.length;
}
