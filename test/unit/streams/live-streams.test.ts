/** Goal: a stream is decided once, by the segment that suffices, whoever works on it by then. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { Fingerprint, StreamDecision } from '../../../src/contracts/stream.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { hexOfHash } from '../../../src/kernel/hash-text.ts';
import type { NewRecord } from '../../../src/log/log.ts';
import { taskOf } from '../../../src/pipeline.ts';
import { LiveStreams } from '../../../src/streams/live-streams.ts';
import { openStreamDecisionView } from '../../../src/views/stream-decision-view.ts';
import { bankEntry } from '../../support/bank-entries.ts';
import { MemoryDisk, MemoryLog } from '../../support/memory-log.ts';
import {
  type PipelineRig,
  pipelineRig,
  type RigOptions,
  uploadEvent,
  uploadRecord,
} from '../../support/pipeline-rig.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';
import { knownFrames, segmentFrames, segmentMs } from '../../support/stream-segments.ts';

const never = new AbortController().signal;
const known = [
  bankEntry({
    durationMs: 10 * segmentMs,
    frames: knownFrames(10).map((frame) => ({ ...frame, quality: 90 })),
  }),
];

function segmentRecord(
  sequence: number,
  changes: { streamId?: string; bits?: number; eventId?: string } = {},
): NewRecord {
  const { streamId = 'live', bits, eventId = `${streamId}-${sequence}` } = changes;
  const frames = segmentFrames(sequence, bits).map(({ timeMs, hash }) => ({
    timeMs,
    quality: 90,
    hash: hexOfHash(hash),
  }));
  const event = uploadEvent({
    uploadId: `${streamId}-segment-${sequence}`,
    content: { frames, durationMs: segmentMs },
    stream: { id: streamId, sequence },
  });
  return uploadRecord(event, eventId);
}

async function handle(rig: PipelineRig, ...records: NewRecord[]): Promise<void> {
  for (const each of await rig.receive(...records)) await taskOf(each, rig.parts).run(never, () => undefined);
}

const tipped = (rig: PipelineRig) =>
  rig.streamDecisions().map(({ revision, outcome, sequence }) => [revision, outcome, sequence]);
const expected = [
  [1, 'review', 1],
  [2, 'block', 2],
];

/** The bank is in the log already. */
const restarted = (disk: MemoryDisk, options: RigOptions = {}) => pipelineRig({ log: new MemoryLog(disk), ...options });

describe('a live stream', () => {
  it('is decided in its midst, although no segment is, and said no more than once', async () => {
    const rig = await pipelineRig({ known });
    await handle(rig, ...[0, 1, 2, 3, 4, 5].map((sequence) => segmentRecord(sequence)));
    expect(rig.decisions().map(({ outcome }) => outcome)).toEqual(Array(6).fill('allow'));
    expect(rig.decisions()[3]?.stream).toEqual({ id: 'live', sequence: 3 });
    expect(tipped(rig)).toEqual(expected);
    expect(rig.streamDecisions()[1]).toMatchObject({
      streamId: 'live',
      reason: 'matched',
      decidedBy: ['content-1'],
      segments: { firstSequence: 0, lastSequence: 2, count: 3, missing: 0 },
      uploadId: 'live-segment-2',
      eventId: 'live-2',
      matches: [{ contentId: 'content-1', upload: { startSeconds: 0, endSeconds: 12.75 } }],
    });
    for (const decision of rig.streamDecisions()) {
      expect(validatorOf(StreamDecision, 'the decision', 'internal').faults(decision)).toEqual([]);
    }
    expect(rig.parts.streams).toBeInstanceOf(LiveStreams);
  });

  it('leaves a fingerprint of each segment, in the step of its decision', async () => {
    const rig = await pipelineRig({ known });
    await handle(rig, segmentRecord(0), segmentRecord(2));
    const [, second] = rig.fingerprints();
    expect(validatorOf(Fingerprint, 'the fingerprint', 'internal').faults(second)).toEqual([]);
    expect(second).toMatchObject({
      uploadId: 'live-segment-2',
      stream: { id: 'live', sequence: 2 },
      durationMs: segmentMs,
      streamTimeMs: 2 * segmentMs,
      segments: { firstSequence: 0, lastSequence: 2, count: 2, missing: 1 },
    });
    const record = rig.log.disk.of('fingerprints')[1];
    expect(record?.key).toBe('live');
    expect(record?.headers).toMatchObject({ ce_id: 'live-2', ce_type: 'io.floodgate.fingerprint.v1' });
  });

  it('leaves uploads that are no segments alone', async () => {
    const rig = await pipelineRig({ known });
    await handle(rig, uploadRecord(uploadEvent(), 'event-1'));
    expect([rig.decisions().length, rig.fingerprints(), rig.streamDecisions()]).toEqual([1, [], []]);
  });

  it('does not count a redelivery', async () => {
    const rig = await pipelineRig({ known });
    await handle(rig, ...[0, 0, 1, 1, 1].map((sequence) => segmentRecord(sequence)));
    expect(tipped(rig)).toEqual(expected.slice(0, 1));
    expect(rig.fingerprints()).toHaveLength(2);
  });

  it('keeps streams apart', async () => {
    const rig = await pipelineRig({ known });
    const records = [0, 1, 2].flatMap((sequence) =>
      ['a', 'b'].map((streamId) => segmentRecord(sequence, { streamId })),
    );
    await handle(rig, ...records);
    expect(rig.streamDecisions().map(({ streamId, sequence }) => `${streamId}${sequence}`)).toEqual([
      'a1',
      'b1',
      'a2',
      'b2',
    ]);
    expect(new Set(rig.streamDecisions().map(({ decisionId }) => decisionId)).size).toBe(4);
  });
});

