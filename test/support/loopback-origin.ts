/** An HTTP server on loopback that counts the connections it sees. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';

export interface Origin {
  readonly port: number;
  /** For example "http://127.0.0.1:40123". */
  readonly url: string;
  readonly requests: readonly { readonly url: string; readonly headers: IncomingMessage['headers'] }[];
  connections(): number;
  close(): Promise<void>;
}

export async function startOrigin(listener: RequestListener): Promise<Origin> {
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    listener(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  // Both families, so that [::1] would be noticed as well; without IPv6 the system falls back to IPv4.
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A TCP server for answers that no HTTP server would give; `answer` is called once a request has come. */
export async function startRawOrigin(answer: (socket: Socket) => void): Promise<Pick<Origin, 'url' | 'close'>> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
