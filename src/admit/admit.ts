/**
 * The first stage: from a record of the log to an upload that can be judged, or to a dead letter. Pure.
 *
 * CloudEvents 1.0, binary mode (attributes in headers `ce_*`, data as the value) and structured mode (everything in the
 * value, content type application/cloudevents+json) are both understood.
 */
import { limits } from '../config/limits.ts';
import type { DeadLetterCode } from '../contracts/dead-letter.ts';
import { UploadEvent } from '../contracts/upload.ts';
import { validatorOf } from '../contracts/validate.ts';
import type { LogRecord } from '../log/log.ts';

const uploadValidator = validatorOf(UploadEvent, 'the upload event', 'invalid_event');

export interface AdmittedUpload {
  readonly kind: 'upload';
  readonly event: UploadEvent;
  /** ce_id: the same again is a redelivery. */
  readonly eventId: string;
  readonly eventTimeMs: number;
}

export interface RefusedUpload {
  readonly kind: 'dead-letter';
  readonly code: DeadLetterCode;
  readonly detail: string;
}

export function admit(record: LogRecord): AdmittedUpload | RefusedUpload {
  if (record.value === null) return refuse('invalid_event', 'the record has no value');
  if (record.value.length > limits.recordBytesMax) {
    return refuse('record_too_large', `${record.value.length} bytes are over ${limits.recordBytesMax}`);
  }
  const parsed = parseJson(record.value);
  if (parsed === undefined) return refuse('invalid_json', 'the value is not JSON in UTF-8');
  const { data, eventId } = openEnvelope(record.headers, parsed);
  if (typeof eventId !== 'string' || eventId === '' || eventId.length > limits.eventIdCharsMax) {
    return refuse('missing_event_id', `ce_id must have 1 to ${limits.eventIdCharsMax} characters`);
  }
  const faults = uploadFaults(data);
  if (faults.length > 0) return refuse('invalid_event', faults.join('; '));
  const event = data as UploadEvent;
  return { kind: 'upload', event, eventId, eventTimeMs: Date.parse(event.uploadedAt) };
}

/** What is wrong with an upload event, one sentence a fault, each with its JSON pointer; empty when it is valid. */
export function uploadFaults(data: unknown): string[] {
  const faults = uploadValidator.faults(data).map((fault) => `${fault.pointer || '/'} ${fault.message}`);
  if (faults.length > 0) return faults;
  const { context, uploadedAt } = data as UploadEvent;
  if (!isCountable(uploadedAt)) return ['/uploadedAt must be within the years 0 to 9999 in UTC, and no leap second'];
  const contextBytes = context === undefined ? 0 : Buffer.byteLength(JSON.stringify(context));
  return contextBytes > limits.contextBytesMax
    ? [`/context takes ${contextBytes} bytes as JSON, over ${limits.contextBytesMax}`]
    : [];
}

/** RFC 3339 knows moments that Date does not: leap seconds, and with an offset years beyond four digits. */
function isCountable(timestamp: string): boolean {
  const timeMs = Date.parse(timestamp);
  return timeMs >= Date.parse('0000-01-01T00:00:00.000Z') && timeMs <= Date.parse('9999-12-31T23:59:59.999Z');
}

function openEnvelope(headers: LogRecord['headers'], parsed: unknown): { data: unknown; eventId: unknown } {
  if (!(headers['content-type'] ?? '').startsWith('application/cloudevents+json')) {
    return { data: parsed, eventId: headers.ce_id };
  }
  const envelope = typeof parsed === 'object' && parsed !== null ? (parsed as { data?: unknown; id?: unknown }) : {};
  return { data: envelope.data, eventId: envelope.id };
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch {
    return undefined;
  }
}

function refuse(code: DeadLetterCode, detail: string): RefusedUpload {
  return { kind: 'dead-letter', code, detail };
}
