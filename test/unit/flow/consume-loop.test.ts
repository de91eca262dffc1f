import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import { ConsumeLoop, type ConsumeLoopParts } from '../../../src/flow/consume-loop.ts';
import type { ConsumedRecord } from '../../../src/log/log.ts';

const never = new AbortController().signal;

function recordAt(offset: number, key = `k${offset}`, lost = never): ConsumedRecord {
  return { topic: 'uploads', key, value: null, headers: {}, partition: 0, offset, timestampMs: 0, lost };
}

/** Tasks in order of the records' keys. */
function doing(handle: (record: ConsumedRecord, abandoned: AbortSignal) => Promise<void>): ConsumeLoopParts['taskOf'] {
  return (record) => ({ keys: [record.key], run: (abandoned) => handle(record, abandoned) });
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('abandoned'))));

/** A consumer over a list; waits for the signal once it is read. */
function consumerOf(records: ConsumedRecord[]) {
  const asked: number[] = [];
  return {
    asked,
    poll: async (max: number, signal: AbortSignal) => {
      asked.push(max);
      if (records.length > 0) return records.splice(0, max);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return [];
    },
  };
}

const tick = (ms = 5) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('ConsumeLoop', () => {
  it('never has more than its bound in flight, and works everything off', async () => {
    const handled: number[] = [];
    let most = 0;
    const loop = new ConsumeLoop({
      consumer: consumerOf(Array.from({ length: 40 }, (_, offset) => recordAt(offset))),
      taskOf: doing(async (record) => {
        await tick(1);
        handled.push(record.offset);
      }),
      inflightMax: 4,
      onInflight: (uploads) => {
        most = Math.max(most, uploads);
      },
    });
    const running = loop.run();
    while (handled.length < 40) await tick(1);
    loop.drain(100);
    await running;
    expect(most).toBe(4);
    expect(loop.inflight).toBe(0);
  });

  it('ends what is on its way when drained', async () => {
    let ended = false;
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0)]),
      taskOf: doing(async () => {
        await tick(20);
        ended = true;
      }),
      inflightMax: 2,
      onInflight: () => {},
    });
    const running = loop.run();
    await tick();
    loop.drain(1_000);
    await running;
    expect(ended).toBe(true);
  });

  it('tells what is on its way to give up when the deadline has passed', async () => {
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0)]),
      taskOf: doing((_record, abandoned) => untilAborted(abandoned)),
      inflightMax: 1,
      onInflight: () => {},
    });
    const running = loop.run();
    await tick();
    loop.drain(10);
    await expect(running).resolves.toBeUndefined();
  });

  it('stops at the first fault, after the others have ended, and hands the fault on', async () => {
    const handled: number[] = [];
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0), recordAt(1)]),
      taskOf: doing(async (record) => {
        if (record.offset === 0) throw new TypeError('our bug');
        await tick(10);
        handled.push(record.offset);
      }),
      inflightMax: 2,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toThrow('our bug');
    expect(handled).toEqual([1]);
  });

  it('begins nothing behind a fault: the next upload of its key must not overtake it', async () => {
    const handled: number[] = [];
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0, 'same'), recordAt(1, 'same')]),
      taskOf: doing(async (record) => {
        handled.push(record.offset);
        await tick();
        throw new TypeError('our bug');
      }),
      inflightMax: 2,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toThrow('our bug');
    expect(handled).toEqual([0]);
    expect(loop.inflight).toBe(0);
  });

  it('fails when the log ends under it, and does not spin', async () => {
    const loop = new ConsumeLoop({
      consumer: { poll: async () => [] },
      taskOf: doing(async () => {}),
      inflightMax: 1,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toMatchObject({ code: 'log_failed' });
  });

  it('hands on what the log threw', async () => {
    const loop = new ConsumeLoop({
      consumer: { poll: async () => Promise.reject(new Error('log gone')) },
      taskOf: doing(async () => {}),
      inflightMax: 1,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toThrow('log gone');
  });

  it('orders tasks by the key that they have, which need not be that of their records', async () => {
    const begun: number[] = [];
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0), recordAt(1)]),
      taskOf: (record) => ({
        keys: ['of the same upload'],
        run: async () => {
          begun.push(record.offset);
          if (record.offset === 0) throw new TypeError('our bug');
        },
      }),
      inflightMax: 2,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toThrow('our bug');
    expect(begun).toEqual([0]);
  });
});

describe('ConsumeLoop, when a partition goes to another process', () => {
  it('tells the tasks of its records to give up, and no others, and goes on', async () => {
    const [lost, kept] = [new AbortController(), new AbortController()];
    const ended: string[] = [];
    const loop = new ConsumeLoop({
      consumer: consumerOf([
        recordAt(0, 'a', lost.signal),
        recordAt(1, 'b', lost.signal),
        recordAt(2, 'c', kept.signal),
      ]),
      taskOf: doing(async (record, abandoned) => {
        if (record.key === 'c') await tick(20);
        else await untilAborted(abandoned).finally(() => ended.push(`${record.key} given up`));
        ended.push(`${record.key} done, abandoned: ${abandoned.aborted}`);
      }),
      inflightMax: 4,
      onInflight: () => {},
    });
    const running = loop.run();
    await tick();
    lost.abort();
    await tick(40);
    expect(ended).toEqual(['a given up', 'b given up', 'c done, abandoned: false']);
    expect(loop.inflight).toBe(0);
    loop.drain(0);
    await expect(running).resolves.toBeUndefined();
  });

  it('begins nothing of it that still waits, and works on what comes afterwards', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const begun: number[] = [];
    const records = [recordAt(0, 'same', first.signal), recordAt(1, 'same', first.signal)];
    const loop = new ConsumeLoop({
      consumer: consumerOf(records),
      taskOf: doing(async ({ offset, lost }) => {
        begun.push(offset);
        if (lost !== first.signal) return;
        // It came back to this process: the records are handed out again.
        records.push(recordAt(0, 'same', second.signal), recordAt(1, 'same', second.signal));
        first.abort();
        throw new FloodgateError('partition_lost', 'another process has it');
      }),
      inflightMax: 2,
      onInflight: () => {},
    });
    const running = loop.run();
    await tick(20);
    loop.drain(0);
    await expect(running).resolves.toBeUndefined();
    expect(begun).toEqual([0, 0, 1]);
  });

  it('does not stop when a settlement is refused because the partition is lost', async () => {
    const lost = new AbortController();
    const settled: string[] = [];
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0, 'a', lost.signal), recordAt(1, 'b')]),
      taskOf: doing(async ({ key }) => {
        if (key === 'a') lost.abort();
        if (key === 'a') throw new FloodgateError('partition_lost', 'another process has it');
        await tick(10);
        settled.push(key);
      }),
      inflightMax: 2,
      onInflight: () => {},
    });
    const running = loop.run();
    await tick(30);
    loop.drain(0);
    await expect(running).resolves.toBeUndefined();
    expect(settled).toEqual(['b']);
  });

  it('fails when a log says so of a record that is not lost: it would never come again', async () => {
    const loop = new ConsumeLoop({
      consumer: consumerOf([recordAt(0)]),
      taskOf: doing(async () => {
        throw new FloodgateError('partition_lost', 'another process has it');
      }),
      inflightMax: 1,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toMatchObject({ code: 'partition_lost' });
  });
});
