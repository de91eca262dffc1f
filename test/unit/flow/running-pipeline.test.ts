import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import type { FingerprintJob } from '../../../src/fingerprint/fingerprinter.ts';
import { RunningPipeline, type RunningPipelineParts } from '../../../src/flow/running-pipeline.ts';
import type { ConsumedRecord, Consumer } from '../../../src/log/log.ts';
import { consumeGroup, lagOf } from '../../support/log-records.ts';
import { MemoryLog } from '../../support/memory-log.ts';
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

/** A pipeline whose decoding never ends until its partition is lost; `lose` brings the partition back at once. */
async function losable(): Promise<Running & { lose(): void }> {
  const log = new MemoryLog();
  const inner = await consumeGroup(log, 'floodgate-pipeline');
  let lost = new AbortController();
  const again: ConsumedRecord[] = [];
  const handedOut: ConsumedRecord[] = [];
  const consumer: Consumer = {
    ...inner,
    resumesFrom: inner.resumesFrom,
    lag: () => inner.lag(),
    close: () => inner.close(),
    poll: async (max, signal) => {
      const records =
        again.length > 0 ? again.splice(0, max) : await inner.poll(max, AbortSignal.any([signal, lost.signal]));
      const own = (records.length > 0 ? records : again.splice(0, max)).map((record) => ({
        ...record,
        lost: lost.signal,
      }));
      handedOut.push(...own);
      return own;
    },
    settle: async (batch) => {
      if (batch.some(({ record }) => record.lost.aborted)) throw new FloodgateError('partition_lost', 'it went');
      await inner.settle(batch);
    },
  };
  let looks = 0;
  const fingerprint = async (job: FingerprintJob) => {
    looks += 1;
    if (looks > 1) return playFrames(videoFrames(2))(job);
    await new Promise((resolve) => job.signal?.addEventListener('abort', resolve));
    throw new FloodgateError('timed_out', 'given up');
  };
  const running = await runningOver({ log, fingerprint }, { consumer });
  const lose = () => {
    const before = lost;
    lost = new AbortController();
    again.push(...handedOut.splice(0));
    before.abort();
  };
  return { ...running, lose };
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

  it('drops what is on its way when its partition goes, and decides it once when it has come back', async () => {
    const { pipeline, events, decisions, send, jobs, lose } = await losable();
    await send(1);
    pipeline.start();
    await until(() => jobs.length === 1);
    lose();
    await until(() => decisions().length === 1);
    await pipeline.drain(1_000);
    expect(jobs).toHaveLength(2);
    expect(decisions()[0]?.revision).toBe(1);
    expect(events).not.toContain('the pipeline failed');
  });

  it('fails when the log ends under it', async () => {
    const { pipeline, log } = await runningOver();
    pipeline.start();
    await log.close();
    await expect(pipeline.failed).rejects.toMatchObject({ code: 'log_failed' });
  });
});
