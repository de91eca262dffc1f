/** Goal: a record leaves with one decision, one dead letter or as a redelivery; whatever else happens, it comes again. */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import { Decision, type UnjudgedReason, unjudgedReasons } from '../../src/contracts/decision.ts';
import { validatorOf } from '../../src/contracts/validate.ts';
import { type ErrorCode, FloodgateError } from '../../src/errors.ts';
import type { FingerprintJob } from '../../src/fingerprint/fingerprinter.ts';
import { hexOfHash } from '../../src/kernel/hash-text.ts';
import { taskOf } from '../../src/pipeline.ts';
import { bankEntry, frames } from '../support/bank-entries.ts';
import { hashNumber } from '../support/hashes.ts';
import { lagOf } from '../support/log-records.ts';
import {
  fakeFetcher,
  type PipelineRig,
  pipelineRig,
  playFrames,
  type RigOptions,
  sha256Of,
  unrelated,
  uploadEvent,
  uploadRecord,
  videoFrames,
  videoResult,
} from '../support/pipeline-rig.ts';

const never = new AbortController().signal;
const known = [bankEntry({ frames: frames(20), sha256: sha256Of('file:///spool/same') })];
const decisionValidator = validatorOf(Decision, 'the decision', 'internal');

/** Takes one upload through the pipeline. */
async function handleOne(options: RigOptions, changes: Parameters<typeof uploadEvent>[0] = {}): Promise<PipelineRig> {
  const rig = await pipelineRig(options);
  const [record] = await rig.receive(uploadRecord(uploadEvent(changes), 'event-1'));
  if (record !== undefined) await taskOf(record, rig.parts).run(never, () => undefined);
  return rig;
}

/** How it rejected; nothing may be settled, and the bytes must still be there. */
async function expectUntouched(rig: PipelineRig): Promise<void> {
  expect(rig.decisions()).toEqual([]);
  expect(rig.deadLetters()).toEqual([]);
  expect((await lagOf(rig.consumer)).records).toBe(1);
  expect(rig.fetcher.released).toEqual([]);
}

const failWith = (code: ErrorCode) => async () => {
  throw new FloodgateError(code, `it was ${code}`);
};

describe('admission', () => {
  it('makes a dead letter of what is no upload event, whole, with its code', async () => {
    const rig = await pipelineRig();
    const value = Buffer.from('{"uploadId":');
    const [record] = await rig.receive({ topic: 'uploads', key: 'k', value, headers: { ce_id: 'event-1' } });
    if (record !== undefined) await taskOf(record, rig.parts).run(never, () => undefined);
    const [letter] = rig.deadLetters();
    expect(Buffer.from(letter?.value ?? [])).toEqual(value);
    expect(letter?.headers).toMatchObject({ 'x-dlq-code': 'invalid_json', 'x-dlq-source-offset': '0' });
    expect(rig.fetcher.fetched).toEqual([]);
    expect(rig.heard).toEqual(['deadLettered invalid_json']);
    expect((await lagOf(rig.consumer)).records).toBe(0);
  });

  it('skips a redelivery, and settles it', async () => {
    const rig = await pipelineRig({ fingerprint: playFrames(videoFrames(4)) });
    const record = uploadRecord(uploadEvent(), 'event-1');
    for (const each of await rig.receive(record, record)) await taskOf(each, rig.parts).run(never, () => undefined);
    expect(rig.decisions()).toHaveLength(1);
    expect(rig.fetcher.fetched).toHaveLength(1);
    expect(rig.fetcher.discarded).toEqual([uploadEvent().content]);
    expect(rig.heard).toContain('duplicateSkipped idempotency');
    expect((await lagOf(rig.consumer)).records).toBe(0);
  });

  it('decides another event of the same upload as its next revision', async () => {
    const rig = await pipelineRig({ fingerprint: playFrames(videoFrames(4)) });
    const records = ['event-1', 'event-2'].map((eventId) => uploadRecord(uploadEvent(), eventId));
    for (const each of await rig.receive(...records)) await taskOf(each, rig.parts).run(never, () => undefined);
    expect(rig.decisions().map(({ revision, eventId }) => [revision, eventId])).toEqual([
      [1, 'event-1'],
      [2, 'event-2'],
    ]);
    expect(new Set(rig.decisions().map(({ decisionId }) => decisionId)).size).toBe(2);
  });
});

