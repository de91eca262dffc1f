/** Records of the log to and from messages on the wire. */
import type { LogRecord, NewRecord, Topic } from '../log.ts';
import type { WireMessage, WireRecord } from './internals.ts';

export function toMessage(record: NewRecord): WireMessage {
  const { key, value, headers } = record;
  // The encoder takes other arrays than Buffers for text.
  const bytes = value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { key, value: bytes, headers };
}

/** Of a header that repeats the last value counts. */
export function toRecord(topic: Topic, partition: number, wire: WireRecord): LogRecord {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(wire.headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    headers[name] = last?.toString('utf8') ?? '';
  }
  return {
    topic,
    partition,
    offset: Number(wire.offset),
    timestampMs: Number(wire.timestamp),
    key: wire.key?.toString('utf8') ?? '',
    value: wire.value,
    headers,
  };
}

/** Bytes that a record takes in a batch, a little more rather than less. */
export function sizeOf(record: NewRecord): number {
  let bytes = 64 + Buffer.byteLength(record.key) + (record.value?.length ?? 0);
  for (const [name, value] of Object.entries(record.headers)) bytes += 8 + name.length + Buffer.byteLength(value);
  return bytes;
}

/** In order, each with at most so many records and bytes; a record that is larger by itself goes alone. */
export function batchesOf<R extends NewRecord>(
  records: readonly R[],
  { recordsMax, bytesMax }: { readonly recordsMax: number; readonly bytesMax: number },
): R[][] {
  const batches: R[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = sizeOf(record);
    const last = batches.at(-1);
    if (last === undefined || bytes + size > bytesMax || last.length >= recordsMax) {
      batches.push([record]);
      bytes = size;
    } else {
      last.push(record);
      bytes += size;
    }
  }
  return batches;
}
