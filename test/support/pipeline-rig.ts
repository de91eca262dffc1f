/** The pipeline on a log in memory, with a bank over a twin of the index: fetching and decoding are played from a script. */

import { createHash } from 'node:crypto';
import type { BankEntry } from '../../src/bank/bank-records.ts';
import { createBank, type LiveBank } from '../../src/bank/live-bank.ts';
import type { Decision, MediaFacts } from '../../src/contracts/decision.ts';
import type { Fingerprint, StreamDecision } from '../../src/contracts/stream.ts';
import type { UploadEvent } from '../../src/contracts/upload.ts';
import { parsePolicy } from '../../src/decision/policy.ts';
import type { ContentSource, FetchedContent, Fetcher } from '../../src/fetch/fetcher.ts';
import {
  type Fingerprinter,
  type FingerprintJob,
  type FingerprintResult,
  modeOf,
  type SampledFrame,
  type SamplingMode,
} from '../../src/fingerprint/fingerprinter.ts';
import { createEffortLadder } from '../../src/flow/effort-ladder.ts';
import { RecentDecisions } from '../../src/flow/recent-decisions.ts';
import type { ConsumedRecord, Consumer, LogRecord, NewRecord, Topic } from '../../src/log/log.ts';
import type { PipelineParts } from '../../src/pipeline.ts';
import { LiveStreams } from '../../src/streams/live-streams.ts';
import type { Telemetry } from '../../src/telemetry.ts';
import { openStreamDecisionView } from '../../src/views/stream-decision-view.ts';
import type { LedgerEntry } from '../../src/views/views.ts';
import { sampledFrame } from './bank-entries.ts';
import { hashNumber } from './hashes.ts';
import { consumeGroup } from './log-records.ts';
import { MemoryLog } from './memory-log.ts';
import { silentTelemetry } from './silent-telemetry.ts';
import { twinIndex } from './twin-index.ts';

const uploadedAt = '2026-11-22T10:00:00.000Z';

export function uploadEvent(changes: Partial<UploadEvent> = {}): UploadEvent {
  return { uploadId: 'upload-1', content: { uri: 'file:///spool/one' }, uploadedAt, ...changes };
}

export function uploadRecord(event: UploadEvent, eventId: string): NewRecord {
  return {
    topic: 'uploads',
    key: event.uploadId,
    value: Buffer.from(JSON.stringify(event)),
    headers: { ce_id: eventId },
  };
}

/** SHA-256 of a text, 64 lower-case hexadecimal digits. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Frames half a second apart, the first at `fromMs`, with hashes from number `first` on. */
export function videoFrames(count: number, first = 0, fromMs = 0): SampledFrame[] {
  return Array.from({ length: count }, (_, at) => sampledFrame(hashNumber(first + at), { timeMs: fromMs + at * 500 }));
}

export const unrelated = 10_000;

export function videoResult(changes: Partial<FingerprintResult> = {}): FingerprintResult {
  return {
    media: { kind: 'video', container: 'mp4' },
    durationMs: 10_000,
    framesSampled: 8,
    largestGapMs: 500,
    complete: true,
    degraded: [],
    ...changes,
  };
}

/** A fetcher whose bytes are the text of the source's name. */
export interface FakeFetcher extends Fetcher {
  readonly fetched: ContentSource[];
  readonly released: string[];
  readonly letGo: string[];
  readonly discarded: ContentSource[];
}

export function fakeFetcher(fetch: (nameOf: string) => Promise<void> = async () => {}): FakeFetcher {
  const fetched: ContentSource[] = [];
  const released: string[] = [];
  const letGo: string[] = [];
  const discarded: ContentSource[] = [];
  return {
    fetched,
    released,
    letGo,
    discarded,
    async discard(source) {
      discarded.push(source);
    },
    async fetch(source): Promise<FetchedContent> {
      fetched.push(source);
      const name = 'uri' in source ? source.uri : source.inline;
      await fetch(name);
      return {
        path: `/spool/${name}`,
        bytes: 1_000,
        sha256: sha256Of(name),
        async release() {
          released.push(name);
        },
        async letGo() {
          letGo.push(name);
        },
      };
    },
  };
}

/** A fingerprinter that plays `frames` until it hears 'enough'. */
export function playFrames(frames: readonly SampledFrame[], media: MediaFacts = { kind: 'video' }) {
  return async (job: FingerprintJob): Promise<FingerprintResult> => {
    const stopped = frames.findIndex((frame) => job.onFrame(frame) === 'enough');
    const framesSampled = stopped < 0 ? frames.length : stopped + 1;
    return videoResult({
      media,
      framesSampled,
      complete: stopped < 0,
      durationMs: media.kind === 'video' ? 10_000 : 0,
    });
  };
}

/** A job that a child has begun: what it does is settled. */
export type BegunJob = FingerprintJob & { readonly mode: SamplingMode };

