/** Goal: what is in a log already of live streams stays readable, and what is nearly that is refused at the field at fault. */
import { describe, expect, it } from 'vitest';
import { Fingerprint, StreamDecision } from '../../../src/contracts/stream.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { goldenEvents, nearMiss } from '../../support/golden-events.ts';

describe.each([
  ['stream-decision', StreamDecision],
  ['fingerprint', Fingerprint],
] as const)('%s events', (name, schema) => {
  const validator = validatorOf<typeof StreamDecision | typeof Fingerprint>(schema, 'the event', 'internal');

  it.each(goldenEvents(name))('are valid as they stand: $uploadId', (event) => {
    expect(validator.faults(event)).toEqual([]);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['revision 0', '/revision', { revision: 0 }],
    ['no segments', '/segments', { segments: undefined }],
    [
      'fewer than none missing',
      '/segments/missing',
      { segments: { firstSequence: 0, lastSequence: 0, count: 1, missing: -1 } },
    ],
    ['a misspelt field', '/verdict', { verdict: 'block' }],
  ])('are refused with %s', (_what, pointer, changes) => {
    expect(validator.faults(nearMiss(name, changes)).map((fault) => fault.pointer)).toContain(pointer);
  });
});

it('decisions on a stream are never about what could not be judged', () => {
  const validator = validatorOf(StreamDecision, 'the decision', 'internal');
  expect(
    validator.faults(nearMiss('stream-decision', { reason: 'undecodable' })).map(({ pointer }) => pointer),
  ).toEqual(['/reason']);
});
