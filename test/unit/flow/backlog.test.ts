import { describe, expect, it } from 'vitest';
import { Backlog, type Lag, totalLag } from '../../../src/flow/backlog.ts';

describe('Backlog', () => {
  it('keeps what it measured last, also when measuring fails', async () => {
    const answers = [[{ partition: 0, records: 3, seconds: 1.5 }]];
    const failures: unknown[] = [];
    const backlog = new Backlog({
      consumer: {
        lag: async () => {
          const next = answers.shift();
          if (next === undefined) throw new Error('closed');
          return next;
        },
      },
      onMeasured: () => {},
      onLost: () => {},
      onFailure: (error) => failures.push(error),
      intervalMs: 60_000,
    });
    await backlog.start();
    await backlog.measure();
    backlog.stop();
    expect(backlog.lag).toEqual({ records: 3, seconds: 1.5 });
    expect(failures).toHaveLength(1);
  });

  it('adds up the records of all partitions, and takes the age of the oldest', async () => {
    const partitions = [
      { partition: 2, records: 3, seconds: 1.5 },
      { partition: 5, records: 4, seconds: 9 },
      { partition: 6, records: 0, seconds: 0 },
    ];
    const measured: unknown[] = [];
    const backlog = new Backlog({
      consumer: { lag: async () => partitions },
      onMeasured: (lag: Lag, each) => measured.push([lag, each]),
      onLost: () => {},
      onFailure: () => {},
      intervalMs: 60_000,
    });
    await backlog.measure();
    expect(measured).toEqual([[{ records: 7, seconds: 9 }, partitions]]);
    expect(backlog.lag).toEqual({ records: 7, seconds: 9 });
  });

  // Goal: a partition that moved must not leave its last lag behind, where an alert would take it for stuck.
  it('tells which partitions another process has taken over, once', async () => {
    const lagOf = (partition: number) => ({ partition, records: 1, seconds: 1 });
    const answers = [[lagOf(1), lagOf(2)], [lagOf(2)], [lagOf(2)], []];
    const lost: number[] = [];
    const backlog = new Backlog({
      consumer: { lag: async () => answers.shift() ?? [] },
      onMeasured: () => {},
      onLost: (partition) => lost.push(partition),
      onFailure: () => {},
      intervalMs: 60_000,
    });
    const told: number[][] = [];
    for (let time = 0; time < 4; time++) {
      await backlog.measure();
      told.push(lost.splice(0));
    }
    expect(told).toEqual([[], [1], [], [2]]);
  });

  it('is nothing for who has no partition', () => {
    expect(totalLag([])).toEqual({ records: 0, seconds: 0 });
  });
});
