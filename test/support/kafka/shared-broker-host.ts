/**
 * The one broker of a run of vitest. The process that lives as long as the run owns it: this global setup listens on
 * loopback, starts the broker when a worker first asks (sharedBroker), answers all workers with the same one, and ends it
 * with the run. A run that asks for none starts none.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type Broker, startBroker } from './broker.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where to ask for the shared broker. */
    sharedBrokerUrl: string;
  }
}

export default async function hostSharedBroker(project: TestProject): Promise<() => Promise<void>> {
  let shared: Promise<Broker> | undefined;
  const server = createServer((_, response) => {
    shared ??= startBroker();
    shared.then(
      ({ brokers }) => response.end(JSON.stringify(brokers)),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  project.provide('sharedBrokerUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    // A failure to start was told to those who asked.
    const broker = await shared?.catch(() => undefined);
    await broker?.stop();
  };
}