export interface PipelineRig {
  readonly parts: PipelineParts;
  readonly log: MemoryLog;
  readonly bank: LiveBank;
  readonly consumer: Consumer;
  readonly fetcher: FakeFetcher;
  readonly jobs: BegunJob[];
  /** Names of the telemetry heard, with the facts that tests ask for. */
  readonly heard: string[];
  /** Appends uploads and gives the records as the consumer hands them out. */
  receive(...records: NewRecord[]): Promise<ConsumedRecord[]>;
  decisions(): Decision[];
  streamDecisions(): StreamDecision[];
  fingerprints(): Fingerprint[];
  deadLetters(): LogRecord[];
}

export interface RigOptions {
  readonly log?: MemoryLog;
  readonly fetcher?: FakeFetcher;
  readonly fingerprint?: (job: BegunJob) => Promise<FingerprintResult>;
  readonly known?: readonly BankEntry[];
  readonly policy?: Parameters<typeof parsePolicy>[0];
  readonly parts?: Partial<PipelineParts>;
}

export async function pipelineRig(options: RigOptions = {}): Promise<PipelineRig> {
  const { log = new MemoryLog(), fetcher = fakeFetcher(), fingerprint = playFrames([]), known = [] } = options;
  const bank = createBank({
    log,
    index: twinIndex(),
    deepIndex: twinIndex(),
    telemetry: silentTelemetry(),
    frameQualityMin: () => 20,
  });
  await bank.start();
  for (const entry of known) await bank.add(entry);
  const consumer = await consumeGroup(log, 'floodgate-pipeline');
  const jobs: BegunJob[] = [];
  const heard: string[] = [];
  const policy = parsePolicy(options.policy ?? {});
  const streams = new LiveStreams({
    log,
    bank,
    isKnown: (contentId) => bank.get(contentId) !== undefined,
    policy: () => policy,
    decisions: await openStreamDecisionView({ log }),
    telemetry: silentTelemetry(),
    onUnreadable: (_offset, why) => heard.push(`unreadable ${why}`),
  });
  await streams.rebuild(0);
  const fingerprinter: Fingerprinter = {
    fingerprint(asked) {
      const job = { ...asked, mode: modeOf(asked) };
      jobs.push(job);
      return fingerprint(job);
    },
    unready: () => null,
    close: async () => {},
  };
  return {
    parts: {
      fetcher,
      fingerprinter,
      bank,
      policy: () => policy,
      recent: new RecentDecisions({ ledger: (uploadId, eventId) => ledgerOf(decisionsIn(log), uploadId, eventId) }),
      settler: { settle: (settlement) => consumer.settle([settlement]) },
      streams,
      telemetry: listening(heard),
      ladder: createEffortLadder({ elapsedMs: () => 0, onChange: () => {} }),
      version: '0.0.0',
      kernelVersion: '1-test',
      jobTimeoutMs: 1_000,
      nowMs: () => Date.parse(uploadedAt) + 250,
      elapsedMs: () => 0,
      sleep: async () => {},
      ...options.parts,
    },
    log,
    bank,
    consumer,
    fetcher,
    jobs,
    heard,
    async receive(...records) {
      await log.append(records);
      return consumer.poll(records.length, AbortSignal.timeout(5_000));
    },
    decisions: () => decisionsIn(log),
    streamDecisions: () => valuesIn<StreamDecision>(log, 'stream-decisions'),
    fingerprints: () => valuesIn<Fingerprint>(log, 'fingerprints'),
    deadLetters: () => log.disk.of('dead-letters'),
  };
}

export function decisionsIn(log: MemoryLog): Decision[] {
  return valuesIn<Decision>(log, 'decisions');
}

function valuesIn<T>(log: MemoryLog, topic: Topic): T[] {
  return log.disk.of(topic).map((record) => JSON.parse(Buffer.from(record.value ?? []).toString('utf8')) as T);
}

export function ledgerOf(decisions: readonly Decision[], uploadId: string, eventId: string): LedgerEntry {
  const own = decisions.filter((decision) => decision.uploadId === uploadId);
  return {
    lastRevision: own.reduce((last, { revision }) => Math.max(last, revision), 0),
    eventDecided: own.some((decision) => decision.eventId === eventId),
  };
}

function listening(heard: string[]): Telemetry {
  return silentTelemetry({
    duplicateSkipped: (reason) => heard.push(`duplicateSkipped ${reason}`),
    exactCopyFound: () => heard.push('exactCopyFound'),
    stageFailed: (stage, code) => heard.push(`stageFailed ${stage} ${code}`),
    retried: (stage) => heard.push(`retried ${stage}`),
    decided: (decision, seconds) => heard.push(`decided ${decision.outcome} after ${seconds} s`),
    deadLettered: (code) => heard.push(`deadLettered ${code}`),
    frameJudged: (media, quality, usable) => heard.push(`frameJudged ${media} ${quality} ${usable}`),
  });
}
