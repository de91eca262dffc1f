/**
 * One function per business event. This file and `metrics/` alone log and count: each event owns its log line and its
 * metrics, so that both say the same. Labels are closed sets; never an upload, a user, a hash, a URL or a content.
 */
import type { MediaKind, Outcome } from './contracts/common.ts';
import { type DeadLetterCode, deadLetterCodes } from './contracts/dead-letter.ts';
import { type Decision, degradations } from './contracts/decision.ts';
import type { StreamDecision } from './contracts/stream.ts';
import type { ErrorCode } from './errors.ts';
import { shedSteps } from './flow/effort-ladder.ts';
import { httpEvents } from './metrics/http-events.ts';
import { type Logger, scrubText } from './metrics/logger.ts';
import type { Metrics } from './metrics/metrics.ts';

export const stages = ['admit', 'fetch', 'fingerprint', 'search', 'align', 'decide', 'publish'] as const;
export type Stage = (typeof stages)[number];

export const components = ['log', 'bank', 'children', 'pipeline'] as const;
export type Component = (typeof components)[number];

const childRestartReasons = ['crash', 'timeout', 'memory', 'recycle', 'start_failed'] as const;
export type ChildRestartReason = (typeof childRestartReasons)[number];

const transactionResults = ['committed', 'aborted'] as const;
export type TransactionResult = (typeof transactionResults)[number];

export interface Telemetry {
  // Life of the process
  serviceStarting(facts: Record<string, unknown>): void;
  serviceReady(facts: Record<string, unknown>): void;
  serviceStopping(reason: string): void;
  serviceStopped(): void;
  componentReadiness(component: Component, ready: boolean, why: string | null): void;
  /** What a person should know and act on, though nothing is lost. */
  warned(what: string, facts?: Record<string, unknown>): void;
  failed(what: string, error: unknown): void;

  // Pipeline
  uploadsConsumed(count: number): void;
  duplicateSkipped(reason: 'idempotency'): void;
  exactCopyFound(): void;
  /** `media` where it is known by then; 'unknown' when left out. */
  stageFinished(stage: Stage, seconds: number, media?: MediaKind): void;
  stageFailed(stage: Stage, code: ErrorCode): void;
  retried(stage: Stage): void;
  inflight(uploads: number): void;
  /** Rungs down from full effort, 0 to 4. */
  effortChanged(rung: number): void;
  contentFetched(media: MediaKind, bytes: number): void;
  frameJudged(media: MediaKind, quality: number, usable: boolean): void;
  decided(decision: Decision, latencySeconds: number): void;
  streamDecided(decision: StreamDecision): void;
  /** Streams of which this instance keeps evidence. */
  streamsLive(streams: number): void;
  /** Evidence of a stream that goes on had to be let go of. */
  streamEvicted(): void;
  /** What a partition's streams had shown was read back from their fingerprints. */
  streamsRebuilt(streams: number, fingerprints: number): void;
  deadLettered(code: DeadLetterCode, detail: string): void;
  deadLetterReplayed(): void;
  settled(records: number, seconds: number): void;
  lagMeasured(records: number, seconds: number): void;

  // Log
  /** How many partitions this instance reads from now on; told at each assignment. */
  partitionsAssigned(partitions: number): void;
  partitionFenced(): void;
  transactionEnded(result: TransactionResult, seconds: number): void;
  partitionsPaused(partitions: number): void;
  brokerRequestTimedOut(): void;
  partitionLag(partition: number, records: number, seconds: number): void;
  partitionProgress(partition: number): void;
  /** Another instance tells of the partition from now on. */
  partitionLost(partition: number): void;

  // Children
  childPool(processes: number, busy: number, queued: number): void;
  childRestarted(reason: ChildRestartReason, detail: string): void;

  // Bank
  /** `seconds` since its append; left out for what was in the log before this process was. */
  bankApplied(kind: 'add' | 'remove', seconds: number | undefined): void;
  bankRejected(detail: string): void;
  /** How far this instance is behind the end of its bank log. */
  bankBehind(records: number, seconds: number): void;
  /** Gone on from a snapshot. */
  bankRestored(facts: BankSnapshotFacts & { recordsBehind: number }): void;
  /** Read from the first record of its log, for a reason. */
  bankRebuilding(reason: string): void;
  bankSnapshotWritten(facts: BankSnapshotFacts): void;
  bankSized(facts: { hashes: number; freshHashes: number; contents: number; bytes: number; position: number }): void;
  indexMerged(facts: { hashes: number; seconds: number; segments: number; freshHashes: number; bytes: number }): void;
  searchFinished(seconds: number, queries: number): void;

