/**
 * The composition root: configuration -> parts, started and stopped in one visible order.
 *
 * Stop unwinds the start, except that HTTP closes after the pipeline has drained, so that /readyz tells the truth
 * throughout, and the log closes last, because everything else writes to it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveBank } from './bank/live-bank.ts';
import { type OpenedBank, openBank } from './bank/open-bank.ts';
import type { Config, Secrets } from './config/config.ts';
import { limits } from './config/limits.ts';
import { readPolicy } from './config/policy-file.ts';
import { memoryLimitBytes, nodeVersion, readPackageVersion, readRevision } from './config/version.ts';
import type { ServiceStatus } from './contracts/api.ts';
import { type Policy, policyVersionOf } from './contracts/policy.ts';
import { radiiOf } from './decision/policy.ts';
import { type ClosableFetcher, createFetcher } from './fetch/create-fetcher.ts';
import { createSpool, type FileSpool } from './fetch/spool.ts';
import { createFingerprinter, type PooledFingerprinter } from './fingerprint/child-pool.ts';
import { Backlog } from './flow/backlog.ts';
import { BankDesk } from './flow/bank-desk.ts';
import { Closers } from './flow/closers.ts';
import { DeadLetterDesk } from './flow/dead-letter-desk.ts';
import { Health } from './flow/health.ts';
import { carriedFile, namedFile } from './flow/posted-files.ts';
import { RecentDecisions } from './flow/recent-decisions.ts';
import { RunningPipeline } from './flow/running-pipeline.ts';
import { unsettledFiles } from './flow/unsettled-files.ts';
import { UploadDesk } from './flow/upload-desk.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import type { OwnedIndex } from './kernel/hamming-index.ts';
import { readKernelVersion } from './kernel/load-kernel.ts';
import { kafkaConnectionOf } from './log/kafka/connection.ts';
import { assertTopicsFit } from './log/kafka/topic-admin.ts';
import { openKafkaLog } from './log/kafka-log.ts';
import type { Consumer, Log } from './log/log.ts';
import { openSqliteLog } from './log/sqlite-log.ts';
import { createLogger } from './metrics/logger.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { LiveStreams } from './streams/live-streams.ts';
import { createTelemetry, type Tally, type Telemetry } from './telemetry.ts';
import { type OpenDecisionView, openDecisionView } from './views/decision-view.ts';
import { type OpenStreamDecisionView, openStreamDecisionView } from './views/stream-decision-view.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export interface Service {
  /** URL of the HTTP interface. */
  readonly address: string;
  readonly uploads: UploadDesk;
  readonly bank: BankDesk;
  /** Rejects when the pipeline failed and the process must be restarted; nothing is lost. Pending otherwise. */
  readonly failed: Promise<never>;
  /** Drains within `deadlineMs`, then closes everything. Safe to call twice. */
  stop(reason: string, deadlineMs?: number): Promise<void>;
}

/** What observes and what rules; there from the first moment. */
interface Base {
  readonly config: Config;
  readonly version: string;
  readonly kernelVersion: string;
  readonly policy: Policy;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry & { tally(): Tally };
  readonly startedAtMs: number;
}

/** What holds state or does work. */
interface Core extends Base {
  readonly log: Log;
  readonly consumer: Consumer;
  readonly decisions: OpenDecisionView;
  readonly streamDecisions: OpenStreamDecisionView;
  readonly streams: LiveStreams;
  readonly spool: FileSpool;
  readonly fetcher: ClosableFetcher;
  readonly fingerprinter: PooledFingerprinter;
  readonly index: OwnedIndex;
  readonly bank: LiveBank;
  readonly backlog: Backlog;
}

/** What is to be forgotten with a partition; filled in once there is something, for the log is opened before. */
interface LostPartitions {
  forget: (partition: number) => void;
}

