/**
 * The data flow, top to bottom.
 *
 *   consume ─► admit ─► fetch ─► fingerprint ─► search ─► align ─► decide ─► publish + commit
 *
 * | stage       | input -> output                          | limit                       | what failure means          |
 * |-------------|------------------------------------------|-----------------------------|-----------------------------|
 * | consume     | log -> records, in order per key         | inflightUploadsMax          | the pipeline stops          |
 * | admit       | record -> upload, or dead letter         | recordBytesMax              | a dead letter with its code |
 * | fetch       | source -> file in the spool, SHA-256     | contentBytesMax, timeouts   | a decision with its reason  |
 * | fingerprint | file -> frames with hashes, as they come | jobTimeoutMs, one retry     | a decision with its reason  |
 * | search      | frame -> frames of known content         | radius and hits, reported   | a fault of ours: it stops   |
 * | align       | frame matches -> segments on a line      | the aligner's, reported     | a fault of ours: it stops   |
 * | decide      | evidence, policy -> judgement            | -                           | a fault of ours: it stops   |
 * | follow      | a segment, its stream -> more evidence   | streamFramesMax and others  | a fault of ours: it stops   |
 * | publish     | decisions + progress, in one atomic step | settleBatchMax              | retried, then it stops      |
 *
 * A record leaves with exactly one decision, or one dead letter, or as the redelivery of an event that was decided.
 * Whatever stops the pipeline leaves the record unsettled: it comes again. src/flow/consume-loop.ts feeds this file.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AdmittedUpload, admit, type RefusedUpload } from './admit/admit.ts';
import { deadLetterRecord } from './admit/dead-letters.ts';
import type { Bank } from './bank/bank.ts';
import { limits } from './config/limits.ts';
import type { Decision, MediaFacts } from './contracts/decision.ts';
import { type UnjudgedReason, unjudgedReasons } from './contracts/decision.ts';
import { type Policy, policyVersionOf } from './contracts/policy.ts';
import type { UploadEvent } from './contracts/upload.ts';
import { decide } from './decision/decide.ts';
import { type FloodgateError, toFloodgateError } from './errors.ts';
import type { FetchedContent, Fetcher } from './fetch/fetcher.ts';
import type { Fingerprinter, FingerprintJob } from './fingerprint/fingerprinter.ts';
import type { Task } from './flow/consume-loop.ts';
import { composeDecision, decisionRecord } from './flow/decision-record.ts';
import { type Effort, type EffortLadder, fullEffort } from './flow/effort-ladder.ts';
import { Examination } from './flow/examination.ts';
import { type HashedUpload, sampledFramesOf } from './flow/hashed-upload.ts';
import type { RecentDecisions } from './flow/recent-decisions.ts';
import type { Settler } from './flow/settler.ts';
import type { ConsumedRecord } from './log/log.ts';
import type { FollowedSegment, LiveStreams } from './streams/live-streams.ts';
import type { Stage, Telemetry } from './telemetry.ts';

export interface PipelineParts {
  readonly fetcher: Fetcher;
  readonly fingerprinter: Fingerprinter;
  readonly bank: Bank;
  readonly policy: () => Policy;
  readonly recent: Pick<RecentDecisions, 'ledger' | 'remember'>;
  readonly settler: Pick<Settler, 'settle'>;
  readonly streams: Pick<LiveStreams, 'follow'>;
  readonly telemetry: Telemetry;
  readonly ladder: EffortLadder;
  /** Of Floodgate itself. */
  readonly version: string;
  readonly kernelVersion: string;
  readonly jobTimeoutMs: number;
  /** The wall clock, for moments that are published. */
  readonly nowMs: () => number;
  /** A clock that is finer than a millisecond and never set, for durations. */
  readonly elapsedMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * A record and its upload, as admitted. Uploads are worked on in the order of their `uploadId`, since revisions count by
 * it, and segments in the order of their stream, whose evidence builds up; a producer that keys its records otherwise
 * must at least keep the events of one upload, and of one stream, in one partition.
 */
export function taskOf(record: ConsumedRecord, parts: PipelineParts): Task {
  const upload = admit(record);
  return {
    keys: upload.kind === 'upload' ? keysOf(upload.event) : [`record ${record.key}`],
    run: (abandoned, worked) => handleUpload(record, upload, parts, { abandoned, worked }),
  };
}

function keysOf({ uploadId, stream }: UploadEvent): string[] {
  return [`upload ${uploadId}`, ...(stream === undefined ? [] : [`stream ${stream.id}`])];
}

