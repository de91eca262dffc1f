/** Goal: under overload less is done for each upload, and each decision says so; what was left out is never "no match". */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/config/limits.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import type { FingerprintResult, RegionBatch, SampledFrame } from '../../src/fingerprint/fingerprinter.ts';
import { createEffortLadder, type EffortLadder, shedSteps } from '../../src/flow/effort-ladder.ts';
import { fullRegion } from '../../src/match/region.ts';
import { taskOf } from '../../src/pipeline.ts';
import { bankEntry, deepSide, frames } from '../support/bank-entries.ts';
import { dihedralHashes, hashNumber } from '../support/hashes.ts';
import {
  type BegunJob,
  type PipelineRig,
  pipelineRig,
  playFrames,
  type RigOptions,
  unrelated,
  uploadEvent,
  uploadRecord,
  videoFrames,
  videoResult,
} from '../support/pipeline-rig.ts';

const plain = [bankEntry({ frames: frames(20) })];
/** Known by its whole frames as above, and by views of them that nothing here shows. */
const deep = [bankEntry({ frames: frames(20), ...deepSide(4, 500_000) })];
const stranger = videoFrames(8, unrelated);
/** One close frame among others that match nothing: near, and not enough. */
const near = [...videoFrames(1), ...videoFrames(7, unrelated, 1_250)];

/** A ladder that was brought to a rung as it is under load: by uploads that take too long. */
function ladderOn(rung: number): EffortLadder {
  let nowMs = 0;
  const ladder = createEffortLadder({ elapsedMs: () => nowMs, onChange: () => {} });
  while (ladder.rung < rung) {
    nowMs += limits.effortHoldMs;
    ladder.observe(limits.effortLatencyMsMax + 1);
  }
  return ladder;
}

const batch = (timeMs: number, tier: 1 | 2): RegionBatch => ({
  timeMs,
  aspect: 16 / 9,
  regions: [{ region: fullRegion, tier, quality: 80, hashes: dihedralHashes(hashNumber(unrelated + timeMs), 0) }],
});

/** Plays frames and then, where the mode has them, regions: the likely ones of all frames, then the others. */
function playAll(sampled: readonly SampledFrame[], heard: string[] = [], changes: Partial<FingerprintResult> = {}) {
  return async (job: BegunJob): Promise<FingerprintResult> => {
    const played = await playFrames(sampled)(job);
    const result = { ...played, ...(played.complete ? changes : {}) };
    if (!played.complete || job.mode.regions !== true) return result;
    for (const tier of [1, 2] as const) {
      for (const { timeMs } of sampled) {
        const answer = job.onRegions?.(batch(timeMs, tier));
        heard.push(`tier ${tier} ${answer}`);
        if (answer === 'enough') return { ...result, complete: false };
      }
    }
    return result;
  };
}

async function decideOn(rung: number, options: RigOptions): Promise<{ rig: PipelineRig; decision: Decision }> {
  const rig = await pipelineRig({ ...options, parts: { ladder: ladderOn(rung), ...options.parts } });
  const [record] = await rig.receive(uploadRecord(uploadEvent(), 'event-1'));
  if (record !== undefined) await taskOf(record, rig.parts).run(new AbortController().signal, () => undefined);
  const [decision] = rig.decisions();
  if (decision === undefined) throw new Error('nothing was decided');
  return { rig, decision };
}

describe('regions', () => {
  it('are asked for where the bank has views to compare them with', async () => {
    const { rig, decision } = await decideOn(0, { known: deep, fingerprint: playAll(stranger) });
    expect(rig.jobs.map(({ mode }) => mode)).toEqual([{ kind: 'sparse', regions: true }]);
    expect(decision).toMatchObject({ outcome: 'allow', reason: 'no_match', degraded: [] });
  });

  it('are not asked for where it has none', async () => {
    const { rig } = await decideOn(0, { known: plain, fingerprint: playAll(stranger) });
    expect(rig.jobs.map(({ mode }) => mode)).toEqual([{ kind: 'sparse', regions: false }]);
  });

  it('are looked at in both steps of the second look, too', async () => {
    const { rig } = await decideOn(0, { known: deep, fingerprint: playAll(near) });
    expect(rig.jobs.map(({ mode }) => mode)).toEqual([
      { kind: 'sparse', regions: true },
      {
        kind: 'dense',
        framesPerSecond: limits.doubtFramesPerSecond,
        within: [{ startMs: 0, endMs: limits.doubtReachMs }],
        regions: true,
      },
      { kind: 'dense', framesPerSecond: limits.doubtFramesPerSecond, regions: true },
    ]);
  });
});

