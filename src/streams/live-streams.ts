/**
 * The live streams of the partitions that this process has: each segment that was decided adds to the evidence of its
 * stream, and as soon as that suffices, the stream is decided.
 *
 * Everything here is derived from the fingerprints, which are published in the same step as the decisions on the
 * segments. Whoever gets a partition reads them first, and searches them anew when their stream goes on. What was decided
 * of a stream is known from the topic of stream decisions.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bank } from '../bank/bank.ts';
import { limits } from '../config/limits.ts';
import type { Decision } from '../contracts/decision.ts';
import type { Policy } from '../contracts/policy.ts';
import type { Fingerprint, SegmentsSeen, StreamDecision } from '../contracts/stream.ts';
import type { UploadEvent } from '../contracts/upload.ts';
import { alignOptionsOf, type Evidence } from '../decision/evidence.ts';
import { type SearchedFrame, searchVideoFrame } from '../flow/examination.ts';
import type { ConsumedRecord, Log, NewRecord } from '../log/log.ts';
import type { Telemetry } from '../telemetry.ts';
import type { StreamDecisionView } from '../views/views.ts';
import { composeFingerprint, fingerprintRecord, framesKept, segmentOf } from './fingerprint-record.ts';
import { isRevision, judgeStream } from './judge-stream.ts';
import { readLiveFingerprints } from './rebuild-streams.ts';
import { composeStreamDecision, streamDecisionRecord } from './stream-decision-record.ts';
import { type EvidenceSegment, StreamEvidence } from './stream-evidence.ts';

export interface LiveStreamsParts {
  readonly log: Pick<Log, 'read' | 'ends'>;
  readonly bank: Bank;
  /** Whether content is in the bank still. */
  readonly isKnown: (contentId: string) => boolean;
  readonly policy: () => Policy;
  readonly decisions: Pick<StreamDecisionView, 'find' | 'caughtUp'>;
  readonly telemetry: Pick<Telemetry, 'streamsLive' | 'streamEvicted' | 'streamsRebuilt'>;
  readonly onUnreadable: (offset: number, why: string) => void;
}

/** A segment that was decided on its own. */
export interface DecidedSegment {
  readonly record: ConsumedRecord;
  readonly event: UploadEvent & { readonly stream: NonNullable<UploadEvent['stream']> };
  readonly decision: Decision;
  readonly durationMs: number | null;
  readonly frames: readonly SearchedFrame[];
  readonly framesSampled: number;
  readonly evidence: Evidence;
}

/** What is to be published beside the decision on the segment. */
export interface FollowedSegment {
  readonly outputs: readonly NewRecord[];
  /** When the segment tipped the stream. */
  readonly decision: StreamDecision | undefined;
}

interface LiveStream {
  readonly partition: number;
  readonly evidence: StreamEvidence;
  standing: StreamDecision | undefined;
  lastReceivedMs: number;
}

/** Read from the log, and not searched yet. */
interface WaitingStream {
  readonly partition: number;
  readonly fingerprints: readonly Fingerprint[];
  readonly lastReceivedMs: number;
}

type KeptStream = LiveStream | WaitingStream;

export class LiveStreams {
  readonly #parts: LiveStreamsParts;
  /** By partition and stream; the one whose segment came last stands last. */
  readonly #streams = new Map<string, KeptStream>();
  #matches = 0;

  constructor(parts: LiveStreamsParts) {
    this.#parts = parts;
  }

