/**
 * The latest decision on each stream, in memory: follows the stream decisions from as far back as it keeps. Few streams
 * are ever decided, since what is allowed is not said.
 */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { limits } from '../config/limits.ts';
import { Outcome } from '../contracts/common.ts';
import type { StreamDecision } from '../contracts/stream.ts';
import { type FloodgateError, toFloodgateError } from '../errors.ts';
import type { Log, LogRecord, Tail } from '../log/log.ts';
import type { StreamDecisionView } from './views.ts';

export interface StreamDecisionViewOptions {
  readonly log: Pick<Log, 'ends' | 'tail'>;
  /** A record that is not a decision on a stream; it is left out. */
  readonly onUnreadable?: (offset: number, why: string) => void;
  /** A subscriber threw. */
  readonly onFailure?: (error: FloodgateError) => void;
}

export interface OpenStreamDecisionView extends StreamDecisionView {
  close(): Promise<void>;
}

/** What is read of it. Fields that a later release adds do not make one unreadable. */
const readable = Compile(
  Type.Object({
    streamId: Type.String(),
    revision: Type.Integer({ minimum: 1 }),
    outcome: Outcome,
    decidedBy: Type.Array(Type.String()),
    matches: Type.Array(Type.Object({ bank: Type.String(), contentId: Type.String() })),
  }),
);

/** Resolves once the log is followed; `caughtUp` tells when the view is complete. */
export async function openStreamDecisionView(options: StreamDecisionViewOptions): Promise<OpenStreamDecisionView> {
  const ends = await options.log.ends('stream-decisions');
  const share = Math.ceil(limits.streamDecisionsKeptMax / Math.max(1, ends.length));
  const view = new TailedView(options);
  await view.follow(
    ends.map(({ partition, startOffset, endOffset }) => ({
      partition,
      offset: Math.max(startOffset, endOffset - share),
    })),
  );
  return view;
}

class TailedView implements OpenStreamDecisionView {
  readonly #options: StreamDecisionViewOptions;
  /** As JSON, which takes a fraction of the memory; the one that was decided last stands last. */
  readonly #latest = new Map<string, { readonly revision: number; readonly json: Buffer }>();
  readonly #listeners = new Set<(decision: StreamDecision) => void>();
  #tail: Tail | null = null;

  constructor(options: StreamDecisionViewOptions) {
    this.#options = options;
  }

  async follow(from: readonly { readonly partition: number; readonly offset: number }[]): Promise<void> {
    this.#tail = await this.#options.log.tail({
      topic: 'stream-decisions',
      from,
      onRecord: (record) => this.#take(record),
    });
  }

  find(streamId: string): StreamDecision | undefined {
    const latest = this.#latest.get(streamId);
    return latest === undefined ? undefined : (JSON.parse(latest.json.toString('utf8')) as StreamDecision);
  }

  subscribe(listener: (decision: StreamDecision) => void): () => void {
    const own = (decision: StreamDecision) => listener(decision);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async caughtUp(partition?: number): Promise<void> {
    await this.#tail?.caughtUp(partition);
  }

  async close(): Promise<void> {
    await this.#tail?.close();
  }

  #take(record: LogRecord): void {
    const decision = this.#read(record);
    if (decision === null) return;
    const { streamId, revision } = decision;
    // The same again, after a redelivery.
    if ((this.#latest.get(streamId)?.revision ?? 0) >= revision) return;
    this.#latest.delete(streamId);
    this.#latest.set(streamId, { revision, json: Buffer.from(record.value ?? []) });
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > limits.streamDecisionsKeptMax && oldest !== undefined) this.#latest.delete(oldest);
    for (const listener of [...this.#listeners]) this.#tell(listener, decision);
  }

  #read(record: LogRecord): StreamDecision | null {
    try {
      const decision: unknown = JSON.parse(Buffer.from(record.value ?? []).toString('utf8'));
      if (!readable.Check(decision)) throw new Error('it is not a decision on a stream');
      return decision as StreamDecision;
    } catch (thrown) {
      this.#options.onUnreadable?.(record.offset, toFloodgateError(thrown).message);
      return null;
    }
  }

  #tell(listener: (decision: StreamDecision) => void, decision: StreamDecision): void {
    try {
      listener(decision);
    } catch (thrown) {
      this.#options.onFailure?.(toFloodgateError(thrown));
    }
  }
}
