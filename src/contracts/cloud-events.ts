/** CloudEvents 1.0, Kafka binding in binary mode: the attributes are headers `ce_*`, the value is the data as JSON. */
import type { NewRecord, Topic } from '../log/log.ts';

export const eventTypes = {
  uploads: 'io.floodgate.upload.v1',
  decisions: 'io.floodgate.decision.v1',
  'stream-decisions': 'io.floodgate.stream-decision.v1',
  fingerprints: 'io.floodgate.fingerprint.v1',
  bank: 'io.floodgate.bank-content.v1',
  'dead-letters': 'io.floodgate.dead-letter.v1',
} as const satisfies Record<Topic, string>;

export interface EventAttributes {
  readonly id: string;
  /** A URI reference to who says so, for example "/uploads/web". */
  readonly source: string;
  readonly subject?: string;
  readonly time: string;
}

export function cloudEventHeaders(topic: Topic, attributes: EventAttributes): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: attributes.id,
    ce_source: attributes.source,
    ce_type: eventTypes[topic],
    ce_time: attributes.time,
    ...(attributes.subject === undefined ? {} : { ce_subject: attributes.subject }),
    'content-type': 'application/json',
  };
}

export function cloudEventRecord(topic: Topic, key: string, data: unknown, attributes: EventAttributes): NewRecord {
  return { topic, key, value: Buffer.from(JSON.stringify(data)), headers: cloudEventHeaders(topic, attributes) };
}