  // HTTP
  requestsInFlight(count: number): void;
  requestFinished(method: string, route: string, status: number, seconds: number): void;
  streamClients(count: number): void;
  streamEventDropped(): void;
}

export interface BankSnapshotFacts {
  /** Offset of the last bank record in it. */
  readonly position: number;
  readonly contents: number;
  readonly hashes: number;
  readonly seconds: number;
}

/** Outcome of a decision as the metrics count it: in observe-only mode what would have been done is told apart. */
export type CountedOutcome = Outcome | 'observed_block' | 'observed_review';

/** Counted since the start of the process, for the live page. */
export interface Tally {
  readonly uploadsConsumed: number;
  readonly uploadsDecided: number;
}

export interface TelemetryParts {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly nowMs?: () => number;
}

export function createTelemetry(parts: TelemetryParts): Telemetry & { tally(): Tally } {
  const { metrics, log, nowMs = Date.now } = parts;
  const pipeline = pipelineEvents(metrics, log, nowMs);
  return {
    ...lifeEvents(metrics, log),
    ...stageEvents(metrics, log),
    ...pipeline,
    ...streamEvents(metrics, log),
    ...logEvents(metrics, log, nowMs),
    ...childEvents(metrics, log),
    ...bankEvents(metrics, log, nowMs),
    ...httpEvents(metrics, log),
  };
}

/** WARN: nothing is lost. ERROR: a person should act. */
function lifeEvents({ process }: Metrics, log: Logger) {
  for (const component of components) process.ready.set({ component }, 0);
  return {
    serviceStarting: (facts) => log.info(facts, 'service starting'),
    serviceReady: (facts) => log.info(facts, 'service ready'),
    serviceStopping: (reason) => log.info({ reason }, 'service stopping'),
    serviceStopped: () => log.info('service stopped'),
    componentReadiness(component, ready, why) {
      process.ready.set({ component }, ready ? 1 : 0);
      if (ready) log.info({ component }, 'component ready');
      else log.warn({ component, why }, 'component not ready');
    },
    warned: (what, facts = {}) => log.warn(facts, scrubText(what)),
    failed: (what, error) => log.error({ error }, scrubText(what)),
  } satisfies Partial<Telemetry>;
}

function stageEvents({ pipeline }: Metrics, log: Logger) {
  for (const stage of stages) pipeline.retries.inc({ stage }, 0);
  return {
    stageFinished: (stage, seconds, media = 'unknown') => pipeline.stageSeconds.observe({ stage, media }, seconds),
    stageFailed(stage, code) {
      pipeline.stageErrors.inc({ stage, reason: code });
      log.debug({ stage, code }, 'stage failed');
    },
    retried(stage) {
      pipeline.retries.inc({ stage });
      log.debug({ stage }, 'stage retried');
    },
    inflight: (uploads) => pipeline.inflight.set(uploads),
    effortChanged(rung) {
      pipeline.effortRung.set(rung);
      const shed = shedSteps.slice(0, rung);
      if (rung === 0) log.info('keeping up again: everything is looked at');
      else log.warn({ rung, shed }, 'overloaded: the dearest work is left out');
    },
    contentFetched: (media, bytes) => pipeline.bytes.inc({ media }, bytes),
    frameJudged(media, quality, usable) {
      pipeline.quality.observe({ media }, quality / 100);
      if (!usable) pipeline.lowQuality.inc({ media });
    },
  } satisfies Partial<Telemetry>;
}

