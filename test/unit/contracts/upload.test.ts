/** Goal: events that producers already send stay valid, and what is nearly one is refused at the field at fault. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/admit/admit.ts';
import { limits } from '../../../src/config/limits.ts';
import { UploadEvent } from '../../../src/contracts/upload.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { goldenEvents, nearMiss } from '../../support/golden-events.ts';

const validator = validatorOf(UploadEvent, 'the upload event', 'invalid_event');
const hash = '0'.repeat(64);
const frame = { timeMs: 0, hash, quality: 50 };

describe('upload events', () => {
  it.each(goldenEvents('upload'))('are valid as they stand: $uploadId', (event) => {
    expect(validator.faults(event)).toEqual([]);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['no upload id', '/uploadId', { uploadId: undefined }],
    ['an empty upload id', '/uploadId', { uploadId: '' }],
    ['an upload id with a space', '/uploadId', { uploadId: 'a b' }],
    ['too long an upload id', '/uploadId', { uploadId: 'x'.repeat(limits.uploadIdCharsMax + 1) }],
    ['no content', '/content', { content: undefined }],
    ['two contents', '/content', { content: { uri: 'https://a.example/v', inline: 'AAAA' } }],
    ['another scheme', '/content/uri', { content: { uri: 'ftp://a.example/v' } }],
    ['a scheme alone', '/content/uri', { content: { uri: 'https://' } }],
    ['inline bytes that are not base64', '/content/inline', { content: { inline: 'AA-_' } }],
    ['no frames', '/content/frames', { content: { frames: [] } }],
    ['a hash in capitals', '/content/frames/0/hash', { content: { frames: [{ ...frame, hash: 'A'.repeat(64) }] } }],
    ['a short hash', '/content/frames/0/hash', { content: { frames: [{ ...frame, hash: '0'.repeat(63) }] } }],
    ['a quality over 100', '/content/frames/0/quality', { content: { frames: [{ ...frame, quality: 101 }] } }],
    ['a time before the start', '/content/frames/0/timeMs', { content: { frames: [{ ...frame, timeMs: -1 }] } }],
    ['a time between milliseconds', '/content/frames/0/timeMs', { content: { frames: [{ ...frame, timeMs: 0.5 }] } }],
    ['a SHA-1', '/sha256', { sha256: '0'.repeat(40) }],
    ['a time without an offset', '/uploadedAt', { uploadedAt: '2026-11-22T10:00:00' }],
    ['a time as a number', '/uploadedAt', { uploadedAt: 1_795_000_000 }],
    ['a stream without a sequence', '/stream/sequence', { stream: { id: 's' } }],
    ['a context that is no object', '/context', { context: 'lobby' }],
    ['a misspelt field', '/uploaderID', { uploaderID: 'user' }],
  ])('are refused with %s', (_what, pointer, changes) => {
    const pointers = validator.faults(nearMiss('upload', changes)).map((fault) => fault.pointer);
    expect(pointers.filter((each) => each === pointer || each.startsWith(`${pointer}/`))).not.toEqual([]);
  });

  it('come out of a record as they went in', () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 40,
    });
    const uploadedAt = fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') })
      .map((at) => at.toISOString());
    const context = fc.dictionary(
      fc.string({ maxLength: 10 }).filter((key) => key !== '__proto__'),
      fc.string({ maxLength: 20 }),
      { maxKeys: 4 },
    );
    const events = fc.record({
      uploadId: printable,
      uploadedAt,
      context,
      uploaderId: printable,
      content: fc.record({ uri: printable.map((path) => `https://a.example/${path}`) }),
    });
    fc.assert(
      fc.property(events, printable, (event, eventId) => {
        const value = Buffer.from(JSON.stringify(event));
        const record = {
          topic: 'uploads',
          key: 'k',
          value,
          headers: { ce_id: eventId },
          partition: 0,
          offset: 0,
          timestampMs: 0,
        } as const;
        expect(admit(record)).toEqual({ kind: 'upload', event, eventId, eventTimeMs: Date.parse(event.uploadedAt) });
      }),
    );
  });
});