/** Resolves when uploads are worked on and HTTP answers. When a part cannot start, what had started is closed again. */
export async function startService(config: Config, secrets: Secrets): Promise<Service> {
  const closers = new Closers();
  try {
    const base = observe(config);
    const core = await openCore(base, secrets, closers);
    const pipeline = createPipeline(core);
    const health = createHealth(core, pipeline);
    const uploads = createUploadDesk(core);
    const bank = new BankDesk({ ...core, policy: () => core.policy });
    const http = await createHttp(core, secrets, { pipeline, health, uploads, bank });
    closers.add('http', () => http.close());
    const { address } = await http.listen();
    pipeline.start();
    pipeline.failed.catch((error: unknown) => health.fail(String(error)));
    health.readiness();
    base.telemetry.serviceReady({ address, kernelVersion: base.kernelVersion, bankHashes: core.index.size });
    return { address, uploads, bank, failed: pipeline.failed, stop: stopper(core, pipeline, closers) };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

function observe(config: Config): Base {
  const version = readPackageVersion();
  const kernelVersion = readKernelVersion();
  const policy = readPolicy(config.policyFile);
  const revision = readRevision();
  const metrics = createMetrics({
    version,
    revision,
    kernelVersion,
    nodeVersion,
    memoryLimitBytes: memoryLimitBytes(),
  });
  const telemetry = createTelemetry({ metrics, log: createLogger({ level: config.logLevel }) });
  telemetry.serviceStarting({ version, policyVersion: policyVersionOf(policy), dataFolder: config.dataFolder });
  return { config, version, kernelVersion, policy, metrics, telemetry, startedAtMs: Date.now() };
}

async function openCore(base: Base, secrets: Secrets, closers: Closers): Promise<Core> {
  const { config, telemetry } = base;
  const lost: LostPartitions = { forget: () => {} };
  const log = await openLog(base, secrets, lost);
  closers.add('log', () => log.close());
  // Before uploads come to this process, of which others could be deciding already.
  const { bank, index } = await readBank(base, log, closers);
  const decisions = await openDecisionView({
    path: join(config.dataFolder, 'views', 'decisions.sqlite'),
    log,
    onUnreadable: (offset, why) => telemetry.warned('a record of the decisions is not a decision', { offset, why }),
    onFailure: (error) => telemetry.failed('the decision view', error),
  });
  closers.add('views', () => decisions.close());
  const { streamDecisions, streams } = await openStreams(base, log, bank, closers);
  lost.forget = (partition) => streams.forget(partition);
  const consumer = await consumeUploads(log, decisions, streams, config);
  closers.add('consumer', () => consumer.close());

  const spool = await createSpool({ folder: join(config.dataFolder, 'spool'), bytesMax: config.spoolBytesMax });
  await spool.sweep(await unsettledFiles(log, consumer.resumesFrom));
  const fetcher = createFetcher({ settings: config, spool, telemetry });
  closers.add('fetcher', () => fetcher.close());
  const fingerprinter = createFingerprinter({ processes: config.children, spool, telemetry });
  closers.add('children', () => fingerprinter.close());

  await Promise.all([fingerprinter.selfTest(), decisions.caughtUp(), streamDecisions.caughtUp()]);

  const backlog = new Backlog({
    consumer,
    onMeasured(lag, partitions) {
      telemetry.lagMeasured(lag.records, lag.seconds);
      for (const each of partitions) telemetry.partitionLag(each.partition, each.records, each.seconds);
    },
    onLost: (partition) => telemetry.partitionLost(partition),
    onFailure: (error) => telemetry.failed('measuring the lag', error),
    intervalMs: limits.lagIntervalMs,
  });
  closers.add('backlog', async () => backlog.stop());
  await backlog.start();
  return {
    ...base,
    log,
    consumer,
    decisions,
    streamDecisions,
    streams,
    spool,
    fetcher,
    fingerprinter,
    index,
    bank,
    backlog,
  };
}

/** Resolves when everything that the bank's log has now is searchable. */
async function readBank({ config, policy, telemetry }: Base, log: Log, closers: Closers): Promise<OpenedBank> {
  const opened = await openBank({
    log,
    hashesMax: config.bankHashesMax,
    frameQualityMin: policy.faintFrameQualityMin,
    merging: 'background',
    snapshots: { folder: join(config.dataFolder, 'bank'), everyMs: config.bankSnapshotMinutes * minuteMs },
    telemetry,
  });
  closers.add('bank', opened.close);
  await opened.start();
  return opened;
}

/**
 * Whoever gets a partition first learns what was decided of it: the revisions of its uploads, which events have their
 * decision already, and what its live streams have shown.
 */
function consumeUploads(
  log: Log,
  decisions: OpenDecisionView,
  streams: LiveStreams,
  { kafkaGroup }: Config,
): Promise<Consumer> {
  const onAssigned = async (partition: number) => {
    await Promise.all([decisions.caughtUp(partition), streams.rebuild(partition)]);
  };
  return log.consume({ topic: 'uploads', group: kafkaGroup, onAssigned });
}

async function openStreams(
  { telemetry, policy }: Base,
  log: Log,
  bank: LiveBank,
  closers: Closers,
): Promise<Pick<Core, 'streamDecisions' | 'streams'>> {
  const onUnreadable = (what: string) => (offset: number, why: string) => telemetry.warned(what, { offset, why });
  const streamDecisions = await openStreamDecisionView({
    log,
    onUnreadable: onUnreadable('a record of the stream decisions is not a decision on a stream'),
    onFailure: (error) => telemetry.failed('the view of stream decisions', error),
  });
  closers.add('stream decisions', () => streamDecisions.close());
  const streams = new LiveStreams({
    log,
    bank,
    isKnown: (contentId) => bank.get(contentId) !== undefined,
    policy: () => policy,
    decisions: streamDecisions,
    telemetry,
    onUnreadable: onUnreadable('a record of the fingerprints is not a fingerprint'),
  });
  return { streamDecisions, streams };
}

/** Topics that would lose records or decide them twice are refused; what is merely unwise is told. */
async function openLog({ config, telemetry }: Base, secrets: Secrets, lost: LostPartitions): Promise<Log> {
  if (config.kafkaBrokers.length === 0) return openEmbeddedLog(config);
  const connection = kafkaConnectionOf(config, secrets);
  const faults = await assertTopicsFit(connection, {
    prefix: config.kafkaTopicPrefix,
    uploadsRetentionMs: config.uploadsRetentionHours * hourMs,
    decisionsRetentionMs: config.decisionsRetentionHours * hourMs,
  });
  for (const { name, problem, remedy } of faults) telemetry.warned(`topic ${name}: ${problem}`, { remedy });
  return openKafkaLog({
    connection,
    prefix: config.kafkaTopicPrefix,
    delivery: config.delivery,
    sessionTimeoutMs: config.kafkaSessionTimeoutMs,
    events: {
      partitionsAssigned: telemetry.partitionsAssigned,
      partitionLost(partition) {
        telemetry.partitionLost(partition);
        lost.forget(partition);
      },
      requestTimedOut: telemetry.brokerRequestTimedOut,
      fenced: telemetry.partitionFenced,
      transactionEnded: telemetry.transactionEnded,
      partitionsPaused: telemetry.partitionsPaused,
      warned: telemetry.warned,
    },
  });
}

function openEmbeddedLog(config: Config): Promise<Log> {
  const uploadsMs = config.uploadsRetentionHours * hourMs;
  const decisionsMs = config.decisionsRetentionHours * hourMs;
  return openSqliteLog({
    path: join(config.dataFolder, 'log', 'floodgate.sqlite'),
    logBytesMax: config.logBytesMax,
    logFreeBytesMin: config.logFreeBytesMin,
    retention: {
      uploads: { ageMsMax: uploadsMs },
      fingerprints: { ageMsMax: uploadsMs },
      decisions: { ageMsMax: decisionsMs },
      'stream-decisions': { ageMsMax: decisionsMs },
      'dead-letters': { ageMsMax: decisionsMs },
    },
  });
}

function createPipeline(core: Core): RunningPipeline {
  return new RunningPipeline({
    ...core,
    policy: () => core.policy,
    recent: new RecentDecisions(core.decisions),
    jobTimeoutMs: core.config.jobTimeoutMs,
    inflightUploadsMax: core.config.inflightUploadsMax,
  });
}

function createHealth({ log, bank, fingerprinter, telemetry }: Core, pipeline: RunningPipeline): Health {
  return new Health(
    {
      log: () => log.unwritable(),
      bank: () => bank.unready(),
      children: () => fingerprinter.unready(),
      pipeline: () => pipeline.unready(),
    },
    telemetry,
  );
}

function createUploadDesk({ log, decisions, backlog, config }: Core): UploadDesk {
  const { backlogUploadsMax } = config;
  return new UploadDesk({
    log,
    decisions,
    backlogUploads: () => backlog.lag.records,
    backlogUploadsMax,
    nowMs: Date.now,
  });
}

function createDeadLetterDesk({ log, telemetry, backlog, config }: Core): DeadLetterDesk {
  const { backlogUploadsMax } = config;
  return new DeadLetterDesk({ log, telemetry, backlogUploads: () => backlog.lag.records, backlogUploadsMax });
}

interface Desks {
  readonly pipeline: RunningPipeline;
  readonly health: Health;
  readonly uploads: UploadDesk;
  readonly bank: BankDesk;
}

function createHttp(core: Core, secrets: Secrets, desks: Desks): Promise<HttpServer> {
  const { config, spool, decisions, policy, metrics, telemetry, version } = core;
  const { host, port, contentBytesMax } = config;
  const { health, uploads, bank } = desks;
  return createHttpServer(
    {
      intake: uploads,
      postedContent: config.kafkaBrokers.length === 0 ? namedFile : carriedFile,
      // Its arrival is acknowledged to the sender, so the bytes must survive a crash.
      spool: { store: (bytes, signal) => spool.store(bytes, { bytesMax: contentBytesMax, durable: true, signal }) },
      decisions,
      streams: { decisions: core.streamDecisions, live: (streamId) => core.streams.find(streamId) },
      bank,
      deadLetters: createDeadLetterDesk(core),
      health,
      telemetry,
      metrics,
      version,
      policy: () => ({ version: policyVersionOf(policy), ...policy }),
      status: () => statusOf(core, desks),
    },
    { host, port, tokens: secrets.tokens, contentBytesMax },
  );
}

function statusOf(core: Core, { pipeline, health }: Desks): ServiceStatus {
  const { policy, backlog, decisions, index, bank } = core;
  return {
    version: core.version,
    uptimeSeconds: (Date.now() - core.startedAtMs) / 1000,
    policyVersion: policyVersionOf(policy),
    observeOnly: policy.mode === 'observe',
    ...core.telemetry.tally(),
    inflightUploads: pipeline.inflight,
    backlogUploads: backlog.lag.records,
    backlogSeconds: backlog.lag.seconds,
    outcomes: decisions.counts(),
    bank: { contents: bank.size, hashes: index.size, position: bank.position },
    radiusBits: radiiOf(policy),
    readiness: health.readiness(),
  };
}

function stopper(
  { telemetry, decisions, streamDecisions }: Core,
  pipeline: RunningPipeline,
  closers: Closers,
): Service['stop'] {
  let stopping: Promise<void> | undefined;
  const stop = async (reason: string, deadlineMs: number): Promise<void> => {
    telemetry.serviceStopping(reason);
    await pipeline.drain(deadlineMs);
    // Who waits for a decision that was just made hears it before HTTP closes; a log that failed has nothing more to say.
    const patience = sleep(limits.viewCatchUpMs, undefined, { ref: false });
    await Promise.race([Promise.all([decisions.caughtUp(), streamDecisions.caughtUp()]), patience]).catch(
      () => undefined,
    );
    await closers.closeAll();
    telemetry.serviceStopped();
  };
  return (reason, deadlineMs = limits.drainTimeoutMs) => {
    stopping ??= stop(reason, deadlineMs);
    return stopping;
  };
}
