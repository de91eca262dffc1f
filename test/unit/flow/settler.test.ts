import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import { Settler } from '../../../src/flow/settler.ts';
import type { Settlement } from '../../../src/log/log.ts';
import { recordOf } from '../../support/log-records.ts';

const never = new AbortController().signal;

function settlement(offset: number, partition = 0, lost = never): Settlement {
  return { record: { ...recordOf('uploads', 'k'), partition, offset, timestampMs: 0, lost }, outputs: [] };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function settlerOver(settle: (batch: readonly Settlement[]) => Promise<void>) {
  const pauses: number[] = [];
  const retries: string[] = [];
  const settler = new Settler({
    consumer: { settle },
    sleep: async (ms) => {
      pauses.push(ms);
    },
    onSettled: () => {},
    onRetry: (error) => retries.push(error.code),
    nowMs: () => 0,
  });
  return { settler, pauses, retries };
}

describe('Settler', () => {
  it('gathers what becomes ready while a step is on its way', async () => {
    const batches: number[][] = [];
    const { settler } = settlerOver(async (batch) => {
      batches.push(batch.map((each) => each.record.offset));
      await pause(5);
    });
    await Promise.all([0, 1, 2, 3].map((offset) => settler.settle(settlement(offset))));
    expect(batches).toEqual([[0], [1, 2, 3]]);
  });

  it('waits for a full log and loses nothing', async () => {
    let refusals = 20;
    const { settler, retries } = settlerOver(async () => {
      refusals -= 1;
      if (refusals >= 0) throw new FloodgateError('log_full', 'no room');
    });
    await settler.settle(settlement(1));
    expect(retries).toHaveLength(20);
  });

  it('retries a failing log with growing pauses, then hands the failure on', async () => {
    const { settler, pauses } = settlerOver(async () => {
      throw new FloodgateError('log_failed', 'broken');
    });
    await expect(settler.settle(settlement(1))).rejects.toMatchObject({ code: 'log_failed' });
    expect(pauses.length).toBeGreaterThan(2);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  });

  it('does not retry a fault of ours', async () => {
    const { settler, pauses } = settlerOver(async () => {
      throw new TypeError('our bug');
    });
    await expect(settler.settle(settlement(1))).rejects.toMatchObject({ code: 'internal' });
    expect(pauses).toEqual([]);
  });

  it('stops waiting for a full log when told to', async () => {
    const { settler } = settlerOver(async () => {
      settler.stop();
      throw new FloodgateError('log_full', 'no room');
    });
    await expect(settler.settle(settlement(1))).rejects.toMatchObject({ code: 'log_full' });
  });
});

describe('Settler over several partitions', () => {
  it('settles one partition at a time in a step, and a slow one holds back no other', async () => {
    const batches: string[] = [];
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { settler } = settlerOver(async (batch) => {
      batches.push(batch.map(({ record }) => `${record.partition}/${record.offset}`).join(' '));
      if (batch[0]?.record.partition === 1) await slow;
    });
    const waiting = [settler.settle(settlement(0, 1)), settler.settle(settlement(1, 1))];
    await Promise.all([settlement(0, 2), settlement(1, 2), settlement(2, 2)].map((each) => settler.settle(each)));
    expect(batches).toEqual(['1/0', '2/0', '2/1 2/2']);
    release();
    await Promise.all(waiting);
    expect(batches.at(-1)).toBe('1/1');
  });

  it('goes on in the other partitions while one is retried', async () => {
    let failures = 3;
    const { settler, retries } = settlerOver(async ([first]) => {
      if (first?.record.partition !== 1) return;
      failures -= 1;
      if (failures >= 0) throw new FloodgateError('log_failed', 'broken');
    });
    const ended: string[] = [];
    await Promise.all([
      settler.settle(settlement(0, 1)).then(() => ended.push('retried')),
      settler.settle(settlement(0, 2)).then(() => ended.push('other')),
    ]);
    expect(ended).toEqual(['other', 'retried']);
    expect(retries).toEqual(['log_failed', 'log_failed', 'log_failed']);
  });

  it('fails what was lost alone, at once: what came after the partition was back is settled', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const batches: string[] = [];
    const { settler, retries } = settlerOver(async (batch) => {
      batches.push(batch.map(({ record }) => record.offset).join(' '));
      await pause(5);
      if (batch.some(({ record }) => record.lost.aborted)) throw new FloodgateError('partition_lost', 'it went');
    });
    const begun = settler.settle(settlement(9));
    const lost = [1, 2].map((offset) => settler.settle(settlement(offset, 0, first.signal)));
    first.abort();
    const kept = [1, 2].map((offset) => settler.settle(settlement(offset, 0, second.signal)));
    const codes = await Promise.allSettled([begun, ...lost, ...kept]);
    expect(codes.map((each) => (each.status === 'fulfilled' ? 'settled' : each.reason.code))).toEqual([
      'settled',
      'partition_lost',
      'partition_lost',
      'settled',
      'settled',
    ]);
    expect(batches).toEqual(['9', '1 2', '1 2']);
    expect(retries).toEqual([]);
  });
});