describe('a restart', () => {
  it.each([0, 1, 2, 3])('after %i segments decides at the same segment, with the same id', async (before) => {
    const whole = await pipelineRig({ known });
    await handle(whole, ...[0, 1, 2, 3].map((sequence) => segmentRecord(sequence)));
    const disk = new MemoryDisk();
    const first = await pipelineRig({ known, log: new MemoryLog(disk) });
    await handle(first, ...[0, 1, 2, 3].slice(0, before).map((sequence) => segmentRecord(sequence)));
    const second = await restarted(disk);
    await handle(second, ...[0, 1, 2, 3].slice(before).map((sequence) => segmentRecord(sequence)));
    const ids = (rig: PipelineRig) =>
      rig.streamDecisions().map(({ decisionId, segments }) => ({ decisionId, segments }));
    expect(tipped(second)).toEqual(expected);
    expect(ids(second)).toEqual(ids(whole));
  });

  it('between the outputs of a segment decides the stream when the segment comes again', async () => {
    const disk = new MemoryDisk();
    const first = await pipelineRig({ known, log: new MemoryLog(disk) });
    await handle(first, ...[0, 1, 2].map((sequence) => segmentRecord(sequence)));
    // The fingerprint was written, the decisions and the progress were not.
    for (const topic of ['decisions', 'stream-decisions'] as const) disk.of(topic).pop();
    for (const ends of [disk.ends.get('decisions'), disk.ends.get('stream-decisions')])
      if (ends) ends[0] = (ends[0] ?? 0) - 1;
    const second = await restarted(disk);
    await handle(second, segmentRecord(2));
    expect(tipped(second)).toEqual(expected);
  });

  it('after a long time without service goes on where the log stands', async () => {
    let nowMs = 1_000_000;
    const disk = new MemoryDisk();
    const log = new MemoryLog(disk, () => nowMs);
    const first = await pipelineRig({ known, log });
    await handle(first, segmentRecord(0), segmentRecord(1));
    await log.append([segmentRecord(2)]);
    nowMs += 24 * 3_600_000;
    const second = await restarted(disk);
    await handle(second);
    const [record] = await second.consumer.poll(1, AbortSignal.timeout(5_000));
    if (record !== undefined) await taskOf(record, second.parts).run(never, () => undefined);
    expect(tipped(second)).toEqual(expected);
  });

  it('passes over what is no fingerprint', async () => {
    const disk = new MemoryDisk();
    const first = await pipelineRig({ known, log: new MemoryLog(disk) });
    await handle(first, segmentRecord(0), segmentRecord(1));
    disk.write([{ topic: 'fingerprints', key: 'live', value: Buffer.from('{}'), headers: {} }], 0);
    const second = await restarted(disk);
    await handle(second, segmentRecord(2));
    expect(tipped(second)).toEqual(expected);
    expect(second.heard.join()).toContain('unreadable');
  });
});

describe('bounds', () => {
  it('end a stream that pauses for long, and begin it anew', async () => {
    let nowMs = 1_000_000;
    const rig = await pipelineRig({ known, log: new MemoryLog(new MemoryDisk(), () => nowMs) });
    await handle(rig, segmentRecord(0), segmentRecord(1));
    nowMs += limits.streamIdleMsMax + 1;
    await handle(rig, segmentRecord(2));
    expect(tipped(rig)).toEqual(expected.slice(0, 1));
    expect(rig.fingerprints()[2]?.segments).toEqual({ firstSequence: 2, lastSequence: 2, count: 1, missing: 0 });
    // What stands of it stays; it takes two more segments to be worse.
    await handle(rig, segmentRecord(3), segmentRecord(4));
    expect(tipped(rig)).toEqual([
      [1, 'review', 1],
      [2, 'block', 4],
    ]);
  });

  it('let the streams go whose segments came longest ago', async () => {
    const told = { live: 0, evicted: 0 };
    const log = new MemoryLog();
    const rig = await pipelineRig({ log });
    const streams = new LiveStreams({
      log,
      bank: rig.bank,
      isKnown: () => true,
      policy: rig.parts.policy,
      decisions: await openStreamDecisionView({ log }),
      telemetry: silentTelemetry({
        streamsLive: (count) => {
          told.live = count;
        },
        streamEvicted: () => {
          told.evicted += 1;
        },
      }),
      onUnreadable: () => undefined,
    });
    // Looking them up in the log is not what this is about.
    const recent = { ledger: () => ({ lastRevision: 0, eventDecided: false }), remember: () => undefined };
    const parts = { ...rig.parts, streams, recent };
    for (let at = 0; at < limits.streamsMax + 3; at += 1) {
      for (const each of await rig.receive(segmentRecord(0, { streamId: `s${at}` }))) {
        await taskOf(each, parts).run(never, () => undefined);
      }
    }
    expect(told).toEqual({ live: limits.streamsMax, evicted: 3 });
    expect(streams.find('s0')).toBeUndefined();
    expect(streams.find('s3')?.segments.count).toBe(1);
    streams.forget(0);
    expect(told.live).toBe(0);
  });
});