describe('a decision', () => {
  it('is valid, and says who asked, what took part and how long it took', async () => {
    const context = { room: 'lobby' };
    const fingerprint = playFrames(videoFrames(6, unrelated));
    const rig = await handleOne({ known, fingerprint }, { context, uploaderId: 'user-7' });
    const [decision] = rig.decisions();
    expect(decisionValidator.faults(decision)).toEqual([]);
    expect(decision).toMatchObject({
      outcome: 'allow',
      reason: 'no_match',
      context,
      uploaderId: 'user-7',
      kernelVersion: '1-test',
      bankPosition: rig.bank.position,
      media: { kind: 'video', bytes: 1_000, sha256: sha256Of('file:///spool/one') },
      sampling: { framesSampled: 6, framesUsable: 6, complete: true },
    });
    expect(rig.heard).toContain('decided allow after 0.25 s');
    expect(rig.heard.filter((event) => event === 'frameJudged video 80 true')).toHaveLength(6);
  });

  it('stops sampling as soon as the evidence decides', async () => {
    const all = videoFrames(20);
    const rig = await handleOne({ known, fingerprint: playFrames(all) });
    const [decision] = rig.decisions();
    expect(decision).toMatchObject({ outcome: 'block', reason: 'matched' });
    expect(decision?.sampling?.complete).toBe(false);
    expect(decision?.sampling?.framesSampled).toBeLessThan(all.length);
    expect(rig.jobs.map((job) => job.mode.kind)).toEqual(['sparse']);
  });

  it('voids what a failed first attempt gave', async () => {
    const fingerprint = (job: FingerprintJob) => {
      for (const frame of videoFrames(2)) job.onFrame(frame);
      job.onRestart();
      return playFrames(videoFrames(5, unrelated))(job);
    };
    const [decision] = (await handleOne({ known, fingerprint })).decisions();
    expect(decision).toMatchObject({ outcome: 'allow', matches: [], sampling: { framesSampled: 5 } });
  });

  it('takes hashes in place of bytes: nothing is fetched, nothing decoded, and it stops early all the same', async () => {
    const sent = frames(20).map(({ timeMs, quality, hash }) => ({ timeMs, quality, hash: hexOfHash(hash) }));
    const rig = await handleOne({ known }, { content: { frames: sent, durationMs: 10_000 } });
    expect(rig.decisions()[0]).toMatchObject({
      outcome: 'block',
      reason: 'matched',
      media: { kind: 'video' },
      sampling: { framesSampled: 3, complete: false, durationSeconds: 10 },
    });
    expect([...rig.fetcher.fetched, ...rig.jobs]).toEqual([]);
  });

  it('looks at hashes to their end when they do not decide', async () => {
    const sent = [{ timeMs: 0, quality: 90, hash: hexOfHash(hashNumber(unrelated)) }];
    const [decision] = (await handleOne({ known }, { content: { frames: sent } })).decisions();
    expect(decision).toMatchObject({ outcome: 'allow', media: { kind: 'image' }, sampling: { complete: true } });
    expect(decision?.media).not.toHaveProperty('sha256');
  });
});

describe('an exact copy', () => {
  const content = { uri: 'file:///spool/same' };

  it('is blocked without decoding anything', async () => {
    const rig = await handleOne({ known }, { content });
    expect(rig.decisions()[0]).toMatchObject({ outcome: 'block', reason: 'exact_copy', sampling: null });
    expect(rig.jobs).toEqual([]);
    expect(rig.heard).toContain('exactCopyFound');
    expect(rig.fetcher.released).toEqual([content.uri]);
  });

  it('in a bank that only observes is decoded, for it may also hold what another bank blocks', async () => {
    const strict = bankEntry({ contentId: 'strict', bank: 'strict', frames: frames(20) });
    const watched = { ...bankEntry({ bank: 'watched', frames: [] }), sha256: sha256Of(content.uri) };
    const options = {
      known: [watched, strict],
      policy: { banks: { watched: { action: 'observe' } } },
      fingerprint: playFrames(videoFrames(8)),
    };
    const rig = await handleOne(options, { content });
    expect(rig.jobs).toHaveLength(1);
    expect(rig.decisions()[0]).toMatchObject({ outcome: 'block', reason: 'matched' });
    expect(rig.decisions()[0]?.matches.map(({ contentId }) => contentId)).toEqual(['strict', 'content-1']);
  });
});

