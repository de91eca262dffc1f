import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../src/errors.ts';
import { createLogger, type LogLevel } from '../../src/metrics/logger.ts';
import { createTelemetry } from '../../src/telemetry.ts';
import { decisionOf, matchOf } from '../support/decisions.ts';
import { emptyMetrics } from '../support/populated-metrics.ts';

function start(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const metrics = emptyMetrics();
  const log = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
  const telemetry = createTelemetry({ metrics, log, nowMs: () => 1_700_000_000_000 });
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const value = async (sample: string) => {
    const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${sample} `));
    return line === undefined ? undefined : Number(line.slice(sample.length + 1));
  };
  return { telemetry, logged, value, text: () => lines.join('') };
}

describe('a decision', () => {
  it('is counted by outcome, reason and media, and logged with its evidence', async () => {
    const { telemetry, logged, value } = start();
    telemetry.decided(decisionOf('block'), 0.3);
    expect(await value('floodgate_decisions_total{outcome="block",reason="matched",media="video"}')).toBe(1);
    expect(await value('floodgate_matches_total{bank="default",outcome="block"}')).toBe(1);
    expect(await value('floodgate_match_hamming_distance_sum')).toBe(12);
    expect(await value('floodgate_decision_latency_seconds_bucket{le="0.5",media="video"}')).toBe(1);
    expect(logged()).toMatchObject([{ level: 'info', uploadId: 'upload-1', outcome: 'block', distanceBits: 12 }]);
  });

  it('in observe-only mode is told apart from a real block', async () => {
    const { telemetry, value } = start();
    telemetry.decided(decisionOf('allow', { observedOutcome: 'block', reason: 'matched', matches: [matchOf()] }), 0.1);
    expect(await value('floodgate_decisions_total{outcome="observed_block",reason="matched",media="video"}')).toBe(1);
    expect(await value('floodgate_matches_total{bank="default",outcome="observed_block"}')).toBe(1);
  });

  it('counts a bank once, and banks after the fiftieth as other', async () => {
    const { telemetry, value } = start('silent');
    telemetry.decided(decisionOf('block', { matches: [matchOf(), matchOf({ contentId: 'b' })] }), 0.1);
    expect(await value('floodgate_matches_total{bank="default",outcome="block"}')).toBe(1);
    for (let index = 0; index < 60; index += 1) {
      telemetry.decided(decisionOf('block', { matches: [matchOf({ bank: `bank-${index}` })] }), 0.1);
    }
    expect(await value('floodgate_matches_total{bank="bank-48",outcome="block"}')).toBe(1);
    expect(await value('floodgate_matches_total{bank="bank-49",outcome="block"}')).toBeUndefined();
    expect(await value('floodgate_matches_total{bank="other",outcome="block"}')).toBe(11);
  });

  it('with an event time ahead of our clock counts as no delay', async () => {
    const { telemetry, value } = start('silent');
    telemetry.decided(decisionOf('allow'), -5);
    expect(await value('floodgate_decision_latency_seconds_sum{media="video"}')).toBe(0);
  });
});

describe('the tally', () => {
  it('counts since the start', () => {
    const { telemetry } = start('silent');
    telemetry.uploadsConsumed(3);
    telemetry.decided(decisionOf('allow'), 0);
    expect(telemetry.tally()).toEqual({ uploadsConsumed: 3, uploadsDecided: 1 });
  });
});

describe('the partitions', () => {
  it('are told apart, until another instance tells of them', async () => {
    const { telemetry, value } = start('silent');
    telemetry.partitionLag(3, 12, 1.5);
    telemetry.partitionLag(4, 1, 0.1);
    telemetry.partitionProgress(3);
    expect(await value('floodgate_partition_lag_records{partition="3"}')).toBe(12);
    expect(await value('floodgate_partition_lag_seconds{partition="3"}')).toBe(1.5);
    expect(await value('floodgate_partition_progress_timestamp_seconds{partition="3"}')).toBe(1_700_000_000);
    telemetry.partitionLost(3);
    expect(await value('floodgate_partition_lag_records{partition="3"}')).toBeUndefined();
    expect(await value('floodgate_partition_lag_seconds{partition="3"}')).toBeUndefined();
    expect(await value('floodgate_partition_progress_timestamp_seconds{partition="3"}')).toBeUndefined();
    expect(await value('floodgate_partition_lag_records{partition="4"}')).toBe(1);
  });

  it('beyond the 256th have no label of their own', async () => {
    const { telemetry, value } = start('silent');
    for (let partition = 0; partition < 300; partition += 1) {
      telemetry.partitionLag(partition, 1, 0);
      telemetry.partitionProgress(partition);
    }
    telemetry.partitionLost(299);
    expect(await value('floodgate_partition_lag_records{partition="255"}')).toBe(1);
    expect(await value('floodgate_partition_lag_records{partition="256"}')).toBeUndefined();
    expect(await value('floodgate_partition_progress_timestamp_seconds{partition="256"}')).toBeUndefined();
  });
});

describe('Kafka', () => {
  it('has a value for every rate and alert before anything happened', async () => {
    const { value } = start('silent');
    const samples = [
      'floodgate_kafka_assigned_partitions',
      'floodgate_kafka_rebalances_total',
      'floodgate_kafka_fenced_total',
      'floodgate_kafka_request_timeouts_total',
      'floodgate_kafka_transactions_total{result="committed"}',
      'floodgate_kafka_transactions_total{result="aborted"}',
      'floodgate_kafka_transaction_duration_seconds_count',
      'floodgate_paused_partitions',
      'floodgate_bank_apply_lag_records',
      'floodgate_bank_apply_lag_seconds',
      'floodgate_dead_letters_replayed_total',
    ];
    const values = await Promise.all(samples.map(async (sample) => [sample, await value(sample)]));
    expect(values).toEqual(samples.map((sample) => [sample, 0]));
  });

  it('is counted by what happened, and what a person should know is logged', async () => {
    const { telemetry, logged, value } = start('warn');
    telemetry.partitionsAssigned(6);
    telemetry.partitionsAssigned(3);
    telemetry.partitionFenced();
    telemetry.transactionEnded('committed', 0.02);
    telemetry.transactionEnded('aborted', 2);
    telemetry.partitionsPaused(2);
    telemetry.brokerRequestTimedOut();
    telemetry.bankBehind(5, 0.25);
    telemetry.deadLetterReplayed();
    expect(await value('floodgate_kafka_assigned_partitions')).toBe(3);
    expect(await value('floodgate_kafka_rebalances_total')).toBe(2);
    expect(await value('floodgate_kafka_fenced_total')).toBe(1);
    expect(await value('floodgate_kafka_transactions_total{result="aborted"}')).toBe(1);
    expect(await value('floodgate_kafka_transaction_duration_seconds_sum')).toBe(2.02);
    expect(await value('floodgate_paused_partitions')).toBe(2);
    expect(await value('floodgate_kafka_request_timeouts_total')).toBe(1);
    expect(await value('floodgate_bank_apply_lag_records')).toBe(5);
    expect(await value('floodgate_bank_apply_lag_seconds')).toBe(0.25);
    expect(await value('floodgate_dead_letters_replayed_total')).toBe(1);
    expect(logged().map(({ level }) => level)).toEqual(['warn', 'warn', 'warn']);
  });
});

describe('the bank', () => {
  it('says at which position its snapshot stands, and why it is read anew', async () => {
    const { telemetry, logged, value } = start('info');
    const facts = { position: 12, contents: 3, hashes: 9, seconds: 0.5 };
    telemetry.bankRebuilding('it is of another log');
    telemetry.bankSnapshotWritten(facts);
    expect(await value('floodgate_bank_snapshot_version')).toBe(12);
    expect(await value('floodgate_bank_snapshot_written_timestamp_seconds')).toBe(1_700_000_000);
    telemetry.bankRestored({ ...facts, position: 20, recordsBehind: 1 });
    expect(await value('floodgate_bank_snapshot_version')).toBe(20);
    expect(logged()).toMatchObject([{ reason: 'it is of another log' }, facts, { position: 20, recordsBehind: 1 }]);
  });

  it('counts a change that was there before this process as one, without a delay', async () => {
    const { telemetry, value } = start();
    telemetry.bankApplied('add', undefined);
    telemetry.bankApplied('add', 0.2);
    expect(await value('floodgate_index_updates_total{kind="add",result="ok"}')).toBe(2);
    expect(await value('floodgate_bank_update_to_live_seconds_count')).toBe(1);
  });
});

describe('readiness', () => {
  it('starts at 0 for every component and follows', async () => {
    const { telemetry, logged, value } = start();
    expect(await value('floodgate_ready{component="log"}')).toBe(0);
    telemetry.componentReadiness('log', true, null);
    expect(await value('floodgate_ready{component="log"}')).toBe(1);
    telemetry.componentReadiness('log', false, 'the disk is full');
    expect(await value('floodgate_ready{component="log"}')).toBe(0);
    expect(logged().at(-1)).toMatchObject({ level: 'warn', component: 'log', why: 'the disk is full' });
  });
});

describe('requests', () => {
  it('count by class of status, and unknown methods as other', async () => {
    const { telemetry, value } = start('silent');
    telemetry.requestFinished('BREW', 'unmatched', 404, 0.01);
    const labels = 'method="other",route="unmatched",status_class="4xx"';
    expect(await value(`floodgate_http_request_duration_seconds_count{${labels}}`)).toBe(1);
  });
});

describe('the log', () => {
  it('keeps no path, query, user or token', () => {
    const { telemetry, text } = start();
    const url = 'https://user:hunter2@uploads.example/private/8c1f.mp4?signature=abc';
    const cause = new Error(`GET ${url} answered 403`);
    telemetry.failed(`fetching ${url}`, new FloodgateError('unreachable', `could not fetch ${url}`, { cause }));
    telemetry.warned('odd', {
      uri: url,
      deep: { list: [url] },
      token: 'hunter2',
      headers: { authorization: 'Bearer abc' },
    });
    telemetry.childRestarted('crash', 'Authorization: Bearer abc.def');
    expect(text()).not.toMatch(/hunter2|signature|8c1f|abc/);
    expect(text()).toContain('https://uploads.example/…');
  });

  it('says what failed with its code and stack', () => {
    const { telemetry, logged } = start();
    telemetry.failed('settling failed', new FloodgateError('log_failed', 'disk I/O error'));
    expect(logged()).toMatchObject([
      { level: 'error', msg: 'settling failed', error: { code: 'log_failed', message: 'disk I/O error' } },
    ]);
    expect(JSON.stringify(logged())).toContain('telemetry.test.ts');
  });

  it('is quiet about routine at the usual level', () => {
    const { telemetry, logged } = start('info');
    telemetry.requestFinished('GET', '/livez', 200, 0.001);
    telemetry.childRestarted('recycle', 'after 500 jobs');
    telemetry.stageFailed('fetch', 'unreachable');
    expect(logged()).toEqual([]);
    telemetry.requestFinished('GET', '/v1/bank', 500, 0.001);
    expect(logged()).toMatchObject([{ level: 'warn', route: '/v1/bank', status: 500 }]);
  });
});
