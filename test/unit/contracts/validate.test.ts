import { describe, expect, it } from 'vitest';
import { UploadEvent } from '../../../src/contracts/upload.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { FloodgateError } from '../../../src/errors.ts';

const validator = validatorOf(UploadEvent, 'the upload event', 'invalid_event');
const valid = { uploadId: 'u1', content: { uri: 'https://a.example/v.mp4' }, uploadedAt: '2026-11-22T10:00:00Z' };

describe('validatorOf', () => {
  it('gives a valid value back', () => {
    expect(validator.parse(valid)).toBe(valid);
    expect(validator.faults(valid)).toEqual([]);
  });

  it('names each faulty field by its JSON pointer', () => {
    const faults = validator.faults({ ...valid, uploadId: 'has space', uploadedAt: 'yesterday' });
    expect(faults.map((fault) => fault.pointer).sort()).toEqual(['/uploadId', '/uploadedAt']);
  });

  it('names a missing field by its own pointer', () => {
    const { uploadId: _, ...without } = valid;
    expect(validator.faults(without)).toEqual([{ pointer: '/uploadId', message: 'is required' }]);
  });

  it('speaks of the form of a union that the author meant', () => {
    const faults = validator.faults({ ...valid, content: { uri: 'ftp://a.example/v.mp4' } });
    expect(faults.map((fault) => fault.pointer)).toEqual(['/content/uri']);
  });

  it('does so among other faults', () => {
    const faults = validator.faults({ ...valid, uploadId: 'has space', content: { uri: 'ftp://a' }, x: 1, y: 2, z: 3 });
    expect(faults.map((fault) => fault.pointer).sort()).toEqual(['/content/uri', '/uploadId', '/x', '/y', '/z']);
  });

  it('names only the union when no form is nearer than another', () => {
    expect(validator.faults({ ...valid, content: {} })).toEqual([
      { pointer: '/content', message: 'must have exactly one of its forms' },
    ]);
  });

  it('refuses two forms at once and unknown fields', () => {
    const both = { uri: 'https://a.example/v.mp4', inline: 'AAAA' };
    expect(validator.faults({ ...valid, content: both })).not.toEqual([]);
    expect(validator.faults({ ...valid, colour: 'red' })).toEqual([
      { pointer: '/colour', message: 'is not a known property' },
    ]);
  });

  it('throws its code with the fields', () => {
    const attempt = () => validator.parse({ ...valid, uploadId: '' });
    expect(attempt).toThrow(FloodgateError);
    try {
      attempt();
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_event', fields: [{ pointer: '/uploadId' }] });
    }
  });
});
