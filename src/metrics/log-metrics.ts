/** Metrics of the log beneath the pipeline: its partitions, and what only Kafka has (`kafka` in the name). */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const transactionBuckets = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export type LogMetrics = ReturnType<typeof createLogMetrics>;

export function createLogMetrics(registry: Registry) {
  return { ...createMembership(registry), ...createTransactions(registry), ...createPartitions(registry) };
}

function createMembership(registry: Registry) {
  const registers = [registry];
  return {
    assigned: new Gauge({
      name: 'floodgate_kafka_assigned_partitions',
      help: 'Partitions of the uploads topic that this instance reads.',
      registers,
    }),
    rebalances: new Counter({
      name: 'floodgate_kafka_rebalances_total',
      help: 'Times that partitions were assigned anew to this instance.',
      registers,
    }),
    fenced: new Counter({
      name: 'floodgate_kafka_fenced_total',
      help: 'Partitions whose writes the broker refused because another instance had taken them over.',
      registers,
    }),
    requestTimeouts: new Counter({
      name: 'floodgate_kafka_request_timeouts_total',
      help: 'Requests that the broker did not answer in time.',
      registers,
    }),
  };
}

function createTransactions(registry: Registry) {
  const registers = [registry];
  return {
    transactions: new Counter({
      name: 'floodgate_kafka_transactions_total',
      help: 'Transactions that ended, by result.',
      labelNames: ['result'] as const,
      registers,
    }),
    transactionSeconds: new Histogram({
      name: 'floodgate_kafka_transaction_duration_seconds',
      help: 'Time of one transaction, from its begin to its end.',
      buckets: transactionBuckets,
      registers,
    }),
  };
}

function createPartitions(registry: Registry) {
  const registers = [registry];
  const labelNames = ['partition'] as const;
  return {
    paused: new Gauge({
      name: 'floodgate_paused_partitions',
      help: 'Partitions that are not read at present because a buffer is full.',
      registers,
    }),
    partitionLagRecords: new Gauge({
      name: 'floodgate_partition_lag_records',
      help: 'Upload events between the end of the partition and the lowest one not settled.',
      labelNames,
      registers,
    }),
    partitionLagSeconds: new Gauge({
      name: 'floodgate_partition_lag_seconds',
      help: 'Age of the oldest upload event of the partition that is not settled; 0 when there is none.',
      labelNames,
      registers,
    }),
    partitionProgress: new Gauge({
      name: 'floodgate_partition_progress_timestamp_seconds',
      help: 'When progress of the partition was last committed.',
      labelNames,
      registers,
    }),
  };
}
