/** Metrics of the way from an upload to its decision. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds from the upload event to the durable decision. The service level objective is read at 2.5 s. */
const latencyBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const stageBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Edges at 31 (the field's usual radius) and beyond it, up to the largest radius that may be asked for. */
const distanceBuckets = [0, 4, 8, 12, 16, 20, 24, 28, 31, 40, 48, 64, 96];
const qualityBuckets = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

export type PipelineMetrics = ReturnType<typeof createPipelineMetrics>;

export function createPipelineMetrics(registry: Registry) {
  return { ...createFlow(registry), ...createTimes(registry), ...createEvidence(registry), ...createLag(registry) };
}

function createFlow(registry: Registry) {
  const registers = [registry];
  return {
    consumed: new Counter({
      name: 'floodgate_uploads_consumed_total',
      help: 'Upload events read from the log.',
      registers,
    }),
    bytes: new Counter({
      name: 'floodgate_upload_bytes_total',
      help: 'Bytes of content fetched for uploads.',
      labelNames: ['media'] as const,
      registers,
    }),
    decisions: new Counter({
      name: 'floodgate_decisions_total',
      help: 'Decisions made. In observe-only mode the outcome is observed_block or observed_review.',
      labelNames: ['outcome', 'reason', 'media'] as const,
      registers,
    }),
    duplicates: new Counter({
      name: 'floodgate_duplicates_skipped_total',
      help: 'Work saved: redelivered events (idempotency) and byte-identical copies (exact_digest).',
      labelNames: ['reason'] as const,
      registers,
    }),
    deadLetters: new Counter({
      name: 'floodgate_dead_letters_total',
      help: 'Upload events that could not be interpreted.',
      labelNames: ['reason'] as const,
      registers,
    }),
    deadLettersReplayed: new Counter({
      name: 'floodgate_dead_letters_replayed_total',
      help: 'Dead letters that were put back among the upload events.',
      registers,
    }),
    retries: new Counter({
      name: 'floodgate_retries_total',
      help: 'Attempts after the first, by stage.',
      labelNames: ['stage'] as const,
      registers,
    }),
    stageErrors: new Counter({
      name: 'floodgate_stage_errors_total',
      help: 'Stages that ended in an error, by its code.',
      labelNames: ['stage', 'reason'] as const,
      registers,
    }),
    effortRung: new Gauge({
      name: 'floodgate_effort_rung',
      help: 'Rungs down from full effort: 0 looks at everything, 4 at whole key frames alone.',
      registers,
    }),
    degraded: new Counter({
      name: 'floodgate_degraded_decisions_total',
      help: 'Decisions that something made weaker than they would be on a good day, by what.',
      labelNames: ['reason'] as const,
      registers,
    }),
    inflight: new Gauge({
      name: 'floodgate_inflight_uploads',
      help: 'Uploads being worked on now.',
      registers,
    }),
  };
}

function createTimes(registry: Registry) {
  const registers = [registry];
  return {
    latency: new Histogram({
      name: 'floodgate_decision_latency_seconds',
      help: 'Time from the upload event to its durable decision.',
      labelNames: ['media'] as const,
      buckets: latencyBuckets,
      registers,
    }),
    stageSeconds: new Histogram({
      name: 'floodgate_stage_duration_seconds',
      help: 'Time that uploads spend in each stage.',
      labelNames: ['stage', 'media'] as const,
      buckets: stageBuckets,
      registers,
    }),
    settleSeconds: new Histogram({
      name: 'floodgate_settle_duration_seconds',
      help: 'Time of one atomic publish and commit.',
      buckets: stageBuckets,
      registers,
    }),
    settled: new Counter({
      name: 'floodgate_settled_records_total',
      help: 'Upload events whose outputs and progress are durable.',
      registers,
    }),
  };
}

function createEvidence(registry: Registry) {
  const registers = [registry];
  return {
    matches: new Counter({
      name: 'floodgate_matches_total',
      help: 'Decisions that named a bank as evidence; banks after the fiftieth count as other.',
      labelNames: ['bank', 'outcome'] as const,
      registers,
    }),
    distance: new Histogram({
      name: 'floodgate_match_hamming_distance',
      help: 'Least Hamming distance of the best match, in bits of 256.',
      buckets: distanceBuckets,
      registers,
    }),
    quality: new Histogram({
      name: 'floodgate_hash_quality_ratio',
      help: 'PDQ quality of sampled frames, divided by 100.',
      labelNames: ['media'] as const,
      buckets: qualityBuckets,
      registers,
    }),
    lowQuality: new Counter({
      name: 'floodgate_low_quality_total',
      help: 'Sampled frames below the least frame quality.',
      labelNames: ['media'] as const,
      registers,
    }),
  };
}

function createLag(registry: Registry) {
  const registers = [registry];
  return {
    lagRecords: new Gauge({
      name: 'floodgate_consumer_lag_records',
      help: 'Upload events between the end of the log and the lowest one not settled.',
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'floodgate_consumer_lag_seconds',
      help: 'Age of the oldest upload event not settled; 0 when there is none.',
      registers,
    }),
    progress: new Gauge({
      name: 'floodgate_last_progress_timestamp_seconds',
      help: 'When progress was last committed.',
      registers,
    }),
  };
}