/** Takes an admitted record to its settlement. Rejects only when the record must come again. */
async function handleUpload(
  record: ConsumedRecord,
  upload: AdmittedUpload | RefusedUpload,
  parts: PipelineParts,
  { abandoned, worked }: { readonly abandoned: AbortSignal; readonly worked: () => void },
): Promise<void> {
  const consumedAtMs = parts.nowMs();
  if (upload.kind === 'dead-letter') return bury(record, upload, parts);
  parts.ladder.observe(consumedAtMs - record.timestampMs);
  const ledger = parts.recent.ledger(upload.event.uploadId, upload.eventId);
  if (ledger.eventDecided) return skip(record, upload, parts);

  const policy = parts.policy();
  const keepsFrames = upload.event.stream !== undefined;
  const examination = new Examination({ bank: parts.bank, policy, elapsedMs: parts.elapsedMs, keepsFrames });
  const content = await fetchContent(upload, examination, parts, abandoned);
  if (content !== undefined && 'kind' in content) return bury(record, content, parts);
  try {
    await examine(upload, content, examination, parts, abandoned);
    const decidingMs = parts.elapsedMs();
    const judgement = decide(examination.evidence(), policy);
    const decision = composeDecision({
      ...upload,
      revision: ledger.lastRevision + 1,
      judgement,
      examination,
      media: mediaFacts(examination, content),
      policyVersion: policyVersionOf(policy),
      kernelVersion: parts.kernelVersion,
      consumedAtMs,
      decidedAtMs: parts.nowMs(),
    });
    parts.ladder.observe(parts.nowMs() - record.timestampMs);
    parts.telemetry.stageFinished('decide', (parts.elapsedMs() - decidingMs) / 1000, decision.media.kind);
    if (content !== undefined) parts.telemetry.contentFetched(decision.media.kind, content.bytes);
    const followed = await followStream(record, upload, decision, examination, parts);
    worked();
    await publish(record, decision, followed, parts);
  } catch (thrown) {
    await content?.letGo();
    throw thrown;
  }
  // Not before: until the decision is durable, the bytes of a posted upload exist nowhere else.
  await content?.release();
}

/** fetch: the bytes in a file, or undefined when there are none to look at; a dead letter when they cannot be named. */
async function fetchContent(
  upload: AdmittedUpload,
  examination: Examination,
  parts: PipelineParts,
  abandoned: AbortSignal,
): Promise<FetchedContent | RefusedUpload | undefined> {
  const source = upload.event.content;
  if ('frames' in source) return undefined;
  const startedMs = parts.elapsedMs();
  for (;;) {
    try {
      const content = await parts.fetcher.fetch(source, abandoned);
      parts.telemetry.stageFinished('fetch', (parts.elapsedMs() - startedMs) / 1000);
      if (upload.event.sha256 !== undefined && upload.event.sha256 !== content.sha256) {
        examination.giveUp('digest_mismatch', `the bytes have SHA-256 ${content.sha256}`);
      }
      return content;
    } catch (thrown) {
      const error = failureOf(thrown, 'fetch', parts, abandoned);
      if (error.code === 'invalid_event') return { kind: 'dead-letter', code: 'invalid_event', detail: error.message };
      if (error.code !== 'overloaded') return judgeFailure(error, examination);
      // The spool is full of other uploads, which says nothing about this one: it waits for room.
      parts.telemetry.retried('fetch');
      await parts.sleep(1_000);
    }
  }
}

/** fingerprint, search, align: frame by frame, until the evidence decides or the content ends. */
async function examine(
  upload: AdmittedUpload,
  content: FetchedContent | undefined,
  examination: Examination,
  parts: PipelineParts,
  abandoned: AbortSignal,
): Promise<void> {
  const startedMs = parts.elapsedMs();
  if (content !== undefined && examination.recognise(content.sha256)) return parts.telemetry.exactCopyFound();
  if (content !== undefined) {
    await examineFile(content.path, examination, parts, abandoned, parts.ladder.effort).catch((thrown: unknown) => {
      judgeFailure(failureOf(thrown, 'fingerprint', parts, abandoned), examination);
    });
  } else if ('frames' in upload.event.content) {
    await examineHashes(sampledFramesOf(upload.event.content), examination, abandoned);
  }
  reportExamination(examination, (parts.elapsedMs() - startedMs) / 1000, parts.telemetry);
}

/** Thousands of frames may come at once: between any two, whatever else waits in this process has its turn. */
async function examineHashes(
  { frames, result }: HashedUpload,
  examination: Examination,
  abandoned: AbortSignal,
): Promise<void> {
  examination.end(result);
  for (const frame of frames) {
    await nextTurn();
    abandoned.throwIfAborted();
    if (examination.addFrame(frame) === 'more') continue;
    examination.end({ ...result, complete: false });
    break;
  }
}

/**
 * Few frames first, and parts of them, the likely ones before the others; then frames in between and parts of these; and
 * a dense second look only in doubt, around what came near before everywhere. It ends as soon as the evidence decides. The
 * effort is asked for at each step, since it may change meanwhile. Needs no upload event: `floodgate check` uses it too.
 */
