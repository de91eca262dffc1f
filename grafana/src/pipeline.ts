/** Each stage's rate, errors, duration and saturation; the log below it, the children and the process around it. */
import type { DashboardPlan, Row } from './dashboards.ts';
import { quantile, rate, selector, sumRate } from './queries.ts';

const stage = 'floodgate_stage_duration_seconds';

const stages: Row = {
  title: 'Stages: rate, errors, duration',
  panels: [
    {
      kind: 'lines',
      title: 'Rate by stage',
      description: 'Uploads that finish a stage. Search and align count uploads that got as far.',
      unit: 'ops',
      queries: [{ expr: sumRate(`${stage}_count`, 'stage'), legend: '{{stage}}' }],
    },
    {
      kind: 'stack',
      title: 'Errors by stage and code',
      description: 'Stages that ended in an error. The codes are explained in docs/operations/errors.md.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_stage_errors_total', 'stage, reason'), legend: '{{stage}}: {{reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Retries by stage',
      description:
        'Attempts after the first. Of fetch: a slow or failing origin; of publish: the log does not take writes.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_retries_total', 'stage'), legend: '{{stage}}' }],
    },
    {
      kind: 'lines',
      title: 'Duration by stage, median',
      description: 'Half of the uploads are faster. Decoding is nearly all of fingerprint.',
      unit: 's',
      queries: [{ expr: quantile(0.5, stage, 'stage'), legend: '{{stage}}' }],
    },
    {
      kind: 'lines',
      title: 'Duration by stage, p99',
      description: 'One of a hundred uploads is slower.',
      unit: 's',
      queries: [{ expr: quantile(0.99, stage, 'stage'), legend: '{{stage}}' }],
    },
    {
      kind: 'stack',
      title: 'Time spent by stage',
      description:
        'Seconds of all uploads together that pass in a stage each second: where one more core or a faster origin helps.',
      unit: 'short',
      queries: [{ expr: sumRate(`${stage}_sum`, 'stage'), legend: '{{stage}}' }],
    },
  ],
};

const saturation: Row = {
  title: 'Saturation',
  panels: [
    {
      kind: 'lines',
      title: 'Uploads in work',
      description: 'Uploads being worked on at once. At FLOODGATE_INFLIGHT_MAX nothing more is taken from the log.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_inflight_uploads'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Effort shed under load',
      description:
        'Rungs down from full effort: 1 no second look, 2 key frames alone, 3 no crops and halves, 4 no regions at all. What could not be looked at is held, not allowed.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_effort_rung'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Weaker decisions, by what made them so',
      description: 'Decisions with an entry in `degraded`: work that was shed, damaged content, capped searches.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_degraded_decisions_total', 'reason'), legend: '{{reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Children that work',
      description:
        'Share of the decoding processes that are busy. All of them for long: more cores, or more instances.',
      unit: 'percentunit',
      queries: [{ expr: selector('floodgate_child_pool_utilization_ratio'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Jobs that wait for a child',
      description: 'Uploads that are fetched and cannot be decoded yet.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_child_pool_queue_length'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Partitions not read',
      description: 'Reading stopped because a buffer is full: the pipeline is slower than its log.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_paused_partitions'), legend: '{{instance}}' }],
    },
    {
      kind: 'stack',
      title: 'Children replaced, by reason',
      description: 'recycle is routine; crash, memory and timeout are content that breaks decoders, or an attack.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_child_restarts_total', 'reason'), legend: '{{reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Content fetched',
      description: 'Bytes a second from all origins, by the kind of media that they turned out to be.',
      unit: 'Bps',
      queries: [{ expr: sumRate('floodgate_upload_bytes_total', 'media'), legend: '{{media}}' }],
    },
  ],
};

const log: Row = {
  title: 'The log: lag in records and seconds',
  panels: [
    {
      kind: 'lines',
      title: 'Lag in records',
      description: 'Upload events between the end of the log and the lowest one not settled, of each instance.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_consumer_lag_records'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Lag in seconds',
      description: 'Age of the oldest upload event that is not settled, of each instance.',
      unit: 's',
      queries: [{ expr: selector('floodgate_consumer_lag_seconds'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Publish and commit',
      description: 'Time of one atomic step in which decisions and progress become durable.',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'floodgate_settle_duration_seconds'), legend: 'p50' },
        { expr: quantile(0.99, 'floodgate_settle_duration_seconds'), legend: 'p99' },
      ],
    },
    {
      kind: 'stack',
      title: 'Work saved',
      description:
        'idempotency: an event came twice and was decided once. exact_digest: the very bytes of known content.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_duplicates_skipped_total', 'reason'), legend: '{{reason}}' }],
    },
  ].map((panel) => ({ ...panel, width: 6 })) as Row['panels'],
};

