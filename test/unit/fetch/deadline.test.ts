import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Deadline } from '../../../src/fetch/deadline.ts';

it('aborts with timed_out when the time is up, sleepers included', async () => {
  const deadline = new Deadline(20);
  await expect(deadline.sleep(10_000)).rejects.toMatchObject({ code: 'timed_out' });
  expect(deadline.signal.reason).toMatchObject({ code: 'timed_out' });
  expect(deadline.remainingMs).toBeLessThan(2);
});

it('aborts with the reason of the outer signal', async () => {
  const outer = new AbortController();
  const deadline = new Deadline(10_000, outer.signal);
  const sleeping = expect(deadline.sleep(10_000)).rejects.toThrow('stopping');
  outer.abort(new Error('stopping'));
  await sleeping;
  deadline.end();
});

it('has aborted from the start under an outer signal that has', () => {
  const deadline = new Deadline(10_000, AbortSignal.abort(new Error('stopping')));
  expect(deadline.signal.reason).toMatchObject({ message: 'stopping' });
  deadline.end();
});

it('lets go of its timer and of the outer signal at the end', async () => {
  const outer = new AbortController();
  const deadline = new Deadline(20, outer.signal);
  deadline.end();
  outer.abort();
  await pause(40);
  expect(deadline.signal.aborted).toBe(false);
});

it('sleeps as long as asked when there is time', async () => {
  const deadline = new Deadline(10_000);
  const begunMs = performance.now();
  await deadline.sleep(20);
  expect(performance.now() - begunMs).toBeGreaterThan(15);
  expect(deadline.remainingMs).toBeGreaterThan(9_000);
  deadline.end();
});
