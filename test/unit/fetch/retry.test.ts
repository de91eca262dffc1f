import { afterEach, expect, it, vi } from 'vitest';
import { FloodgateError } from '../../../src/errors.ts';
import type { Deadline } from '../../../src/fetch/deadline.ts';
import { retryTemporary, TemporaryFailure } from '../../../src/fetch/retry.ts';

const busy = (pauseMs?: number) => new TemporaryFailure(new FloodgateError('unreachable', 'busy'), pauseMs);
const full = () => new FloodgateError('overloaded', 'full');

afterEach(() => vi.restoreAllMocks());

/** A deadline whose sleeps take no time; it notes them. */
function fakeDeadline(remainingMs = 60_000, signal = new AbortController().signal) {
  const slept: number[] = [];
  let left = remainingMs;
  const deadline = {
    signal,
    get remainingMs() {
      return left;
    },
    sleep: async (ms: number) => {
      slept.push(ms);
      left -= ms;
    },
  };
  return { deadline: deadline as unknown as Deadline, slept };
}

function failing(...failures: Error[]) {
  return vi.fn(async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return 'done';
  });
}

it('gives the first success', async () => {
  const { deadline, slept } = fakeDeadline();
  const onRetry = vi.fn();
  expect(await retryTemporary(failing(busy(), busy()), { deadline, attemptsMax: 3, onRetry })).toBe('done');
  expect(onRetry).toHaveBeenCalledTimes(2);
  expect(slept).toHaveLength(2);
});

it('throws what is not temporary at once', async () => {
  const { deadline, slept } = fakeDeadline();
  const attempt = failing(new FloodgateError('forbidden_source', 'no'));
  await expect(retryTemporary(attempt, { deadline, attemptsMax: 3, onRetry: vi.fn() })).rejects.toMatchObject({
    code: 'forbidden_source',
  });
  expect(slept).toEqual([]);
});

it('gives up after the attempts, with the plain error', async () => {
  const { deadline } = fakeDeadline();
  const attempt = failing(busy(), busy(), busy());
  const failure = retryTemporary(attempt, { deadline, attemptsMax: 3, onRetry: vi.fn() });
  await expect(failure).rejects.toBeInstanceOf(FloodgateError);
  expect(attempt).toHaveBeenCalledTimes(3);
});

it('doubles its pauses up to a bound, half of each by chance', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const { deadline, slept } = fakeDeadline();
  const attempt = failing(...Array.from({ length: 6 }, () => busy()));
  await retryTemporary(attempt, { deadline, attemptsMax: 7, onRetry: vi.fn() });
  expect(slept).toEqual([200, 400, 800, 1_600, 2_000, 2_000]);
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const again = fakeDeadline();
  await retryTemporary(failing(busy()), { deadline: again.deadline, attemptsMax: 2, onRetry: vi.fn() });
  expect(again.slept).toEqual([100]);
});

it('waits as long as the source asks, and gives up when that is beyond the deadline', async () => {
  const { deadline, slept } = fakeDeadline(5_000);
  await retryTemporary(failing(busy(3_000)), { deadline, attemptsMax: 3, onRetry: vi.fn() });
  expect(slept).toEqual([3_000]);
  await expect(
    retryTemporary(failing(busy(3_000)), { deadline, attemptsMax: 3, onRetry: vi.fn() }),
  ).rejects.toMatchObject({ code: 'unreachable' });
});

it('waits for a full spool as long as there is time, whatever the attempts', async () => {
  const { deadline } = fakeDeadline();
  const attempt = failing(full(), full(), full(), full(), full());
  expect(await retryTemporary(attempt, { deadline, attemptsMax: 1, onRetry: vi.fn() })).toBe('done');
  const short = fakeDeadline(1_000);
  const never = retryTemporary(() => Promise.reject(full()), { ...short, attemptsMax: 1, onRetry: vi.fn() });
  await expect(never).rejects.toMatchObject({ code: 'overloaded' });
});

it('throws the reason of the deadline whatever the attempt says of its abort', async () => {
  const { deadline } = fakeDeadline(1, AbortSignal.abort(new Error('stopping')));
  await expect(retryTemporary(failing(busy()), { deadline, attemptsMax: 3, onRetry: vi.fn() })).rejects.toThrow(
    'stopping',
  );
});
