/** Publishing in transactions: outputs and progress become visible together, once. */
import { randomBytes } from 'node:crypto';
import { FloodgateError } from '../../errors.ts';
import type { Settlement } from '../log.ts';
import { isRetriable, toLogFailure, typeOf } from './fault.ts';
import type { Publisher } from './owned-partition.ts';
import { readProgress } from './progress.ts';
import { destinationsOf, type PublisherParts } from './publishing.ts';
import type { SettledOffsets } from './settled-offsets.ts';
import { TransactionSession } from './transaction-session.ts';
import type { Wire } from './wire.ts';

/** Of another time of this id, or of a transaction that the broker has ended: a new session does away with them. */
const staleTypes = new Set([
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'UNKNOWN_PRODUCER_ID',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'TRANSACTION_COORDINATOR_FENCED',
  // PRODUCER_FENCED and what is newer than the client.
  'KAFKAJS_UNKNOWN_ERROR_CODE',
]);

export class ExactlyOnce implements Publisher {
  readonly #parts: PublisherParts;
  readonly #wire: Wire;
  readonly #session: TransactionSession;
  /** Goes with the progress: what is committed may look the same although it was another process that did it. */
  readonly #writer = randomBytes(4).toString('hex');

  /** `wire` is this publisher's own: a broker answers the requests of one connection one after the other. */
  constructor(parts: PublisherParts, wire: Wire) {
    const { group, source, partition, signal } = parts;
    this.#parts = parts;
    this.#wire = wire;
    this.#session = new TransactionSession({
      wire,
      transactionalId: `${group}.${source}.${partition}`,
      group,
      signal,
    });
  }

  async takeOver(): Promise<SettledOffsets> {
    await this.#session.fence();
    const { settled, stable } = await this.#readProgress();
    const { partition, events } = this.#parts;
    if (!stable)
      events.warned('the brokers left a transaction open that is over; its work may come again', { partition });
    return settled;
  }

  async publish(batch: readonly Settlement[], before: SettledOffsets, after: SettledOffsets): Promise<void> {
    const { source, partition, events, signal } = this.#parts;
    const destinations = destinationsOf(batch, this.#parts);
    for (;;) {
      const startedMs = performance.now();
      try {
        const progress = { topic: source, partition, offset: after.committed, metadata: after.metadata(this.#writer) };
        await this.#session.commit(destinations, progress);
        events.transactionEnded('committed', (performance.now() - startedMs) / 1000);
        return;
      } catch (thrown) {
        events.transactionEnded('aborted', (performance.now() - startedMs) / 1000);
        events.warned('a transaction did not end as it should; its outcome is looked up', {
          partition,
          error: toLogFailure(thrown, 'publishing').message,
        });
        await this.#wire.recover(thrown);
        if (signal.aborted) throw lostError(partition);
        if ((await this.#outcome(before, after)) === 'committed') return;
        if (isRefusal(thrown)) throw toLogFailure(thrown, `publishing for partition ${partition}`);
      }
    }
  }

  async close(): Promise<void> {
    await this.#wire.close();
  }

  /**
   * What became of a transaction whose end is not known. Only a member of the group may look: whoever fences without
   * being one takes the partition from its owner.
   */
  async #outcome(before: SettledOffsets, after: SettledOffsets): Promise<'committed' | 'aborted'> {
    const { partition, events, membership, signal } = this.#parts;
    await unlessAborted(membership.confirmed(), signal);
    if (signal.aborted) throw lostError(partition);
    await this.#session.fence();
    const { settled, writer, stable } = await this.#readProgress();
    if (writer === this.#writer && settled.equals(after)) return 'committed';
    // Gaps between records that were passed since the last transaction are not written down yet.
    if (stable && settled.isWithin(before)) return 'aborted';
    // What the progress does not tell the outputs may: they are read anew when the partition is taken over.
    if (stable) events.fenced(partition);
    this.#parts.onFenced();
    throw lostError(partition);
  }

  #readProgress(): ReturnType<typeof readProgress> {
    const { group, source, partition, signal } = this.#parts;
    return readProgress({ wire: this.#wire, group, topic: source, partition, signal });
  }
}

/** The broker refused what was sent, and would again. */
function isRefusal(thrown: unknown): boolean {
  const type = typeOf(thrown);
  return type !== undefined && !isRetriable(thrown) && !staleTypes.has(type);
}

function lostError(partition: number): FloodgateError {
  return new FloodgateError('partition_lost', `partition ${partition} went to another process`);
}

/** Waits for it, or until the signal aborts; nothing keeps listening to the signal then. */
async function unlessAborted(awaited: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let wake = () => {};
  const aborted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  signal.addEventListener('abort', wake);
  await Promise.race([awaited, aborted]).finally(() => signal.removeEventListener('abort', wake));
}