describe('content that cannot be judged', () => {
  const fetchCodes: Exclude<UnjudgedReason, 'no_detail' | 'shed'>[] = [
    'too_large',
    'timed_out',
    'forbidden_source',
    'unreachable',
  ];
  const decodeCodes: Exclude<UnjudgedReason, 'no_detail' | 'shed'>[] = [
    'unsupported',
    'undecodable',
    'too_large',
    'timed_out',
  ];

  it.each(fetchCodes)('is held for review when fetching ends with %s', async (code) => {
    const rig = await handleOne({ known, fetcher: fakeFetcher(failWith(code)) });
    expect(rig.decisions()).toMatchObject([
      { outcome: 'review', reason: code, detail: `it was ${code}`, sampling: null, media: { kind: 'unknown' } },
    ]);
    expect(rig.heard).toContain(`stageFailed fetch ${code}`);
    expect(rig.jobs).toEqual([]);
  });

  it.each(decodeCodes)('is held for review when decoding ends with %s, and its bytes are released', async (code) => {
    const rig = await handleOne({ known, fingerprint: failWith(code) });
    expect(rig.decisions()).toMatchObject([{ outcome: 'review', reason: code, media: { bytes: 1_000 } }]);
    expect(rig.heard).toContain(`stageFailed fingerprint ${code}`);
    expect(rig.fetcher.released).toHaveLength(1);
  });

  it('covers every reason together with those for other stages', () => {
    // Work that was shed: test/unit/pipeline-effort.test.ts.
    const elsewhere = ['digest_mismatch', 'no_detail', 'shed'];
    expect(new Set([...fetchCodes, ...decodeCodes, ...elsewhere])).toEqual(new Set(unjudgedReasons));
  });

  it('still counts for what was found until then', async () => {
    const fingerprint = async (job: FingerprintJob) => {
      for (const frame of videoFrames(4)) job.onFrame(frame);
      throw new FloodgateError('undecodable', 'the rest is broken');
    };
    const [decision] = (await handleOne({ known, fingerprint })).decisions();
    expect(decision).toMatchObject({ outcome: 'block', reason: 'matched', detail: 'the rest is broken' });
  });

  it('has no detail when no frame has enough of it', async () => {
    const faint = videoFrames(4).map((frame) => ({ ...frame, quality: 10 }));
    const [decision] = (await handleOne({ known, fingerprint: playFrames(faint) })).decisions();
    expect(decision).toMatchObject({ outcome: 'review', reason: 'no_detail', sampling: { framesUsable: 0 } });
  });

  it('says so when the bytes are not the announced ones, whatever else is wrong with them', async () => {
    const announced = { sha256: sha256Of('something else') };
    const [seen] = (await handleOne({ fingerprint: playFrames(videoFrames(4)) }, announced)).decisions();
    expect(seen).toMatchObject({ outcome: 'review', reason: 'digest_mismatch' });
    expect(seen?.detail).toContain(sha256Of('file:///spool/one'));
    const [broken] = (await handleOne({ fingerprint: failWith('undecodable') }, announced)).decisions();
    expect(broken).toMatchObject({ outcome: 'review', reason: 'digest_mismatch' });
  });

  it('is blocked all the same when the bytes, though not the announced ones, are known', async () => {
    const [decision] = (
      await handleOne({ known, fingerprint: playFrames(videoFrames(8)) }, { sha256: sha256Of('x') })
    ).decisions();
    expect(decision).toMatchObject({ outcome: 'block', reason: 'matched' });
  });

  it('becomes a dead letter when its bytes cannot even be named', async () => {
    const rig = await handleOne({ fetcher: fakeFetcher(failWith('invalid_event')) }, { content: { inline: 'AAAAA=' } });
    expect(rig.decisions()).toEqual([]);
    expect(rig.deadLetters().map((letter) => letter.headers['x-dlq-code'])).toEqual(['invalid_event']);
    expect((await lagOf(rig.consumer)).records).toBe(0);
  });

  it('is none when the spool is full of other uploads: it waits, and goes on', async () => {
    let refusals = 3;
    const fetcher = fakeFetcher(async () => {
      refusals -= 1;
      if (refusals >= 0) throw new FloodgateError('overloaded', 'the spool is full');
    });
    const pauses: number[] = [];
    const sleep = async (ms: number) => void pauses.push(ms);
    const rig = await handleOne({ fetcher, parts: { sleep }, fingerprint: playFrames(videoFrames(4)) });
    expect(rig.decisions()).toMatchObject([{ outcome: 'allow', reason: 'no_match' }]);
    expect(pauses).toEqual([1_000, 1_000, 1_000]);
    expect(rig.heard.filter((event) => event === 'retried fetch')).toHaveLength(3);
  });
});

