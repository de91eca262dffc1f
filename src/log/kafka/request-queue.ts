/**
 * kafkajs re-arms a timer for each connection every millisecond, for ever, although nothing waits (its issue 1751). With
 * a dozen idle connections that costs 5 % of a core. Here the timer is armed only when something waits or the broker
 * has asked for a pause.
 */
import { RequestQueue } from './internals.ts';

interface Queue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
}

const original = RequestQueue.prototype.scheduleCheckPendingRequests;

function scheduleOnlyWhatWaits(this: Queue): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) original.call(this as never);
}

/** Safe to call more than once. */
export function calmRequestQueues(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = scheduleOnlyWhatWaits;
}