  /** A partition has come: what others saw of its streams is taken up. */
  async rebuild(partition: number): Promise<void> {
    const { log, decisions, telemetry, onUnreadable } = this.#parts;
    await decisions.caughtUp(partition);
    const found = await readLiveFingerprints(log, partition, onUnreadable);
    this.forget(partition);
    let count = 0;
    // The newest came first, and is to stand last.
    for (const [streamId, fingerprints] of [...found].reverse()) {
      const lastReceivedMs = Date.parse(fingerprints[0]?.receivedAt ?? '');
      this.#keep(keyOf(partition, streamId), { partition, fingerprints, lastReceivedMs });
      count += fingerprints.length;
    }
    telemetry.streamsRebuilt(found.size, count);
    telemetry.streamsLive(this.#streams.size);
  }

  /** A partition is another process's now. */
  forget(partition: number): void {
    for (const [key, stream] of [...this.#streams]) if (stream.partition === partition) this.#drop(key, stream);
    this.#parts.telemetry.streamsLive(this.#streams.size);
  }

  /**
   * Adds the segment to its stream. Segments of one stream are to be given one after the other, each after the one before
   * has been settled: what is returned counts as published.
   */
  async follow(segment: DecidedSegment): Promise<FollowedSegment> {
    const { record, event, decision } = segment;
    const stream = await this.#open(segment);
    record.lost.throwIfAborted();
    const frames = framesKept(segment.frames);
    const added: EvidenceSegment & { readonly frames: readonly SearchedFrame[] } = {
      sequence: event.stream.sequence,
      receivedMs: record.timestampMs,
      durationMs: segment.durationMs,
      sha256: decision.media.sha256,
      framesSampled: segment.framesSampled,
      frames,
    };
    const before = stream.evidence.matches;
    stream.evidence.add(added);
    this.#matches += stream.evidence.matches - before;
    stream.lastReceivedMs = Math.max(stream.lastReceivedMs, record.timestampMs);
    this.#letGo(stream);
    const segments = stream.evidence.segments() ?? seenAlone(event.stream.sequence);
    const fingerprint = composeFingerprint({
      event,
      eventId: decision.eventId,
      revision: decision.revision,
      segment: added,
      streamTimeMs: stream.evidence.startMs(event.stream.sequence) ?? 0,
      segments,
    });
    const decided = this.#decide(stream, segments, segment);
    if (decided !== undefined) stream.standing = decided;
    const outputs = [fingerprintRecord(fingerprint, decision.decidedAt)];
    if (decided !== undefined) outputs.push(streamDecisionRecord(decided));
    return { outputs, decision: decided };
  }

  /** What is seen of a stream in this process. */
  find(streamId: string): { segments: SegmentsSeen; lastReceivedMs: number; seconds: number } | undefined {
    const [, found] = [...this.#streams].findLast(([key]) => key.slice(key.indexOf('/') + 1) === streamId) ?? [];
    if (found === undefined) return undefined;
    const { lastReceivedMs } = found;
    if ('evidence' in found) {
      const segments = found.evidence.segments();
      return segments === null ? undefined : { segments, lastReceivedMs, seconds: found.evidence.seconds };
    }
    const latest = found.fingerprints[0];
    if (latest === undefined) return undefined;
    return {
      segments: latest.segments,
      lastReceivedMs,
      seconds: (latest.streamTimeMs + (latest.durationMs ?? 0)) / 1000,
    };
  }

  #decide(stream: LiveStream, segments: SegmentsSeen, decided: DecidedSegment): StreamDecision | undefined {
    const { decision, event } = decided;
    const policy = this.#parts.policy();
    const { isKnown } = this.#parts;
    const { evidence, standing } = stream;
    const segment = { evidence: decided.evidence, startMs: evidence.startMs(event.stream.sequence) ?? 0 };
    const grounds = { evidence: evidence.evidence(policy.minFrameQuality), segment, standing, isKnown };
    const judgement = judgeStream(grounds, policy);
    if (!isRevision(judgement, stream.standing)) return undefined;
    return composeStreamDecision({
      judgement,
      revision: (stream.standing?.revision ?? 0) + 1,
      segments,
      decision,
      stream: event.stream,
      capped: stream.evidence.capped,
    });
  }

  /** The stream as it stands: at hand, taken up from its fingerprints, or begun. */
  async #open({ record, event }: DecidedSegment): Promise<LiveStream> {
    const key = keyOf(record.partition, event.stream.id);
    const kept = this.#streams.get(key);
    const isOver = kept !== undefined && record.timestampMs - kept.lastReceivedMs > limits.streamIdleMsMax;
    if (kept !== undefined && 'evidence' in kept && !isOver) {
      this.#keep(key, kept);
      return kept;
    }
    const evidence =
      kept === undefined || isOver || 'evidence' in kept ? this.#begin() : await this.#search(kept, record.lost);
    if (kept === undefined) await this.#parts.decisions.caughtUp(record.partition);
    record.lost.throwIfAborted();
    const standing = kept !== undefined && 'evidence' in kept ? kept.standing : this.#standingOf(event.stream.id);
    const stream: LiveStream = {
      partition: record.partition,
      evidence,
      standing,
      lastReceivedMs: Math.max(evidence.lastReceivedMs, record.timestampMs),
    };
    if (kept !== undefined) this.#drop(key, kept);
    this.#keep(key, stream);
    return stream;
  }

  #standingOf(streamId: string): StreamDecision | undefined {
    return this.#parts.decisions.find(streamId);
  }

  #begin(origin?: ConstructorParameters<typeof StreamEvidence>[2]): StreamEvidence {
    const { bank, policy } = this.#parts;
    const known = (number: number) => bank.content(number);
    const source = { known, findBySha256: (sha256: string) => bank.findBySha256(sha256) };
    return new StreamEvidence(source, alignOptionsOf(policy(), known), origin);
  }

