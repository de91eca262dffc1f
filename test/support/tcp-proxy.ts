/** A proxy on loopback that does to connections what networks do: it resets, stalls and delays them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TcpProxy {
  readonly port: number;
  /** host:port, to be given to clients. */
  readonly address: string;
  /** How long each chunk is held back, in each direction; chunks follow each other, so that it is slower as well. */
  latencyMs: number;
  /** Whether new connections are reset at once; those that are open stay. */
  isRefusing: boolean;
  connections(): number;
  /** Breaks all connections with a reset, on both sides. */
  resetAll(): void;
  /** Connections stay open, also new ones, and nothing comes through: a silent network, or a machine that stands still. */
  pauseTraffic(): void;
  resumeTraffic(): void;
  close(): Promise<void>;
}

/** `target` is host:port. */
export async function startProxy({ target }: { readonly target: string }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const gate = openGate();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (proxy.isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const colon = target.lastIndexOf(':');
    const upstream = connect({
      port: Number(target.slice(colon + 1)),
      host: target.slice(0, colon),
      allowHalfOpen: true,
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroySoon();
      });
      void carry(socket, other);
    }
  });

  /** One direction. What goes wrong is told by the sockets' own events. */
  async function carry(from: Socket, to: Socket): Promise<void> {
    try {
      // The other direction may go on when this one has ended.
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        if (proxy.latencyMs > 0) await sleep(proxy.latencyMs);
        await gate.passed();
        if (!to.write(chunk as Buffer)) await once(to, 'drain');
      }
      await gate.passed();
      to.end();
    } catch {
      to.destroy();
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: TcpProxy = {
    port,
    address: `127.0.0.1:${port}`,
    latencyMs: 0,
    isRefusing: false,
    connections: () => sockets.size / 2,
    resetAll: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    pauseTraffic: gate.shut,
    resumeTraffic: gate.open,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      proxy.resetAll();
      gate.open();
      await closed;
    },
  };
  return proxy;
}

interface Gate {
  /** Resolves at once while the gate is open, otherwise when it opens. */
  passed(): Promise<void>;
  shut(): void;
  open(): void;
}

function openGate(): Gate {
  let opened: Promise<void> = Promise.resolve();
  let open = () => {};
  let isOpen = true;
  return {
    passed: () => opened,
    shut: () => {
      if (!isOpen) return;
      isOpen = false;
      opened = new Promise((resolve) => {
        open = resolve;
      });
    },
    open: () => {
      isOpen = true;
      open();
    },
  };
}