describe('doubt', () => {
  /** One close frame among others that match nothing: near, and not enough. */
  const sparse = [...videoFrames(1), ...videoFrames(7, unrelated, 1_250)];

  it('makes a short video be looked at a second time, densely, around what came near', async () => {
    const looks = [playFrames(sparse), playFrames(videoFrames(6))];
    const rig = await handleOne({ known, fingerprint: async (job) => (looks.shift() ?? playFrames([]))(job) });
    expect(rig.jobs.map((job) => job.mode)).toEqual([
      { kind: 'sparse', regions: false },
      {
        kind: 'dense',
        framesPerSecond: limits.doubtFramesPerSecond,
        within: [{ startMs: 0, endMs: limits.doubtReachMs }],
        regions: false,
      },
    ]);
    expect(rig.decisions()[0]).toMatchObject({ outcome: 'block', reason: 'matched' });
  });

  it('makes it be looked at everywhere when that finds no more, and stays doubt when nothing does', async () => {
    const rig = await handleOne({ known, fingerprint: playFrames(sparse) });
    expect(rig.jobs).toHaveLength(3);
    expect(rig.jobs[2]?.mode).toEqual({ kind: 'dense', framesPerSecond: limits.doubtFramesPerSecond, regions: false });
    expect(rig.decisions()[0]).toMatchObject({
      outcome: 'review',
      reason: 'near_match',
      sampling: { framesSampled: 8 },
    });
  });

  it('is not forgotten when the second look fails, even at its second attempt', async () => {
    const looks = [
      playFrames(sparse),
      async (job: FingerprintJob) => {
        job.onRestart();
        throw new FloodgateError('timed_out', 'too slow');
      },
    ];
    const rig = await handleOne({
      known,
      policy: { unjudged: { timed_out: 'allow' } },
      fingerprint: async (job) => (looks.shift() ?? playFrames([]))(job),
    });
    expect(rig.decisions()[0]).toMatchObject({ outcome: 'review', reason: 'near_match' });
  });

  it.each([
    ['a long video', { durationMs: limits.doubtDurationMsMax + 1 }],
    ['an image', { media: { kind: 'image' } as const, durationMs: 0 }],
  ])('does not make %s be looked at twice', async (_name, changes) => {
    const far = [bankEntry({ kind: 'image', frames: frames(1, 0, 30) })];
    const fingerprint = async (job: FingerprintJob) => {
      for (const frame of sparse) job.onFrame(frame);
      return videoResult(changes);
    };
    const rig = await handleOne({ known: far, fingerprint });
    expect(rig.decisions()[0]).toMatchObject({ reason: 'near_match' });
    expect(rig.jobs).toHaveLength(1);
  });
});