  /** Searches what was read from the log: between any two frames, whatever else waits in this process has its turn. */
  async #search({ fingerprints }: WaitingStream, lost: AbortSignal): Promise<StreamEvidence> {
    const { bank, policy } = this.#parts;
    const ordered = [...fingerprints].sort((a, b) => a.stream.sequence - b.stream.sequence);
    const [first, latest] = [ordered[0], fingerprints[0]];
    if (first === undefined || latest === undefined) return this.#begin();
    const { segments } = latest;
    const evidence = this.#begin({ segments, sequence: first.stream.sequence, streamTimeMs: first.streamTimeMs });
    for (const fingerprint of ordered) {
      const segment = segmentOf(fingerprint);
      const frames: SearchedFrame[] = [];
      for (const frame of segment.frames) {
        await nextTurn();
        lost.throwIfAborted();
        frames.push({ ...frame, matches: searchVideoFrame(bank, policy(), frame) });
      }
      evidence.restore({ ...segment, frames });
    }
    return evidence;
  }

  #keep(key: string, stream: KeptStream): void {
    const known = this.#streams.get(key);
    if (known !== undefined) this.#drop(key, known);
    this.#streams.set(key, stream);
    this.#matches += matchesOf(stream);
  }

  #drop(key: string, stream: KeptStream): void {
    if (this.#streams.get(key) !== stream) return;
    this.#streams.delete(key);
    this.#matches -= matchesOf(stream);
  }

  /** Streams that have ended, and while there are too many, those whose segments came longest ago. */
  #letGo(current: LiveStream): void {
    for (const [key, stream] of this.#streams) {
      const isOver = current.lastReceivedMs - stream.lastReceivedMs > limits.streamIdleMsMax;
      const isTooMuch = this.#streams.size > limits.streamsMax || this.#matches > limits.streamMatchesMax;
      if (stream === current || (!isOver && !isTooMuch)) break;
      this.#drop(key, stream);
      if (!isOver) this.#parts.telemetry.streamEvicted();
    }
    this.#parts.telemetry.streamsLive(this.#streams.size);
  }
}

function keyOf(partition: number, streamId: string): string {
  return `${partition}/${streamId}`;
}

function matchesOf(stream: KeptStream): number {
  return 'evidence' in stream ? stream.evidence.matches : 0;
}

function seenAlone(sequence: number): SegmentsSeen {
  return { firstSequence: sequence, lastSequence: sequence, count: 1, missing: 0 };
}
