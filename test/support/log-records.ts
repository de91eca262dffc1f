/** Builds records and gathers what a log hands out. */
import { type Lag, totalLag } from '../../src/flow/backlog.ts';
import type { ConsumedRecord, Consumer, Log, LogRecord, NewRecord, Settlement, Topic } from '../../src/log/log.ts';

export function recordOf(topic: Topic, key: string, text: string | null = key): NewRecord {
  return { topic, key, value: text === null ? null : new TextEncoder().encode(text), headers: { ce_id: key } };
}

export function textOf(record: LogRecord): string | null {
  return record.value === null ? null : new TextDecoder().decode(record.value);
}

export const never = new AbortController().signal;

export function consumeGroup(log: Log, group: string, topic: Topic = 'uploads'): Promise<Consumer> {
  return log.consume({ topic, group });
}

/** How far the consumer is behind, over all its partitions. */
export async function lagOf(consumer: Pick<Consumer, 'lag'>): Promise<Lag> {
  return totalLag(await consumer.lag());
}

/** Polls until `count` records have come or nothing came for `quietMs`. */
export async function pollCount(consumer: Consumer, count: number, quietMs = 5_000): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  while (records.length < count) {
    const polled = await consumer.poll(count - records.length, AbortSignal.timeout(quietMs));
    if (polled.length === 0) break;
    records.push(...polled);
  }
  return records;
}

/** Every record of the topic, partition by partition. */
export async function readAll(log: Pick<Log, 'read' | 'ends'>, topic: Topic): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (const { partition, startOffset, endOffset } of await log.ends(topic)) {
    const max = endOffset - startOffset;
    if (max > 0) records.push(...(await log.read(topic, { partition, offset: startOffset }, max)));
  }
  return records;
}

export function settlementOf(record: ConsumedRecord, ...outputs: readonly NewRecord[]): Settlement {
  return { record, outputs };
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (thrown) {
    return String((thrown as { code?: unknown }).code ?? thrown);
  }
}
