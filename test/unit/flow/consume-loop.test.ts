import { describe, expect, it } from 'vitest';
import { ConsumeLoop } from '../../../src/flow/consume-loop.ts';
import type { LogRecord } from '../../../src/log/log.ts';

function recordAt(offset: number, key = `k${offset}`): LogRecord {
  return { topic: 'uploads', key, value: null, headers: {}, partition: 0, offset, timestampMs: 0 };
}

/** A consumer over a list; waits for the signal once it is read. */
function consumerOf(records: LogRecord[]) {
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
      handle: async (record) => {
        await tick(1);
        handled.push(record.offset);
      },
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
      handle: async () => {
        await tick(20);
        ended = true;
      },
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
      handle: (_record, abandoned) =>
        new Promise((_resolve, reject) => abandoned.addEventListener('abort', () => reject(new Error('abandoned')))),
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
      handle: async (record) => {
        if (record.offset === 0) throw new TypeError('our bug');
        await tick(10);
        handled.push(record.offset);
      },
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
      handle: async (record) => {
        handled.push(record.offset);
        await tick();
        throw new TypeError('our bug');
      },
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
      handle: async () => {},
      inflightMax: 1,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toMatchObject({ code: 'log_failed' });
  });

  it('hands on what the log threw', async () => {
    const loop = new ConsumeLoop({
      consumer: { poll: async () => Promise.reject(new Error('log gone')) },
      handle: async () => {},
      inflightMax: 1,
      onInflight: () => {},
    });
    await expect(loop.run()).rejects.toThrow('log gone');
  });
});
