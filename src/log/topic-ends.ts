/** Where each topic ends, and who waits for it to grow. Everything is appended through this process, so nobody polls. */
import type { Topic } from './log.ts';

export class TopicEnds {
  readonly #ends: Record<Topic, number>;
  readonly #waiters = new Set<{ topic: Topic; offset: number; wake: () => void }>();

  constructor(ends: Readonly<Record<Topic, number>>) {
    this.#ends = { ...ends };
  }

  of(topic: Topic): number {
    return this.#ends[topic];
  }

  advance(ends: Readonly<Record<Topic, number>>): void {
    Object.assign(this.#ends, ends);
    for (const waiter of [...this.#waiters]) {
      if (this.#ends[waiter.topic] > waiter.offset) waiter.wake();
    }
  }

  /** Resolves once the topic has or may have a record at or above `offset`, the signal aborts, or all are woken. */
  waitBeyond(topic: Topic, offset: number, signal: AbortSignal): Promise<void> {
    if (this.#ends[topic] > offset || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const waiter = { topic, offset, wake };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', wake);
    });
  }
}