describe('under overload', () => {
  it('the second look goes first: what is near stays for review, and says what was left out', async () => {
    const { rig, decision } = await decideOn(1, { known: deep, fingerprint: playAll(near) });
    expect(rig.jobs).toHaveLength(1);
    expect(decision).toMatchObject({ outcome: 'review', reason: 'near_match', degraded: ['second_look_shed'] });
  });

  it('nothing is said to be left out that would not have been done', async () => {
    const sure = await decideOn(1, { known: deep, fingerprint: playAll(stranger) });
    expect(sure.decision).toMatchObject({ outcome: 'allow', reason: 'no_match', degraded: [] });
    const bare = await decideOn(4, { known: plain, fingerprint: playAll(stranger) });
    expect(bare.decision).toMatchObject({ outcome: 'allow', reason: 'no_match', degraded: [] });
  });

  it('then the frames between key frames: the child is asked for key frames, and says when they were too few', async () => {
    const tooFew = (job: BegunJob) => playAll(stranger, [], { degraded: ['frames_shed'], complete: false })(job);
    const { rig, decision } = await decideOn(2, { known: deep, fingerprint: tooFew });
    expect(rig.jobs.map(({ mode }) => mode)).toEqual([{ kind: 'sparse', regions: true, keyFramesOnly: true }]);
    expect(decision).toMatchObject({ outcome: 'review', reason: 'shed', degraded: ['frames_shed'] });
    const enough = await decideOn(2, { known: deep, fingerprint: playAll(stranger) });
    expect(enough.decision).toMatchObject({ outcome: 'allow', reason: 'no_match', degraded: [] });
  });

  it('then the far regions: the likely ones are looked at, and the child is told to stop at the others', async () => {
    const heard: string[] = [];
    const { rig, decision } = await decideOn(3, { known: deep, fingerprint: playAll(stranger, heard) });
    expect(rig.jobs.map(({ mode }) => mode)).toEqual([{ kind: 'sparse', regions: true, keyFramesOnly: true }]);
    expect(heard).toEqual([...stranger.map(() => 'tier 1 more'), 'tier 2 enough']);
    expect(decision).toMatchObject({ outcome: 'review', reason: 'shed', degraded: ['far_regions_shed'] });
  });

  it('at last all regions', async () => {
    const { rig, decision } = await decideOn(4, { known: deep, fingerprint: playAll(stranger) });
    expect(rig.jobs.map(({ mode }) => mode)).toEqual([{ kind: 'sparse', regions: false, keyFramesOnly: true }]);
    expect(decision).toMatchObject({
      outcome: 'review',
      reason: 'shed',
      degraded: ['regions_shed'],
      sampling: { framesSampled: 8, complete: true },
    });
  });

  it.each([0, 1, 2, 3, shedSteps.length])('on rung %i what matches is blocked as ever', async (rung) => {
    const { decision } = await decideOn(rung, { known: deep, fingerprint: playAll(videoFrames(20)) });
    expect(decision).toMatchObject({ outcome: 'block', reason: 'matched', degraded: [] });
  });

  it('a clip that is too short for anything but its whole is blocked without its regions', async () => {
    const { decision } = await decideOn(4, { known: deep, fingerprint: playAll(videoFrames(1)) });
    expect(decision).toMatchObject({ outcome: 'block', reason: 'matched', degraded: [] });
  });

  it('the policy may let pass what was not looked at to its end, and the decision still says so', async () => {
    const policy = { unjudged: { shed: 'allow' as const } };
    const { decision } = await decideOn(4, { known: deep, policy, fingerprint: playAll(stranger) });
    expect(decision).toMatchObject({ outcome: 'allow', reason: 'shed', degraded: ['regions_shed'] });
  });

  it('a reason that is worse stands before it', async () => {
    const fingerprint = async (job: BegunJob) => {
      await playAll(stranger)(job);
      return videoResult({ degraded: ['decode_errors'] });
    };
    const announced = uploadEvent({ sha256: '0'.repeat(64) });
    const rig = await pipelineRig({ known: deep, fingerprint, parts: { ladder: ladderOn(4) } });
    const [record] = await rig.receive(uploadRecord(announced, 'event-1'));
    if (record !== undefined) await taskOf(record, rig.parts).run(new AbortController().signal, () => undefined);
    expect(rig.decisions()[0]).toMatchObject({
      reason: 'digest_mismatch',
      degraded: ['decode_errors', 'regions_shed'],
    });
  });

  it('what a first attempt left out is void when a second looks at it all', async () => {
    const fingerprint = (job: BegunJob) => {
      for (const { timeMs } of stranger) job.onRegions?.(batch(timeMs, 2));
      job.onRestart();
      return playFrames(stranger)(job);
    };
    const { decision } = await decideOn(3, { known: deep, fingerprint });
    expect(decision).toMatchObject({ outcome: 'allow', reason: 'no_match', degraded: [] });
  });

  it('hashes in place of bytes cost so little that nothing is left out', async () => {
    const rig = await pipelineRig({ known: deep, parts: { ladder: ladderOn(4) } });
    const hash = Buffer.from(hashNumber(unrelated)).toString('hex');
    const sent = Array.from({ length: 8 }, (_, at) => ({ timeMs: at * 500, quality: 90, hash }));
    const event = uploadEvent({ content: { frames: sent } });
    const [record] = await rig.receive(uploadRecord(event, 'event-1'));
    if (record !== undefined) await taskOf(record, rig.parts).run(new AbortController().signal, () => undefined);
    expect(rig.decisions()[0]).toMatchObject({ reason: 'no_match', degraded: [], sampling: { framesSampled: 8 } });
  });
});
