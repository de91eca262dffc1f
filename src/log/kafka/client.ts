/** The kafkajs client as Floodgate uses it: patched, with all codecs, quiet but for warnings, never printing secrets. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory, Kafka as KafkaClient } from 'kafkajs';
import { separateAnswersOfConnections } from './answer-framing.ts';
import { kafkaClientOptions } from './client-options.ts';
import { registerCodecs } from './codecs.ts';
import type { KafkaConnection } from './connection.ts';
import { Kafka, logLevel } from './internals.ts';
import { calmRequestQueues } from './request-queue.ts';

/** Addresses have no place in SNI. */
function serverNameOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

const keepAliveMs = 60_000;

export interface SeverableClient {
  readonly kafka: KafkaClient;
  /** Cuts all connections, and lets no new ones come about: to the brokers this is a crash. */
  sever(): void;
}

export function createClient(
  connection: KafkaConnection,
  onWarning: (what: string, facts: Record<string, unknown>) => void,
): SeverableClient {
  registerCodecs();
  calmRequestQueues();
  separateAnswersOfConnections();
  const sockets = trackedSockets();
  const kafka = new Kafka({
    ...kafkaClientOptions(connection),
    socketFactory: sockets.factory,
    // Short: what lasts longer is waited out above (wire.ts), where it can be given up.
    retry: { initialRetryTime: 20, maxRetryTime: 500, retries: 3 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, label, log }) => {
        // Every error response is logged as such, those that are part of the protocol among them.
        if (namespace === 'Connection' || !['WARN', 'ERROR'].includes(label)) return;
        onWarning(`kafkajs: ${log.message}`, { namespace, label });
      },
  });
  return { kafka, sever: sockets.sever };
}

function trackedSockets(): { factory: ISocketFactory; sever(): void } {
  const open = new Set<Socket>();
  let severed = false;
  return {
    factory({ host, port, ssl, onConnect }) {
      const options = { host, port, noDelay: true };
      const socket = ssl
        ? connectTls({ ...options, ...serverNameOf(host), ...ssl }, onConnect)
        : connectTcp(options, onConnect);
      socket.setKeepAlive(true, keepAliveMs);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      if (severed) setImmediate(() => socket.destroy(new Error('the log was abandoned')));
      return socket;
    },
    sever() {
      severed = true;
      // With an error: the client takes a mere end for something that requests may still be answered after.
      for (const socket of open) socket.destroy(new Error('the log was abandoned'));
    },
  };
}
