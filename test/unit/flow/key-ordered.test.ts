import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyOrderedExecutor } from '../../../src/flow/key-ordered.ts';

const tick = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('KeyOrderedExecutor', () => {
  it('keeps the order within a key and never overlaps it, whatever the durations', async () => {
    const task = fc.record({ key: fc.constantFrom('a', 'b', 'c'), ms: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(task, { maxLength: 30 }), async (tasks) => {
        const executor = new KeyOrderedExecutor();
        const running = new Set<string>();
        const ended: { key: string; number: number }[] = [];
        tasks.forEach(({ key, ms }, number) => {
          executor.run([key], async () => {
            expect(running.has(key)).toBe(false);
            running.add(key);
            await tick(ms);
            running.delete(key);
            ended.push({ key, number });
          });
        });
        await executor.idle();
        for (const key of ['a', 'b', 'c']) {
          const given = tasks.flatMap((each, number) => (each.key === key ? [number] : []));
          expect(ended.filter((each) => each.key === key).map((each) => each.number)).toEqual(given);
        }
        expect(executor.keysBusy).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('works on other keys while one is slow', async () => {
    const executor = new KeyOrderedExecutor();
    const ended: string[] = [];
    executor.run(['slow'], async () => {
      await tick(30);
      ended.push('slow');
    });
    executor.run(['quick'], async () => {
      ended.push('quick');
    });
    await executor.idle();
    expect(ended).toEqual(['quick', 'slow']);
  });

  it('waits for all that came before under any of the keys of a task', async () => {
    const executor = new KeyOrderedExecutor();
    const ended: string[] = [];
    const ending = (name: string, ms: number) => async () => {
      await tick(ms);
      ended.push(name);
    };
    executor.run(['upload a', 'stream s'], ending('first', 20));
    executor.run(['upload b'], ending('apart', 1));
    executor.run(['upload b', 'stream s'], ending('second', 1));
    executor.run(['upload b'], ending('third', 0));
    await executor.idle();
    expect(ended).toEqual(['apart', 'first', 'second', 'third']);
    expect(executor.keysBusy).toBe(0);
  });
});