function pipelineEvents({ pipeline }: Metrics, log: Logger, nowMs: () => number) {
  const tally = { uploadsConsumed: 0, uploadsDecided: 0 };
  const countBank = boundedLabel(banksMax);
  // The first of a kind must show as an increase, so every kind is there from the start.
  for (const reason of deadLetterCodes) pipeline.deadLetters.inc({ reason }, 0);
  for (const reason of ['idempotency', 'exact_digest']) pipeline.duplicates.inc({ reason }, 0);
  for (const reason of degradations) pipeline.degraded.inc({ reason }, 0);
  return {
    tally: (): Tally => ({ ...tally }),
    uploadsConsumed(count) {
      tally.uploadsConsumed += count;
      pipeline.consumed.inc(count);
    },
    duplicateSkipped: (reason) => pipeline.duplicates.inc({ reason }),
    exactCopyFound: () => pipeline.duplicates.inc({ reason: 'exact_digest' }),
    decided(decision, latencySeconds) {
      tally.uploadsDecided += 1;
      countDecision(pipeline, decision, latencySeconds, countBank);
      log.info(decisionFacts(decision), 'upload decided');
    },
    deadLettered(code, detail) {
      pipeline.deadLetters.inc({ reason: code });
      log.warn({ code, detail }, 'upload event dead-lettered');
    },
    deadLetterReplayed: () => pipeline.deadLettersReplayed.inc(),
    settled(records, seconds) {
      pipeline.settled.inc(records);
      pipeline.settleSeconds.observe(seconds);
      pipeline.progress.set(nowMs() / 1000);
    },
    lagMeasured(records, seconds) {
      pipeline.lagRecords.set(records);
      pipeline.lagSeconds.set(seconds);
    },
  } satisfies Partial<Telemetry> & { tally(): Tally };
}

function streamEvents({ streams }: Metrics, log: Logger) {
  for (const outcome of ['block', 'review', 'allow', 'observed_block', 'observed_review'] as const) {
    streams.decisions.inc({ outcome }, 0);
  }
  return {
    streamDecided(decision) {
      const outcome = countedOutcome(decision);
      streams.decisions.inc({ outcome });
      const { streamId, revision, reason, sequence } = decision;
      log.info({ streamId, revision, outcome, reason, sequence }, 'stream decided');
    },
    streamsLive: (count) => streams.live.set(count),
    streamEvicted: () => streams.evicted.inc(),
    streamsRebuilt(count, fingerprints) {
      streams.rebuilds.inc();
      log.info({ streams: count, fingerprints }, 'streams of a partition read back');
    },
  } satisfies Partial<Telemetry>;
}

function countDecision(
  pipeline: Metrics['pipeline'],
  decision: Decision,
  latencySeconds: number,
  countBank: (bank: string) => string,
): void {
  const media = decision.media.kind;
  const outcome = countedOutcome(decision);
  pipeline.decisions.inc({ outcome, reason: decision.reason, media });
  for (const reason of decision.degraded) pipeline.degraded.inc({ reason });
  // A producer's clock may run ahead of ours.
  pipeline.latency.observe({ media }, Math.max(0, latencySeconds));
  const banks = new Set(decision.matches.map((match) => countBank(match.bank)));
  for (const bank of banks) pipeline.matches.inc({ bank, outcome });
  const best = decision.matches[0];
  if (best !== undefined) pipeline.distance.observe(best.distanceBits);
}

function countedOutcome(decision: Pick<Decision, 'outcome' | 'observedOutcome'>): CountedOutcome {
  return decision.observedOutcome === undefined ? decision.outcome : `observed_${decision.observedOutcome}`;
}

function decisionFacts(decision: Decision): Record<string, unknown> {
  const { uploadId, revision, reason, decisionMs } = decision;
  const best = decision.matches[0];
  return {
    uploadId,
    revision,
    outcome: countedOutcome(decision),
    reason,
    decisionMs,
    ...(best === undefined ? {} : { contentId: best.contentId, bank: best.bank, distanceBits: best.distanceBits }),
  };
}

/** Operators name banks, so their number is bounded here: the first fifty count by name. */
const banksMax = 50;

function boundedLabel(valuesMax: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.size < valuesMax) known.add(value);
    return known.has(value) ? value : 'other';
  };
}

/** More than a group of instances shares sensibly. Partitions from this number on count in the sums alone. */
const partitionLabelsMax = 256;

