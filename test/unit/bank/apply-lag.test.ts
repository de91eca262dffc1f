import { describe, expect, it } from 'vitest';
import { createApplyLag } from '../../../src/bank/apply-lag.ts';

function rig() {
  const state = { endOffset: 10, position: 9, nowMs: 1_000, failing: false };
  const measured: [number, number][] = [];
  const failures: unknown[] = [];
  const lag = createApplyLag({
    async ends() {
      if (state.failing) throw new Error('no broker');
      return [{ partition: 0, startOffset: 0, endOffset: state.endOffset }];
    },
    position: () => state.position,
    onMeasured: (records, seconds) => measured.push([records, seconds]),
    onFailure: (error) => failures.push(error),
    intervalMs: 5,
    nowMs: () => state.nowMs,
  });
  return { state, measured, failures, lag };
}

describe('the lag of the bank', () => {
  it('counts the records behind, and the seconds since there were none', async () => {
    const { state, measured, lag } = rig();
    await lag.measure();
    Object.assign(state, { endOffset: 15, nowMs: 4_000 });
    await lag.measure();
    Object.assign(state, { position: 12, nowMs: 5_500 });
    await lag.measure();
    Object.assign(state, { position: 14, nowMs: 6_000 });
    await lag.measure();
    expect(measured).toEqual([
      [0, 0],
      [5, 3],
      [2, 4.5],
      [0, 0],
    ]);
  });

  it('is measured from time to time until it is stopped, whether the log answers or not', async () => {
    const { state, measured, failures, lag } = rig();
    lag.start();
    await expect.poll(() => measured.length).toBeGreaterThan(1);
    state.failing = true;
    await expect.poll(() => failures.length).toBeGreaterThan(1);
    await lag.stop();
    const stopped = failures.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(failures).toHaveLength(stopped);
  });
});
