/** The settings of one broker: server.properties, and what differs from broker to broker. */
import { readFileSync } from 'node:fs';
import { packageFile } from '../../../src/config/paths.ts';

export type Properties = Readonly<Record<string, string>>;

export interface Listener {
  /** As Kafka spells it, for example SASL_TLS. */
  readonly name: string;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly port: number;
  /** What the broker tells clients to connect to, host:port. */
  readonly advertised: string;
}

/** `isController` when the controller is part of this broker. */
export function listenerProperties(
  listeners: readonly Listener[],
  controllerPort: number,
  isController = true,
): Properties {
  const bound = listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`);
  return {
    listeners: [...bound, ...(isController ? [`CONTROLLER://127.0.0.1:${controllerPort}`] : [])].join(','),
    'advertised.listeners': listeners.map(({ name, advertised }) => `${name}://${advertised}`).join(','),
    'listener.security.protocol.map': [
      ...listeners.map(({ name, protocol }) => `${name}:${protocol}`),
      'CONTROLLER:PLAINTEXT',
    ].join(','),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  };
}

/** The text of a properties file; of a key that stands in it twice, the last one counts. */
export function settingsText(properties: Properties): string {
  const common = readFileSync(packageFile('test/support/kafka/server.properties'), 'utf8');
  return `${common}\n${Object.entries(properties)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')}`;
}