const streams: Row = {
  title: 'Live streams',
  panels: [
    {
      kind: 'stack',
      title: 'Streams live',
      description: 'Live streams of which an instance keeps evidence. One without segments for long is let go of.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_streams_live'), legend: '{{instance}}' }],
    },
    {
      kind: 'stack',
      title: 'Decisions on streams, by outcome',
      description:
        'A stream is decided in its midst, and again when it gets worse. Most are never decided: they are fine.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_stream_decisions_total', 'outcome'), legend: '{{outcome}}' }],
    },
    {
      kind: 'lines',
      title: 'Evidence of streams, let go of and read back',
      description:
        'In a quarter of an hour. Let go of: more streams than there is room for, so more instances are needed. Read back: partitions that changed hands.',
      unit: 'short',
      queries: [
        { expr: `sum(increase(${selector('floodgate_streams_evicted_total')}[15m]))`, legend: 'let go of' },
        { expr: `sum(increase(${selector('floodgate_stream_rebuilds_total')}[15m]))`, legend: 'read back' },
      ],
    },
  ],
};

const kafka: Row = {
  title: 'Kafka (0 with the embedded log)',
  panels: [
    {
      kind: 'stack',
      title: 'Partitions assigned',
      description:
        'Partitions of the uploads topic, by the instance that reads them. The sum is the number of partitions.',
      unit: 'short',
      queries: [{ expr: selector('floodgate_kafka_assigned_partitions'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Rebalances and fencing',
      description: 'Assignments and refused writes of a former owner, in a quarter of an hour. A rollout makes a few.',
      unit: 'short',
      queries: [
        { expr: `sum(increase(${selector('floodgate_kafka_rebalances_total')}[15m]))`, legend: 'rebalances' },
        { expr: `sum(increase(${selector('floodgate_kafka_fenced_total')}[15m]))`, legend: 'fenced' },
      ],
    },
    {
      kind: 'lines',
      title: 'Transactions and timeouts',
      description: 'Transactions by result, and requests that the broker did not answer in time.',
      unit: 'ops',
      queries: [
        { expr: sumRate('floodgate_kafka_transactions_total', 'result'), legend: '{{result}}' },
        { expr: sumRate('floodgate_kafka_request_timeouts_total'), legend: 'timed out' },
      ],
    },
    {
      kind: 'lines',
      title: 'Transactions, time in them',
      description:
        'Seconds a second that pass within transactions, of each instance. Near 1 the broker is the bottleneck.',
      unit: 'percentunit',
      queries: [{ expr: rate('floodgate_kafka_transaction_duration_seconds_sum'), legend: '{{instance}}' }],
    },
  ].map((panel) => ({ ...panel, width: 6 })) as Row['panels'],
};

const http: Row = {
  title: 'HTTP',
  panels: [
    {
      kind: 'stack',
      title: 'Requests by route',
      description: 'By the pattern of the route. Requests that wait for a decision are long by design.',
      unit: 'ops',
      queries: [{ expr: sumRate('floodgate_http_request_duration_seconds_count', 'route'), legend: '{{route}}' }],
    },
    {
      kind: 'stack',
      title: 'Answers by class',
      description: '5xx: refused for overload or want of room (503), or a fault of ours. 4xx: the caller.',
      unit: 'ops',
      queries: [
        { expr: sumRate('floodgate_http_request_duration_seconds_count', 'status_class'), legend: '{{status_class}}' },
      ],
    },
    {
      kind: 'lines',
      title: 'Time to answer, p99',
      description: 'By route. Uploads that wait for their decision are the slowest.',
      unit: 's',
      queries: [{ expr: quantile(0.99, 'floodgate_http_request_duration_seconds', 'route'), legend: '{{route}}' }],
    },
    {
      kind: 'lines',
      title: 'Requests and streams open',
      description: 'Requests being answered now, and clients that follow the decisions.',
      unit: 'short',
      queries: [
        { expr: `sum(${selector('floodgate_http_requests_in_flight')})`, legend: 'requests' },
        { expr: `sum(${selector('floodgate_sse_clients')})`, legend: 'streams' },
        { expr: `sum(increase(${selector('floodgate_sse_dropped_events_total')}[15m]))`, legend: 'dropped in 15 min' },
      ],
    },
  ].map((panel) => ({ ...panel, width: 6 })) as Row['panels'],
};

const process: Row = {
  title: 'The process',
  panels: [
    {
      kind: 'lines',
      title: 'CPU',
      description: 'Cores that the main process uses. The children are beside it and not in it.',
      unit: 'short',
      queries: [{ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Memory',
      description: 'Resident memory of the main process, and the part of it that the index takes.',
      unit: 'bytes',
      queries: [
        { expr: selector('process_resident_memory_bytes'), legend: '{{instance}}' },
        { expr: selector('floodgate_index_bytes'), legend: '{{instance}} index' },
      ],
    },
    {
      kind: 'lines',
      title: 'Event loop lag, p99',
      description: 'How late timers of the main process run. Above 0.2 s answers and health checks suffer.',
      unit: 's',
      queries: [{ expr: selector('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Open files',
      description: 'Share of the file descriptors that the process may have.',
      unit: 'percentunit',
      queries: [{ expr: `${selector('process_open_fds')} / ${selector('process_max_fds')}`, legend: '{{instance}}' }],
    },
  ].map((panel) => ({ ...panel, width: 6 })) as Row['panels'],
};

export const pipeline: DashboardPlan = {
  name: 'pipeline',
  title: 'Floodgate / Pipeline',
  description:
    "Each stage's rate, errors, duration and saturation; lag in records and seconds; live streams, Kafka, HTTP, the process.",
  rows: [stages, saturation, log, streams, kafka, http, process],
};
