/** One page of a partition, read once and not followed. */
import type { LogRecord, Position, Topic } from '../log.ts';
import { toLogFailure } from './fault.ts';
import { type Fetched, Fetcher } from './fetcher.ts';
import { toRecord } from './records.ts';
import { topicNameOf } from './topic-names.ts';
import type { Wire } from './wire.ts';

export interface Page {
  /** The page's own; it is closed at the end. */
  readonly wire: Wire;
  readonly prefix: string;
  readonly topic: Topic;
  readonly from: Position;
  readonly max: number;
  /** Nothing is waited for beyond it. */
  readonly endOffset: number;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
}

/** At most `max` committed records. Throws log_failed. */
export async function readPage(page: Page): Promise<LogRecord[]> {
  const { wire, prefix, topic, from, max, endOffset, signal, patienceMs } = page;
  const { partition } = from;
  const records: LogRecord[] = [];
  if (from.offset >= endOffset || max <= 0) {
    await wire.close();
    return records;
  }
  const ended = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  let fetcher: Fetcher | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const onFetched = ({ records: fetched, nextOffset }: Fetched) => {
        for (const each of fetched) if (records.length < max) records.push(toRecord(topic, partition, each));
        if (records.length >= max || nextOffset >= endOffset) resolve();
      };
      ended.addEventListener('abort', () => reject(toLogFailure(ended.reason, `reading ${topic}`)), { once: true });
      fetcher = new Fetcher({
        wire,
        topic: topicNameOf(prefix, topic),
        onFetched,
        onOutOfRange: (_partition, { startOffset }) => startOffset,
        onFailure: reject,
        onTrouble: () => undefined,
      });
      fetcher.add(partition, from.offset);
    });
    return records;
  } finally {
    await fetcher?.close();
  }
}
