import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import { RunningPipeline, type RunningPipelineParts } from '../../../src/flow/running-pipeline.ts';
import { consumeGroup, lagOf } from '../../support/log-records.ts';
import {
  type PipelineRig,
  pipelineRig,
  playFrames,
  type RigOptions,
  uploadEvent,
  uploadRecord,
  videoFrames,
} from '../../support/pipeline-rig.ts';
import { silentTelemetry } from '../../support/silent-telemetry.ts';

interface Running extends PipelineRig {
  readonly pipeline: RunningPipeline;
  readonly events: string[];
  send(count: number): Promise<void>;
}

async function runningOver(options: RigOptions = {}, changes: Partial<RunningPipelineParts> = {}): Promise<Running> {
  const rig = await pipelineRig({ fingerprint: playFrames(videoFrames(2)), ...options });
  const events: string[] = [];
  const telemetry = silentTelemetry({
    uploadsConsumed: (count) => events.push(`consumed ${count}`),
    settled: (records) => events.push(`settled ${records}`),
    retried: (stage) => events.push(`retried ${stage}`),
    failed: (what) => events.push(what),
  });
  const { consumer, parts } = rig;
  const pipeline = new RunningPipeline({ ...parts, consumer, telemetry, inflightUploadsMax: 4, ...changes });
  const send = async (count: number) => {
    const uploads = Array.from({ length: count }, (_, at) => uploadEvent({ uploadId: `upload-${at}` }));
    await rig.log.append(uploads.map((event) => uploadRecord(event, `event-of-${event.uploadId}`)));
  };
  return { ...rig, pipeline, events, send };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}

describe('RunningPipeline', () => {
  it('is ready from its start to its drain, and works off what arrives', async () => {
    const { pipeline, events, decisions, send } = await runningOver();
    expect(pipeline.unready()).toBe('the pipeline has not started');
    pipeline.start();
    expect(pipeline.unready()).toBeNull();
    await send(9);
    await until(() => decisions().length === 9);
    await pipeline.drain(1_000);
    expect(pipeline.unready()).toBe('the service is stopping');
    expect(pipeline.inflight).toBe(0);
    const sumOf = (what: string) =>
      events.filter((event) => event.startsWith(what)).reduce((sum, event) => sum + Number(event.split(' ')[1]), 0);
    expect([sumOf('consumed'), sumOf('settled')]).toEqual([9, 9]);
  });

  it('may be drained before it was started', async () => {
    const { pipeline } = await runningOver();
    await pipeline.drain(0);
    expect(pipeline.unready()).toBe('the pipeline has not started');
  });

  it('ends what is on its way when it is drained', async () => {
    const { pipeline, decisions, send, jobs } = await runningOver({
      fingerprint: async (job) => {
        await sleep(20);
        return playFrames(videoFrames(2))(job);
      },
    });
    await send(1);
    pipeline.start();
    await until(() => jobs.length === 1);
    await pipeline.drain(1_000);
    expect(decisions()).toHaveLength(1);
  });

  it('abandons at the deadline what a full log keeps from being settled, without failing', async () => {
    const { pipeline, decisions, events, send, log } = await runningOver();
    await send(1);
    log.disk.full = 'no room left';
    pipeline.start();
    await until(() => events.includes('retried publish'));
    await pipeline.drain(10);
    expect(decisions()).toEqual([]);
    expect(events).not.toContain('the pipeline failed');
    expect((await lagOf(await consumeGroup(log, 'floodgate-pipeline'))).records).toBe(1);
  });

  it.each([
    ['a fault of ours', () => Promise.reject(new TypeError('our bug')), 'the pipeline failed: our bug'],
    [
      'a kernel that refuses',
      () => Promise.reject(new FloodgateError('kernel_failed', 'no frame was set')),
      'the pipeline failed: no frame was set',
    ],
  ])('fails at %s, says why, and loses nothing', async (_what, fingerprint, why) => {
    const { pipeline, events, decisions, send, consumer } = await runningOver({ fingerprint });
    await send(1);
    pipeline.start();
    await expect(pipeline.failed).rejects.toThrow();
    expect(pipeline.unready()).toBe(why);
    expect(events).toContain('the pipeline failed');
    expect(decisions()).toEqual([]);
    expect((await lagOf(consumer)).records).toBe(1);
    await pipeline.drain(0);
    expect(pipeline.unready()).toBe(why);
  });

  it('fails when the log ends under it', async () => {
    const { pipeline, log } = await runningOver();
    pipeline.start();
    await log.close();
    await expect(pipeline.failed).rejects.toMatchObject({ code: 'log_failed' });
  });
});
