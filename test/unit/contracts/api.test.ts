import { describe, expect, it } from 'vitest';
import { named, namedSchemas, UploadSubmission } from '../../../src/contracts/api.ts';
import { UploadEvent } from '../../../src/contracts/upload.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { goldenEvents, nearMiss } from '../../support/golden-events.ts';

const submissions = validatorOf(UploadSubmission, 'the submission', 'invalid_event');
const events = validatorOf(UploadEvent, 'the upload event', 'invalid_event');

describe('named schemas', () => {
  it('have names of their own, and refer to none that is not among them', () => {
    const names = namedSchemas.map((schema) => (schema as { $id?: string }).$id);
    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain(undefined);
    const referred = [...JSON.stringify(namedSchemas).matchAll(/"\$ref":"([^"#]+)#"/g)].map((match) => match[1]);
    expect(referred).not.toEqual([]);
    expect(referred.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('are referred to by name', () => {
    expect(named(UploadEvent)).toMatchObject({ $ref: 'UploadEvent#' });
  });
});

describe('submissions', () => {
  it.each(goldenEvents('upload'))('may be whole events: $uploadId', (event) => {
    expect(submissions.faults(event)).toEqual([]);
  });

  it('may leave id and time to the service, and nothing else', () => {
    const bare = nearMiss('upload', { uploadId: undefined, uploadedAt: undefined });
    expect(submissions.faults(bare)).toEqual([]);
    expect(events.faults(bare).map((fault) => fault.pointer)).toEqual(['/uploadId', '/uploadedAt']);
    expect(submissions.faults({ uploadId: 'u' }).map((fault) => fault.pointer)).toEqual(['/content']);
    expect(submissions.faults(nearMiss('upload', { uploadId: 'a b' }))).toHaveLength(1);
  });
});
