/** The options of the Kafka client for a connection: quiet, with bounded waits, and with no secret where it is printed. */
import kafkajs, { type KafkaConfig } from 'kafkajs';
import { limits } from '../../config/limits.ts';
import type { KafkaConnection } from './connection.ts';

const clientId = 'floodgate';

/**
 * The client logs nothing by itself: it would write to standard output, which belongs to results. What matters of its
 * errors is thrown, and told by telemetry.
 */
export function kafkaClientOptions(connection: KafkaConnection): KafkaConfig {
  return {
    clientId,
    brokers: [...connection.brokers],
    connectionTimeout: limits.kafkaConnectTimeoutMs,
    authenticationTimeout: limits.kafkaConnectTimeoutMs,
    requestTimeout: limits.kafkaRequestTimeoutMs,
    enforceRequestTimeout: true,
    logLevel: kafkajs.logLevel.NOTHING,
    logCreator: () => () => {},
    ...(connection.tls === undefined ? {} : { ssl: sslOf(connection.tls) }),
    ...(connection.sasl === undefined ? {} : { sasl: connection.sasl as NonNullable<KafkaConfig['sasl']> }),
  };
}

function sslOf({ ca, cert, key }: NonNullable<KafkaConnection['tls']>): NonNullable<KafkaConfig['ssl']> {
  return {
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
