import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { createEffortLadder, fullEffort, shedSteps } from '../../../src/flow/effort-ladder.ts';

function ladderAt() {
  const clock = { ms: 0 };
  const rungs: number[] = [];
  const ladder = createEffortLadder({ elapsedMs: () => clock.ms, onChange: (rung) => rungs.push(rung) });
  /** An upload every 100 ms, each of which took so long. */
  const run = (latencyMs: number, forMs: number): void => {
    for (const endMs = clock.ms + forMs; clock.ms < endMs; ) {
      clock.ms += 100;
      ladder.observe(latencyMs);
    }
  };
  return { clock, ladder, rungs, run };
}

describe('the ladder of effort', () => {
  it('does everything while uploads are decided in time', () => {
    const { ladder, rungs, run } = ladderAt();
    run(limits.effortLatencyMsMax, 60_000);
    expect(ladder.effort()).toEqual(fullEffort);
    expect(rungs).toEqual([]);
  });

  it('sheds one step after the other, the dearest first, and waits for the effect of each', () => {
    const { ladder, rungs, run } = ladderAt();
    run(limits.effortLatencyMsMax * 2, limits.effortHoldMs);
    expect(rungs).toEqual([1]);
    expect(ladder.effort()).toEqual({ ...fullEffort, secondLook: false });
    run(limits.effortLatencyMsMax * 2, limits.effortHoldMs * 20);
    expect(rungs).toEqual([1, 2, 3, 4]);
    expect(ladder.rung).toBe(shedSteps.length);
    expect(ladder.effort()).toEqual({ secondLook: false, framesBetween: false, farRegions: false, regions: false });
  });

  it('comes back by itself, step by step, once it has kept up for a while', () => {
    const { ladder, rungs, run } = ladderAt();
    run(limits.effortLatencyMsMax * 2, limits.effortHoldMs * 20);
    run(50, limits.effortCalmMs * (shedSteps.length + 1) + limits.effortWindowMs);
    expect(rungs).toEqual([1, 2, 3, 4, 3, 2, 1, 0]);
    expect(ladder.effort()).toEqual(fullEffort);
  });

  it('stays where it is between keeping up with ease and falling behind', () => {
    const { rungs, run } = ladderAt();
    run(limits.effortLatencyMsMax * 2, limits.effortHoldMs);
    run((limits.effortLatencyMsMax + limits.effortCalmLatencyMs) / 2, 120_000);
    expect(rungs).toEqual([1]);
  });

  it('sheds no more while what has piled up goes away', () => {
    const { rungs, run } = ladderAt();
    run(limits.effortLatencyMsMax * 4, limits.effortHoldMs);
    for (let latencyMs = limits.effortLatencyMsMax * 4; latencyMs > limits.effortLatencyMsMax; latencyMs *= 0.99) {
      run(latencyMs, 100);
    }
    expect(rungs).toEqual([1]);
    run(limits.effortLatencyMsMax * 2, limits.effortHoldMs * 2 + limits.effortWindowMs);
    expect(rungs.slice(0, 2)).toEqual([1, 2]);
  });

  it('tries what it could not keep up with less and less often, and forgets that once it has kept up', () => {
    const { clock, ladder, run } = ladderAt();
    const busyMs = limits.effortLatencyMsMax * 2;
    const fall = () => {
      while (ladder.rung === 0) run(busyMs, 100);
    };
    const msToRise = () => {
      const startedMs = clock.ms;
      while (ladder.rung > 0) run(50, 100);
      return clock.ms - startedMs;
    };
    fall();
    const waitsMs = [0, 1, 2].map(() => {
      const waitedMs = msToRise();
      fall();
      return waitedMs;
    });
    expect(waitsMs[1]).toBeGreaterThanOrEqual(2 * limits.effortCalmMs);
    expect(waitsMs[2]).toBeGreaterThanOrEqual(4 * limits.effortCalmMs);
    for (let time = 0; time < 10; time++) {
      msToRise();
      fall();
    }
    expect(msToRise()).toBeLessThanOrEqual(limits.effortCalmMsMax + limits.effortWindowMs);
    run(50, limits.effortKeptUpMs);
    fall();
    expect(msToRise()).toBeLessThanOrEqual(limits.effortCalmMs + limits.effortWindowMs);
  });

  it('is not moved by a few slow uploads among many', () => {
    const { rungs, run } = ladderAt();
    for (let round = 0; round < 100; round++) {
      run(100, 500);
      run(30_000, 100);
    }
    expect(rungs).toEqual([]);
  });
});