describe('what is not the upload’s fault', () => {
  const faults: [string, RigOptions][] = [
    ['a bug in fetching', { fetcher: fakeFetcher(() => Promise.reject(new TypeError('our bug'))) }],
    ['a bug in decoding', { fingerprint: () => Promise.reject(new TypeError('our bug')) }],
    ['a refusing kernel', { fingerprint: failWith('kernel_failed') }],
    ['a failing log', { parts: { settler: { settle: failWith('log_failed') } } }],
  ];

  it.each(faults)('rejects with nothing settled: %s', async (name, options) => {
    const rig = await pipelineRig({ fingerprint: playFrames(videoFrames(4)), ...options });
    const [record] = await rig.receive(uploadRecord(uploadEvent(), 'event-1'));
    expect(record).toBeDefined();
    if (record !== undefined) await expect(taskOf(record, rig.parts).run(never, () => undefined)).rejects.toThrow();
    await expectUntouched(rig);
    expect(rig.fetcher.letGo).toHaveLength(name === 'a bug in fetching' ? 0 : 1);
    expect(rig.parts.recent.ledger('upload-1', 'event-1').eventDecided).toBe(false);
  });

  it('leaves an abandoned upload unsettled, and its file where it is', async () => {
    const abandoning = new AbortController();
    const rig = await pipelineRig({
      fingerprint: async () => {
        abandoning.abort();
        throw new FloodgateError('timed_out', 'whatever it says by then');
      },
    });
    const [record] = await rig.receive(uploadRecord(uploadEvent(), 'event-1'));
    if (record !== undefined)
      await expect(taskOf(record, rig.parts).run(abandoning.signal, () => undefined)).rejects.toThrow();
    await expectUntouched(rig);
    // It may come again to this very process: what nobody lets go of would fill the spool.
    expect(rig.fetcher.letGo).toEqual(['file:///spool/one']);
  });

  it('works in the order of uploads, whatever their records are keyed by; what is no upload goes by its key', async () => {
    const rig = await pipelineRig();
    const strange = { ...uploadRecord(uploadEvent(), 'event-1'), key: 'of the producer' };
    const records = await rig.receive(strange, { ...strange, value: null });
    expect(records.map((record) => taskOf(record, rig.parts).keys)).toEqual([
      ['upload upload-1'],
      ['record of the producer'],
    ]);
  });

  it('works segments in the order of their stream, and of their upload as well', async () => {
    const rig = await pipelineRig();
    const event = uploadEvent({ stream: { id: 'live', sequence: 3 } });
    const [record] = await rig.receive(uploadRecord(event, 'event-1'));
    expect(record && taskOf(record, rig.parts).keys).toEqual(['upload upload-1', 'stream live']);
  });

  it('gives up hashes in the midst of them, for others have their turn between any two', async () => {
    const hash = hexOfHash(hashNumber(unrelated));
    const sent = Array.from({ length: limits.uploadFramesMax }, (_, timeMs) => ({ timeMs, quality: 90, hash }));
    const rig = await pipelineRig({ known });
    const [record] = await rig.receive(uploadRecord(uploadEvent({ content: { frames: sent } }), 'event-1'));
    const abandoning = new AbortController();
    setImmediate(() => abandoning.abort());
    if (record !== undefined)
      await expect(taskOf(record, rig.parts).run(abandoning.signal, () => undefined)).rejects.toThrow();
    await expectUntouched(rig);
  });

  it('releases the bytes only when the decision is durable', async () => {
    const order: string[] = [];
    const fetcher = fakeFetcher();
    const rig = await pipelineRig({ fetcher, fingerprint: playFrames(videoFrames(4)) });
    const settle: PipelineRig['parts']['settler']['settle'] = async (settlement) => {
      await rig.parts.settler.settle(settlement);
      order.push(`settled, ${fetcher.released.length} released, ${rig.decisions().length} decided`);
    };
    const [record] = await rig.receive(uploadRecord(uploadEvent(), 'event-1'));
    if (record !== undefined) await taskOf(record, { ...rig.parts, settler: { settle } }).run(never, () => undefined);
    expect(order).toEqual(['settled, 0 released, 1 decided']);
    expect(fetcher.released).toEqual(['file:///spool/one']);
  });
});
