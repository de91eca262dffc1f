/**
 * Gathers requests so that those which arrive together share one transaction and one fsync.
 *
 * A lone request goes at once. While a commit is under way, and until `groupCommitMs` after it began, further ones
 * gather for the next: an idle log answers within one fsync, and a busy one makes a bounded number of them a second.
 */
import { FloodgateError } from '../errors.ts';
import { type CommitRequest, type CommitResult, toError } from './commit.ts';
import type { NewRecord } from './log.ts';

export interface GroupCommitOptions {
  readonly groupCommitMs: number;
  readonly commitBytesMax: number;
  readonly queueBytesMax: number;
  /** Resolves with one result a request, in order, when all are durable. */
  readonly commit: (requests: readonly CommitRequest[]) => Promise<readonly CommitResult[]>;
}

interface Waiting {
  readonly request: CommitRequest;
  readonly bytes: number;
  resolve(offsets: readonly number[]): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Resolves with the offsets of the records written. Throws overloaded when too many appends wait already. */
  add(request: CommitRequest): Promise<readonly number[]> {
    const bytes = bytesOf(request.kind === 'append' ? request.records : request.outputs);
    // Settling is bounded by the uploads in flight, and refusing it would only keep them in flight.
    const { queueBytesMax } = this.#options;
    if (request.kind === 'append' && this.#waitingBytes > 0 && this.#waitingBytes + bytes > queueBytesMax) {
      return Promise.reject(new FloodgateError('overloaded', `${this.#waitingBytes} bytes wait to be appended`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause();
      const group = this.#take();
      this.#startedMs = performance.now();
      try {
        const results = await this.#options.commit(group.map((each) => each.request));
        for (const [place, each] of group.entries()) settle(each, results[place]);
      } catch (thrown) {
        for (const each of group) each.reject(thrown);
      }
    }
    this.#running = null;
  }

  /** Requests made in the same turn of the event loop are in before the first commit as well. */
  #pause(): Promise<void> {
    const leftMs = this.#startedMs + this.#options.groupCommitMs - performance.now();
    if (leftMs < 1) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve) => setTimeout(resolve, leftMs));
  }

  #take(): Waiting[] {
    let bytes = 0;
    const over = this.#waiting.findIndex((each, place) => {
      bytes += each.bytes;
      return place > 0 && bytes > this.#options.commitBytesMax;
    });
    const group = this.#waiting.splice(0, over < 0 ? this.#waiting.length : over);
    this.#waitingBytes -= bytesOfGroup(group);
    return group;
  }
}

function settle(waiting: Waiting, result: CommitResult | undefined): void {
  if (result === undefined) waiting.reject(new FloodgateError('internal', 'a commit gave no result for a request'));
  else if ('refusal' in result) waiting.reject(toError(result.refusal));
  else waiting.resolve(result.offsets);
}

function bytesOfGroup(group: readonly Waiting[]): number {
  return group.reduce((sum, each) => sum + each.bytes, 0);
}

function bytesOf(records: readonly NewRecord[]): number {
  return records.reduce((sum, record) => sum + record.key.length + (record.value?.length ?? 0), 0);
}
