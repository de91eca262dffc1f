import { describe, expect, it } from 'vitest';
import { Backlog } from '../../../src/flow/backlog.ts';

describe('Backlog', () => {
  it('keeps what it measured last, also when measuring fails', async () => {
    const answers = [{ records: 3, seconds: 1.5 }];
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
      onFailure: (error) => failures.push(error),
      intervalMs: 60_000,
    });
    await backlog.start();
    await backlog.measure();
    backlog.stop();
    expect(backlog.lag).toEqual({ records: 3, seconds: 1.5 });
    expect(failures).toHaveLength(1);
  });
});
