/** How the brokers are reached: what of the configuration the Kafka log needs, with the certificates read. */
import type { Config, Secrets } from '../../config/config.ts';
import { readSettingFile } from '../../config/config.ts';
import { settings } from '../../config/settings.ts';

export interface KafkaConnection {
  /** host:port of one or more brokers to begin with. */
  readonly brokers: readonly string[];
  readonly tls?: {
    /** PEM; the system's certificates when left out. */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

/** Throws invalid_config when a certificate cannot be read. */
export function kafkaConnectionOf(config: Config, secrets: Secrets): KafkaConnection {
  const { kafkaSasl: mechanism, kafkaSaslUsername: username = '' } = config;
  const { kafkaSaslPassword: password = '' } = secrets;
  return {
    brokers: config.kafkaBrokers,
    ...(config.kafkaTls === 'true' ? { tls: tlsOf(config, secrets) } : {}),
    ...(mechanism === 'none' ? {} : { sasl: { mechanism, username, password } }),
  };
}

function tlsOf(
  { kafkaTlsCaFile, kafkaTlsCertFile }: Config,
  { kafkaTlsKey }: Secrets,
): NonNullable<KafkaConnection['tls']> {
  return {
    ...(kafkaTlsCaFile === undefined ? {} : { ca: readSettingFile(settings.kafkaTlsCaFile.key, kafkaTlsCaFile) }),
    ...(kafkaTlsCertFile === undefined
      ? {}
      : { cert: readSettingFile(settings.kafkaTlsCertFile.key, kafkaTlsCertFile) }),
    ...(kafkaTlsKey === undefined ? {} : { key: kafkaTlsKey }),
  };
}
