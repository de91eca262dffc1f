import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import { Settler } from '../../../src/flow/settler.ts';
import type { Settlement } from '../../../src/log/log.ts';

const settlement = (offset: number): Settlement => ({ position: { partition: 0, offset }, outputs: [] });

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
      batches.push(batch.map((each) => each.position.offset));
      await new Promise((resolve) => setTimeout(resolve, 5));
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
