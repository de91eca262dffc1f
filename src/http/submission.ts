/** From what a client posts to an upload event: identity, time and content filled in. Pure but for the clock given. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { limits } from '../config/limits.ts';
import { UploadSubmission } from '../contracts/api.ts';
import { eventTypes } from '../contracts/cloud-events.ts';
import type { UploadEvent } from '../contracts/upload.ts';
import { validatorOf } from '../contracts/validate.ts';
import { FloodgateError } from '../errors.ts';

const submissionValidator = validatorOf(UploadSubmission, 'the upload event', 'invalid_event');

/** What the envelope says of the event: CloudEvents attributes, or an Idempotency-Key. */
export interface Envelope {
  readonly eventId?: string;
  readonly subject?: string;
  readonly time?: string;
}

/** A structured CloudEvent is its envelope and its data in one JSON object. Throws invalid_event. */
export function openStructured(body: unknown): { envelope: Envelope; data: unknown } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw fault('', 'must be a CloudEvent');
  const attributes = body as Record<string, unknown>;
  if (typeof attributes.id !== 'string') throw fault('/id', 'is required');
  const envelope = envelopeOf((name) => attributes[name], '/');
  return { envelope, data: attributes.data };
}

/** Binary mode: the attributes are `ce-*` headers. `Idempotency-Key` is another name for the event's id. */
export function openHeaders(headers: IncomingHttpHeaders): Envelope {
  const envelope = envelopeOf((name) => headers[`ce-${name}`], '/headers/ce-');
  const key = idempotencyKey(headers['idempotency-key']);
  if (key === undefined) return envelope;
  if (envelope.eventId !== undefined && envelope.eventId !== key) {
    throw fault('/headers/idempotency-key', 'differs from ce-id; one of them is enough');
  }
  return { ...envelope, eventId: checkedId(key, '/headers/idempotency-key') };
}

/** The draft of the header quotes its value, most clients do not. */
function idempotencyKey(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.replace(/^"(.*)"$/, '$1');
}

function envelopeOf(attribute: (name: string) => unknown, prefix: string): Envelope {
  const text = (name: string): string | undefined => {
    const value = attribute(name);
    if (value === undefined || typeof value === 'string') return value;
    throw fault(prefix + name, 'must be a string');
  };
  const [version, type, id] = [text('specversion'), text('type'), text('id')];
  if (version !== undefined && version !== '1.0') throw fault(`${prefix}specversion`, 'must be 1.0');
  if (type !== undefined && type !== eventTypes.uploads) throw fault(`${prefix}type`, `must be ${eventTypes.uploads}`);
  const [subject, time] = [text('subject'), text('time')];
  return {
    ...(id === undefined ? {} : { eventId: checkedId(id, `${prefix}id`) }),
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
  };
}

function checkedId(id: string, pointer: string): string {
  if (id.length <= limits.eventIdCharsMax && /^[\x21-\x7e]+$/.test(id)) return id;
  throw fault(pointer, `must have 1 to ${limits.eventIdCharsMax} printable ASCII characters without spaces`);
}

/**
 * The event to append. An uploadId that is left out is derived from the event id, so that a client that repeats a
 * request with the same key repeats the same event; without either both are made up.
 */
export function completeUpload(data: unknown, envelope: Envelope, now: Date): UploadEvent {
  const submission = submissionValidator.parse(data);
  const { uploadId = envelope.subject ?? madeUploadId(envelope.eventId), ...rest } = submission;
  const event = { ...rest, uploadId, uploadedAt: submission.uploadedAt ?? envelope.time ?? now.toISOString() };
  // The subject and time of the envelope are held to the same schema as the fields that they stand for.
  return { ...event, ...submissionValidator.parse(event) };
}

function madeUploadId(eventId: string | undefined): string {
  if (eventId === undefined) return `upload-${randomUUID()}`;
  return `upload-${createHash('sha256').update(eventId).digest('hex').slice(0, 32)}`;
}

function fault(pointer: string, message: string): FloodgateError {
  return new FloodgateError('invalid_event', `the event is not valid: ${pointer} ${message}`, {
    fields: [{ pointer, message }],
  });
}
