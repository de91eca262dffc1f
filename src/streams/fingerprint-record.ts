/** The fingerprint of a segment: made of its examination, published as a record, and read back as evidence. */
import { limits } from '../config/limits.ts';
import { cloudEventRecord } from '../contracts/cloud-events.ts';
import { packViews, unpackViews, type ViewedFrame } from '../contracts/packed-views.ts';
import { Fingerprint, type SegmentsSeen } from '../contracts/stream.ts';
import type { UploadEvent } from '../contracts/upload.ts';
import { validatorOf } from '../contracts/validate.ts';
import type { SearchedFrame } from '../flow/examination.ts';
import type { LogRecord, NewRecord } from '../log/log.ts';
import type { EvidenceSegment } from './stream-evidence.ts';

const validator = validatorOf(Fingerprint, 'the fingerprint', 'invalid_event');

/** A segment that was examined here, or the remains of one that was examined elsewhere. */
export interface StreamSegment extends Omit<EvidenceSegment, 'frames'> {
  readonly frames: readonly ViewedFrame[];
}

/** In order of time, and when they are too many, as many as may be, spread evenly. */
export function framesKept(frames: readonly SearchedFrame[]): SearchedFrame[] {
  const ordered = [...frames].sort((a, b) => a.timeMs - b.timeMs);
  const most = limits.streamSegmentFramesMax;
  if (ordered.length <= most) return ordered;
  return Array.from({ length: most }, (_, at) => ordered[Math.floor((at * ordered.length) / most)]).flatMap(
    (frame) => frame ?? [],
  );
}

export interface FingerprintFacts {
  readonly event: UploadEvent & { readonly stream: NonNullable<UploadEvent['stream']> };
  readonly eventId: string;
  readonly revision: number;
  readonly segment: StreamSegment;
  readonly streamTimeMs: number;
  readonly segments: SegmentsSeen;
}

export function composeFingerprint(facts: FingerprintFacts): Fingerprint {
  const { event, segment, segments } = facts;
  return {
    uploadId: event.uploadId,
    revision: facts.revision,
    eventId: facts.eventId,
    stream: event.stream,
    receivedAt: new Date(segment.receivedMs).toISOString(),
    durationMs: segment.durationMs,
    ...(segment.sha256 === undefined ? {} : { sha256: segment.sha256 }),
    framesSampled: segment.framesSampled,
    frames: packViews(segment.frames).toString('base64'),
    streamTimeMs: Math.round(facts.streamTimeMs),
    segments,
  };
}

export function fingerprintRecord(fingerprint: Fingerprint, at: string): NewRecord {
  return cloudEventRecord('fingerprints', fingerprint.stream.id, fingerprint, {
    id: fingerprint.eventId,
    source: '/floodgate',
    subject: fingerprint.uploadId,
    time: at,
  });
}

/** Throws invalid_event when the record is no fingerprint of a segment. */
export function readFingerprint(record: Pick<LogRecord, 'value'>): Fingerprint {
  return validator.parse(JSON.parse(Buffer.from(record.value ?? []).toString('utf8')));
}

/** Throws a RangeError when the frames are cut. */
export function segmentOf(fingerprint: Fingerprint): StreamSegment {
  return {
    sequence: fingerprint.stream.sequence,
    receivedMs: Date.parse(fingerprint.receivedAt),
    durationMs: fingerprint.durationMs,
    sha256: fingerprint.sha256,
    framesSampled: fingerprint.framesSampled,
    frames: unpackViews(Buffer.from(fingerprint.frames, 'base64')),
  };
}
