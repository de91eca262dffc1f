import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestQueue } from '../../../../src/log/kafka/internals.ts';
import { calmRequestQueues } from '../../../../src/log/kafka/request-queue.ts';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  checkPendingRequests(): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const original = RequestQueue.prototype.scheduleCheckPendingRequests;

function makeQueue(): Queue {
  const silent = { debug: () => undefined, warn: () => undefined };
  const Constructor = RequestQueue as unknown as new (options: object) => Queue;
  return new Constructor({
    maxInFlightRequests: null,
    requestTimeout: 1_000,
    clientId: 'c',
    broker: 'b',
    logger: silent,
  });
}

/** How often the queue looks for what is pending, within 50 ms. */
async function looks(queue: Queue): Promise<number> {
  const look = vi.spyOn(queue, 'checkPendingRequests');
  queue.checkPendingRequests();
  await sleep(50);
  queue.destroy();
  return look.mock.calls.length;
}

describe('the queue of requests of a connection', () => {
  beforeEach(() => {
    RequestQueue.prototype.scheduleCheckPendingRequests = original;
    return () => {
      RequestQueue.prototype.scheduleCheckPendingRequests = original;
    };
  });

  // Goal (K5): every idle connection costs a timer a millisecond. Shown first without the patch.
  it('looks again and again although it is idle, as the client has it', async () => {
    expect(await looks(makeQueue())).toBeGreaterThan(5);
  });

  it('does not look again while it is idle, once it is calmed', async () => {
    calmRequestQueues();
    calmRequestQueues();
    expect(await looks(makeQueue())).toBe(1);
  });

  it('looks again once a pause that the broker has asked for is over', async () => {
    calmRequestQueues();
    const queue = makeQueue();
    queue.maybeThrottle(20);
    expect(await looks(queue)).toBe(2);
  });
});