export async function examineFile(
  path: string,
  examination: Examination,
  parts: Pick<PipelineParts, 'fingerprinter' | 'jobTimeoutMs'>,
  signal: AbortSignal,
  effort: () => Effort = () => fullEffort,
): Promise<void> {
  let regions = examination.comparesRegions;
  const look = async (mode: FingerprintJob['mode'], onRestart = () => {}) => {
    const result = await parts.fingerprinter.fingerprint({
      path,
      mode,
      timeoutMs: parts.jobTimeoutMs,
      beganMs: examination.beganMs,
      onFrame: (frame) => examination.addFrame(frame),
      onRegions(batch) {
        if (batch.regions.some(({ tier }) => tier > 1) && !effort().farRegions) {
          examination.shed('far_regions');
          return 'enough';
        }
        return examination.addRegions(batch);
      },
      onRestart,
      signal,
    });
    examination.end(result);
  };
  const sparse = () => {
    const { framesBetween, ...rest } = effort();
    regions = examination.comparesRegions && rest.regions;
    return { kind: 'sparse', regions, ...(framesBetween ? {} : { keyFramesOnly: true }) } as const;
  };
  await look(sparse, () => examination.restart());
  if (examination.isDecided()) return;
  if (examination.comparesRegions && !regions) examination.shed('regions');
  if (!examination.isInDoubt()) return;
  if (!effort().secondLook) return examination.shed('second_look');
  // What the first look has found stays, whatever becomes of the second; frames that come again count once.
  const dense = { kind: 'dense', framesPerSecond: limits.doubtFramesPerSecond, regions } as const;
  const within = examination.doubtfulSpans();
  if (within !== undefined) await look({ ...dense, within });
  if (within === undefined || !examination.isDecided()) await look(dense);
}

/** What a segment adds to its live stream, and what is to be said of the stream from now on. */
async function followStream(
  record: ConsumedRecord,
  { event }: AdmittedUpload,
  decision: Decision,
  examination: Examination,
  { streams }: PipelineParts,
): Promise<FollowedSegment | undefined> {
  const { stream } = event;
  if (stream === undefined) return undefined;
  return streams.follow({
    record,
    event: { ...event, stream },
    decision,
    durationMs: examination.durationMs(),
    frames: examination.searchedFrames(),
    framesSampled: decision.sampling?.framesSampled ?? 0,
    evidence: examination.evidence(),
  });
}

async function publish(
  record: ConsumedRecord,
  decision: Decision,
  followed: FollowedSegment | undefined,
  parts: PipelineParts,
): Promise<void> {
  await parts.settler.settle({ record, outputs: [...(followed?.outputs ?? []), decisionRecord(decision)] });
  if (followed?.decision !== undefined) parts.telemetry.streamDecided(followed.decision);
  parts.recent.remember(decision.uploadId, decision.eventId, decision.revision);
  parts.telemetry.decided(decision, (parts.nowMs() - Date.parse(decision.eventTime)) / 1000);
}

async function bury(record: ConsumedRecord, refused: RefusedUpload, parts: PipelineParts): Promise<void> {
  const at = new Date(parts.nowMs()).toISOString();
  const letter = deadLetterRecord(record, { ...refused, at, appVersion: parts.version });
  await parts.settler.settle({ record, outputs: [letter] });
  parts.telemetry.deadLettered(refused.code, refused.detail);
}

/** A redelivery changes nothing; the bytes that came with it are not needed. */
async function skip(record: ConsumedRecord, upload: AdmittedUpload, parts: PipelineParts): Promise<void> {
  await parts.settler.settle({ record, outputs: [] });
  if (!('frames' in upload.event.content)) await parts.fetcher.discard(upload.event.content);
  parts.telemetry.duplicateSkipped('idempotency');
}

/** The failure of a stage as an error with a code; rethrown when it says nothing about the content. */
function failureOf(thrown: unknown, stage: Stage, parts: PipelineParts, abandoned: AbortSignal): FloodgateError {
  const error = toFloodgateError(thrown);
  if (abandoned.aborted || error.code === 'internal') throw thrown;
  parts.telemetry.stageFailed(stage, error.code);
  return error;
}

/** Content that cannot be judged is never "no match": its reason goes into the evidence. Anything else is our fault. */
function judgeFailure(error: FloodgateError, examination: Examination): undefined {
  if (!isUnjudgedReason(error.code)) throw error;
  examination.giveUp(error.code, error.message);
}

function isUnjudgedReason(code: string): code is UnjudgedReason {
  return (unjudgedReasons as readonly string[]).includes(code);
}

function mediaFacts(examination: Examination, content: FetchedContent | undefined): MediaFacts {
  const facts = examination.media();
  return content === undefined ? facts : { ...facts, bytes: content.bytes, sha256: content.sha256 };
}

function reportExamination(examination: Examination, seconds: number, telemetry: Telemetry): void {
  const { kind } = examination.media();
  const { searchSeconds, alignSeconds, searches } = examination.timings();
  telemetry.stageFinished('fingerprint', Math.max(0, seconds - searchSeconds - alignSeconds), kind);
  telemetry.stageFinished('search', searchSeconds, kind);
  telemetry.stageFinished('align', alignSeconds, kind);
  for (const searched of searches) telemetry.searchFinished(searched, examination.viewsSearched);
  for (const { quality, usable } of examination.frames()) telemetry.frameJudged(kind, quality, usable);
}
