import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudEventHeaders, cloudEventRecord, eventTypes } from '../../../src/contracts/cloud-events.ts';
import { topics } from '../../../src/log/log.ts';

const attributes = { id: 'event-1', source: '/uploads/web', time: '2026-11-22T10:00:00.000Z' };

describe('CloudEvents', () => {
  it('have the attributes that CloudEvents 1.0 asks for, in binary mode', () => {
    expect(cloudEventHeaders('uploads', attributes)).toEqual({
      ce_specversion: '1.0',
      ce_id: 'event-1',
      ce_source: '/uploads/web',
      ce_type: 'io.floodgate.upload.v1',
      ce_time: '2026-11-22T10:00:00.000Z',
      'content-type': 'application/json',
    });
    expect(cloudEventHeaders('uploads', { ...attributes, subject: 'upload-1' }).ce_subject).toBe('upload-1');
  });

  it('have a type of its own for each topic, with its version', () => {
    const types = topics.map((topic) => cloudEventHeaders(topic, attributes).ce_type);
    expect(types).toEqual(topics.map((topic) => eventTypes[topic]));
    expect(new Set(types).size).toBe(topics.length);
    for (const type of types) expect(type).toMatch(/^io\.floodgate\.[a-z-]+\.v1$/);
  });

  it('carry any data as JSON in UTF-8', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'grapheme' }), (data, key) => {
        const record = cloudEventRecord('decisions', key, data, attributes);
        expect(record).toMatchObject({ topic: 'decisions', key, headers: cloudEventHeaders('decisions', attributes) });
        const text = new TextDecoder('utf-8', { fatal: true }).decode(record.value ?? new Uint8Array());
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});
