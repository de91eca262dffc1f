/** Alerts on the way in and on the banks: does the log flow, and does every replica know what it must. */
import type { Alert, RuleGroup } from './rules.ts';

const flow: Alert[] = [
  {
    alert: 'FloodgateConsumerLagGrowing',
    expr: 'floodgate_consumer_lag_seconds > 30 and deriv(floodgate_consumer_lag_seconds[5m]) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Uploads come in faster than they are decided.',
    description:
      'The oldest upload of {{ $labels.instance }} without a decision is {{ $value | humanizeDuration }} old.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateConsumerStuck',
    expr:
      'min_over_time(floodgate_consumer_lag_records[2m]) > 0 ' +
      'and on (job, instance) (time() - floodgate_last_progress_timestamp_seconds > 120) ' +
      'and on (job, instance) (time() - process_start_time_seconds > 120)',
    for: '1m',
    severity: 'critical',
    summary: 'Uploads wait, and none is decided.',
    description:
      '{{ $value }} uploads wait on {{ $labels.instance }}, and progress was last made over two minutes ago.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgatePartitionStuck',
    expr:
      'min_over_time(floodgate_partition_lag_records[5m]) > 0 unless on (job, instance, partition) ' +
      '(time() - floodgate_partition_progress_timestamp_seconds < 120)',
    for: '1m',
    severity: 'critical',
    summary: 'One partition does not move.',
    description: '{{ $value }} uploads wait in partition {{ $labels.partition }} of {{ $labels.instance }}.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgatePartitionsPaused',
    expr: 'min_over_time(floodgate_paused_partitions[5m]) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'Reading stands still because a buffer is full.',
    description: '{{ $labels.instance }} has not read {{ $value }} of its partitions for a quarter of an hour.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateNoUploads',
    expr:
      'sum by (job) (rate(floodgate_uploads_consumed_total[15m])) == 0 ' +
      'and on (job) sum by (job) (rate(floodgate_uploads_consumed_total[1d])) > 0.1',
    for: '15m',
    severity: 'warning',
    summary: 'No uploads come in any more.',
    description: '{{ $labels.job }} has read no upload for half an hour, and does on other days.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgateDeadLetters',
    expr:
      'sum by (job) (rate(floodgate_dead_letters_total[10m])) / ' +
      'sum by (job) (rate(floodgate_uploads_consumed_total[10m])) > 0.001',
    for: '10m',
    severity: 'warning',
    summary: 'Upload events cannot be interpreted.',
    description: '{{ $value | humanizePercentage }} of the events of {{ $labels.job }} become dead letters.',
    dashboard: 'crisis',
  },
  {
    alert: 'FloodgatePublishFailing',
    expr: 'increase(floodgate_retries_total{stage="publish"}[10m]) > 3',
    severity: 'critical',
    summary: 'Decisions cannot be written to the log.',
    description: '{{ $labels.instance }} has tried again {{ $value | humanize }} times in ten minutes.',
    dashboard: 'pipeline',
  },
];

const kafka: Alert[] = [
  {
    alert: 'FloodgateNoPartitions',
    expr:
      'sum by (job) (floodgate_kafka_assigned_partitions) == 0 ' +
      'and on (job) sum by (job) (floodgate_kafka_rebalances_total) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'No instance reads the uploads topic.',
    description: 'No partition is assigned to any instance of {{ $labels.job }}.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateRebalanceStorm',
    expr: 'increase(floodgate_kafka_rebalances_total[15m]) > 3',
    severity: 'warning',
    summary: 'Partitions are assigned again and again.',
    description: '{{ $labels.instance }} was assigned partitions {{ $value | humanize }} times in 15 minutes.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateFenced',
    expr: 'increase(floodgate_kafka_fenced_total[15m]) > 3',
    severity: 'warning',
    summary: 'Writes are refused because another instance owns the partition.',
    description: '{{ $labels.instance }} was fenced {{ $value | humanize }} times in 15 minutes.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateTransactionsAborting',
    expr:
      'sum by (job, instance) (rate(floodgate_kafka_transactions_total{result="aborted"}[10m])) / ' +
      'sum by (job, instance) (rate(floodgate_kafka_transactions_total[10m])) > 0.05',
    for: '5m',
    severity: 'warning',
    summary: 'Transactions are aborted.',
    description: '{{ $value | humanizePercentage }} of the transactions of {{ $labels.instance }} are aborted.',
    dashboard: 'pipeline',
  },
  {
    alert: 'FloodgateBrokerTimeouts',
    expr: 'increase(floodgate_kafka_request_timeouts_total[10m]) > 5',
    severity: 'warning',
    summary: 'The broker does not answer in time.',
    description: '{{ $value | humanize }} requests of {{ $labels.instance }} were not answered in ten minutes.',
    dashboard: 'pipeline',
  },
];

const banks: Alert[] = [
  {
    alert: 'FloodgateBankBehind',
    expr: 'floodgate_bank_apply_lag_seconds > 5',
    for: '2m',
    severity: 'critical',
    summary: 'An instance does not know the newest known content.',
    description: 'The bank of {{ $labels.instance }} is {{ $value | humanizeDuration }} behind its log.',
    dashboard: 'bank',
  },
  {
    alert: 'FloodgateReplicasDiverge',
    expr: 'floodgate_index_version < on (job) group_left () max by (job) (floodgate_index_version offset 1m)',
    for: '5m',
    severity: 'critical',
    summary: 'Replicas decide by different banks.',
    description: '{{ $labels.instance }} stands at bank position {{ $value }}; another was further a minute before.',
    dashboard: 'bank',
  },
  {
    alert: 'FloodgateIndexEmpty',
    expr: 'floodgate_index_entries == 0 and on (job) max by (job) (max_over_time(floodgate_index_entries[1d])) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'The index is empty, and nothing can be blocked.',
    description: '{{ $labels.instance }} has no hash in its index; within a day there were some.',
    dashboard: 'bank',
  },
  {
    alert: 'FloodgateIndexShrank',
    expr: 'floodgate_index_entries < 0.95 * (floodgate_index_entries offset 1h) and floodgate_index_entries > 0',
    for: '5m',
    severity: 'warning',
    summary: 'Over a twentieth of the known hashes went within an hour.',
    description: '{{ $labels.instance }} has {{ $value | humanize }} hashes left.',
    dashboard: 'bank',
  },
  {
    alert: 'FloodgateBankRecordsRefused',
    expr: 'sum by (job, instance) (increase(floodgate_index_updates_total{result="rejected"}[15m])) > 0',
    severity: 'warning',
    summary: 'Bank records cannot be read.',
    description: '{{ $labels.instance }} has refused {{ $value | humanize }} bank records in 15 minutes.',
    dashboard: 'bank',
  },
];

export const logAlerts: RuleGroup[] = [
  { name: 'floodgate.flow', rules: flow },
  { name: 'floodgate.kafka', rules: kafka },
  { name: 'floodgate.banks', rules: banks },
];
