/** Builds records and gathers what a log hands out. */
import type { Consumer, Log, LogRecord, NewRecord, Settlement, Topic } from '../../src/log/log.ts';

export function recordOf(topic: Topic, key: string, text: string | null = key): NewRecord {
  return { topic, key, value: text === null ? null : new TextEncoder().encode(text), headers: { ce_id: key } };
}

export function textOf(record: LogRecord): string | null {
  return record.value === null ? null : new TextDecoder().decode(record.value);
}

export const never = new AbortController().signal;

/** Polls until `count` records have come or nothing came for `quietMs`. */
export async function pollCount(consumer: Consumer, count: number, quietMs = 5_000): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  while (records.length < count) {
    const polled = await consumer.poll(count - records.length, AbortSignal.timeout(quietMs));
    if (polled.length === 0) break;
    records.push(...polled);
  }
  return records;
}

/** Every record of the topic. */
export async function readAll(log: Log, topic: Topic): Promise<LogRecord[]> {
  return log.read(topic, 0, 1_000_000);
}

export function settlementOf(record: LogRecord, ...outputs: readonly NewRecord[]): Settlement {
  return { position: { partition: record.partition, offset: record.offset }, outputs };
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (thrown) {
    return String((thrown as { code?: unknown }).code ?? thrown);
  }
}
