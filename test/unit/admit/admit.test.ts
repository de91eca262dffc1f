import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, type RefusedUpload } from '../../../src/admit/admit.ts';
import { limits } from '../../../src/config/limits.ts';
import type { LogRecord } from '../../../src/log/log.ts';

const event = { uploadId: 'u1', content: { uri: 'https://a.example/v.mp4' }, uploadedAt: '2026-11-22T10:00:00Z' };

function recordOf(value: unknown, headers: Record<string, string> = { ce_id: 'e1' }): LogRecord {
  const bytes = value instanceof Uint8Array || value === null ? value : Buffer.from(JSON.stringify(value));
  return { topic: 'uploads', key: 'u1', value: bytes, headers, partition: 0, offset: 7, timestampMs: 0 };
}

describe('admit', () => {
  it('admits a CloudEvent in binary mode', () => {
    expect(admit(recordOf(event))).toMatchObject({
      kind: 'upload',
      eventId: 'e1',
      event,
      eventTimeMs: Date.parse(event.uploadedAt),
    });
  });

  it('admits a CloudEvent in structured mode', () => {
    const envelope = { specversion: '1.0', id: 'e2', source: '/web', type: 'upload', data: event };
    const admitted = admit(recordOf(envelope, { 'content-type': 'application/cloudevents+json' }));
    expect(admitted).toMatchObject({ kind: 'upload', eventId: 'e2', event });
  });

  it.each([
    ['a tombstone', recordOf(null), 'invalid_event'],
    ['no JSON', recordOf(Buffer.from('{')), 'invalid_json'],
    ['bytes that are not UTF-8', recordOf(Buffer.from([0x22, 0xff, 0x22])), 'invalid_json'],
    ['no event id', recordOf(event, {}), 'missing_event_id'],
    ['too long an event id', recordOf(event, { ce_id: 'x'.repeat(limits.eventIdCharsMax + 1) }), 'missing_event_id'],
    ['no upload id', recordOf({ ...event, uploadId: undefined }), 'invalid_event'],
    ['a record over the limit', recordOf(Buffer.alloc(limits.recordBytesMax + 1, 0x20)), 'record_too_large'],
    ['a leap second', recordOf({ ...event, uploadedAt: '2016-12-31T23:59:60Z' }), 'invalid_event'],
    ['a year before 0', recordOf({ ...event, uploadedAt: '0000-01-01T00:00:00+01:00' }), 'invalid_event'],
    ['a year after 9999', recordOf({ ...event, uploadedAt: '9999-12-31T23:59:59-01:00' }), 'invalid_event'],
    [
      'a context over the limit',
      recordOf({ ...event, context: { a: 'x'.repeat(limits.contextBytesMax) } }),
      'invalid_event',
    ],
  ])('refuses %s', (_what, record, code) => {
    expect(admit(record)).toMatchObject({ kind: 'dead-letter', code });
  });

  it('names the faulty field', () => {
    const refused = admit(recordOf({ ...event, uploadedAt: 'now' })) as RefusedUpload;
    expect(refused.detail).toContain('/uploadedAt');
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
        expect(['upload', 'dead-letter']).toContain(admit(recordOf(value)).kind);
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(['upload', 'dead-letter']).toContain(admit(recordOf(value)).kind);
      }),
    );
  });
});
