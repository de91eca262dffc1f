/** Goal: a dead letter tells why, where from and which attempt, and the record can be made again from it exactly. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadLetterRecord, factsOf, originalHeaders, replayRecord } from '../../../src/admit/dead-letters.ts';
import { limits } from '../../../src/config/limits.ts';
import { DeadLetterFacts } from '../../../src/contracts/dead-letter.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { sizeOf } from '../../../src/log/kafka/records.ts';
import { planTopics } from '../../../src/log/kafka/topic-plan.ts';
import type { LogRecord, NewRecord } from '../../../src/log/log.ts';

const burial = { code: 'invalid_json', detail: 'no', at: '2026-11-22T10:00:01Z', appVersion: '1.2.3' } as const;

function uploadOf(record: Partial<LogRecord> = {}): LogRecord {
  const headers = { ce_id: 'e1', 'content-type': 'application/cloudevents+json', traceparent: '00-1' };
  const value = Buffer.from('{');
  return { topic: 'uploads', key: 'u1', value, headers, partition: 3, offset: 7, timestampMs: 0, ...record };
}

function stored(record: NewRecord, offset = 0): LogRecord {
  return { ...record, partition: 0, offset, timestampMs: 0 };
}

const bury = (record: LogRecord) => stored(deadLetterRecord(record, burial));

/** As deadLetterRecord gives it. */
function factsIn(letter: LogRecord): DeadLetterFacts {
  const facts = factsOf(letter);
  if (facts === undefined) throw new Error('it is no dead letter');
  return facts;
}

describe('a dead letter', () => {
  it('keeps key, value and headers, and says code, origin and attempt', () => {
    const letter = bury(uploadOf());
    expect(letter).toMatchObject({ topic: 'dead-letters', key: 'u1', value: Buffer.from('{') });
    expect(letter.headers).toMatchObject({
      'x-dlq-code': 'invalid_json',
      'x-dlq-detail': 'no',
      'x-dlq-source-topic': 'uploads',
      'x-dlq-source-partition': '3',
      'x-dlq-source-offset': '7',
      'x-dlq-origin': 'uploads/3/7',
      'x-dlq-attempt': '1',
      'x-dlq-app-version': '1.2.3',
      'x-dlq-at': '2026-11-22T10:00:01Z',
      'x-original-ce_id': 'e1',
      'x-original-content-type': 'application/cloudevents+json',
      'content-type': 'application/octet-stream',
      ce_id: 'uploads/3/7',
      ce_type: 'io.floodgate.dead-letter.v1',
      traceparent: '00-1',
    });
    expect(validatorOf(DeadLetterFacts, 'facts', 'internal').faults(factsOf(letter))).toEqual([]);
  });

  it('gives back the record that it was, whatever its headers were', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('ce_id', 'content-type', 'x-dlq-code', 'x-original-ce_id', 'a'));
    const anyHeaders = fc.dictionary(name, fc.string(), { noNullPrototype: true });
    fc.assert(
      fc.property(anyHeaders, fc.string(), (headers, key) => {
        const record = uploadOf({ headers, key });
        const letter = bury(record);
        expect(originalHeaders(letter)).toEqual(headers);
        const { 'x-floodgate-attempt': _attempt, 'x-floodgate-origin': _origin, ...rest } = headers;
        const replayed = replayRecord(letter, factsIn(letter));
        expect(replayed).toMatchObject({ topic: 'uploads', key, value: record.value, headers: rest });
      }),
    );
  });

  it('counts attempts, and remembers where the first one stood', () => {
    const first = bury(uploadOf());
    const replayed = stored(replayRecord(first, factsIn(first)), 99);
    expect(replayed.headers).toMatchObject({ ce_id: 'e1', 'x-floodgate-attempt': '2' });
    const second = factsIn(bury(replayed));
    expect(second).toMatchObject({ attempt: 2, origin: 'uploads/3/7', sourceOffset: 99, sourcePartition: 0 });
  });

  it.each(['0', '-1', '1.5', 'many', '9'.repeat(30)])(
    'takes the attempt "%s" of a producer for the first',
    (attempt) => {
      expect(factsIn(bury(uploadOf({ headers: { 'x-floodgate-attempt': attempt } }))).attempt).toBe(1);
    },
  );

  it('of a record that is too large is cut, so that it fits, and says so', () => {
    const value = Buffer.alloc(limits.recordBytesMax + 1);
    const large = bury(uploadOf({ value, headers: { a: 'x'.repeat(limits.recordHeadersBytesMax), ce_id: 'e1' } }));
    expect(large.value).toHaveLength(limits.recordBytesMax);
    expect(originalHeaders(large)).toEqual({ ce_id: 'e1' });
    expect(factsIn(large).cut).toBe(true);
    expect(factsIn(bury(uploadOf())).cut).toBe(false);
    const crowd = Object.fromEntries(Array.from({ length: 20_000 }, (_, place) => [`ce_${place}`, '']));
    const most = bury(uploadOf({ value, key: 'é'.repeat(1_000_000), headers: { ...crowd, 'x-dlq-a': 'é' } }));
    const planned = planTopics({ prefix: 'fg', uploadsRetentionMs: 1, decisionsRetentionMs: 1 });
    const deadLetters = planned.find(({ topic }) => topic === 'dead-letters');
    const bytesMax = Number(deadLetters?.settings.find(({ key }) => key === 'max.message.bytes')?.value);
    expect(sizeOf(most)).toBeLessThan(bytesMax);
    expect(factsIn(most).cut).toBe(true);
  });

  it('is told from what is none', () => {
    expect(factsOf(stored(uploadOf()))).toBeUndefined();
  });
});