function logEvents({ log: metrics }: Metrics, log: Logger, nowMs: () => number) {
  // A rate needs a value to begin from.
  for (const result of transactionResults) metrics.transactions.inc({ result }, 0);
  const isLabelled = (partition: number) => partition < partitionLabelsMax;
  return {
    partitionsAssigned(partitions) {
      metrics.assigned.set(partitions);
      metrics.rebalances.inc();
      log.info({ partitions }, 'partitions assigned');
    },
    partitionFenced() {
      metrics.fenced.inc();
      log.warn('another instance has taken over a partition');
    },
    transactionEnded(result, seconds) {
      metrics.transactions.inc({ result });
      metrics.transactionSeconds.observe(seconds);
      if (result === 'aborted') log.warn({ seconds }, 'transaction aborted');
    },
    partitionsPaused: (partitions) => metrics.paused.set(partitions),
    brokerRequestTimedOut() {
      metrics.requestTimeouts.inc();
      log.warn('the broker did not answer a request in time');
    },
    partitionLag(partition, records, seconds) {
      if (!isLabelled(partition)) return;
      metrics.partitionLagRecords.set({ partition }, records);
      metrics.partitionLagSeconds.set({ partition }, seconds);
    },
    partitionProgress(partition) {
      if (isLabelled(partition)) metrics.partitionProgress.set({ partition }, nowMs() / 1000);
    },
    partitionLost(partition) {
      for (const gauge of [metrics.partitionLagRecords, metrics.partitionLagSeconds, metrics.partitionProgress]) {
        gauge.remove({ partition });
      }
    },
  } satisfies Partial<Telemetry>;
}

function childEvents({ process }: Metrics, log: Logger) {
  const pool = 'fingerprint';
  for (const reason of childRestartReasons) process.restarts.inc({ pool, reason }, 0);
  return {
    childPool(processes, busy, queued) {
      process.children.set({ pool }, processes);
      process.utilization.set({ pool }, processes === 0 ? 0 : busy / processes);
      process.queue.set({ pool }, queued);
    },
    childRestarted(reason, detail) {
      process.restarts.inc({ pool, reason });
      const level = reason === 'recycle' ? 'debug' : 'warn';
      log[level]({ reason, detail }, 'child process replaced');
    },
  } satisfies Partial<Telemetry>;
}

function bankEvents({ bank }: Metrics, log: Logger, nowMs: () => number) {
  for (const kind of ['add', 'remove']) bank.updates.inc({ kind, result: 'ok' }, 0);
  bank.updates.inc({ kind: 'unknown', result: 'rejected' }, 0);
  return {
    bankApplied(kind, seconds) {
      bank.updates.inc({ kind, result: 'ok' });
      if (seconds !== undefined) bank.liveSeconds.observe(seconds);
      bank.updated.set(nowMs() / 1000);
      log.debug({ kind, seconds }, 'bank change searchable');
    },
    bankRejected(detail) {
      bank.updates.inc({ kind: 'unknown', result: 'rejected' });
      log.error({ detail }, 'bank record refused');
    },
    bankBehind(records, seconds) {
      bank.behindRecords.set(records);
      bank.behindSeconds.set(seconds);
    },
    bankRestored(facts) {
      bank.snapshotPosition.set(facts.position);
      log.info(facts, 'bank restored from its snapshot');
    },
    bankRebuilding: (reason) => log.info({ reason }, 'bank is read from the first record of its log'),
    bankSnapshotWritten(facts) {
      bank.snapshotPosition.set(facts.position);
      bank.snapshotWritten.set(nowMs() / 1000);
      log.info(facts, 'snapshot of the bank written');
    },
    bankSized({ hashes, freshHashes, contents, bytes, position }) {
      bank.entries.set(hashes);
      bank.freshEntries.set(freshHashes);
      bank.contents.set(contents);
      bank.bytes.set(bytes);
      bank.version.set(position);
    },
    indexMerged({ hashes, seconds, segments, freshHashes, bytes }) {
      bank.segments.set(segments);
      bank.freshEntries.set(freshHashes);
      bank.bytes.set(bytes);
      bank.mergeSeconds.observe(seconds);
      log.debug({ hashes, segments, seconds }, 'segment of the index built');
    },
    searchFinished(seconds, queries) {
      bank.searchSeconds.observe(seconds);
      bank.queries.inc(queries);
    },
  } satisfies Partial<Telemetry>;
}
