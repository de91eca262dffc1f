/** Goal: banks that are in a log already stay readable, and what is nearly a record of one is refused. */
import { describe, expect, it } from 'vitest';
import { readBankRecord } from '../../../src/bank/bank-records.ts';
import { BankAddition, BankContent, BankRecord, bankRecordKey } from '../../../src/contracts/bank.ts';
import { validatorOf } from '../../../src/contracts/validate.ts';
import { goldenEvents, nearMiss } from '../../support/golden-events.ts';
import { contentOf } from '../../support/http-fakes.ts';

const records = validatorOf(BankRecord, 'the bank record', 'invalid_event');
const additions = validatorOf(BankAddition, 'the addition', 'invalid_request');

describe('bank records', () => {
  it.each(goldenEvents('bank'))('are valid as they stand: $contentId', (record) => {
    expect(records.faults(record)).toEqual([]);
  });

  it('are read, frames and all', () => {
    const [record] = goldenEvents('bank');
    const key = bankRecordKey(String(record?.contentId), 0);
    const value = Buffer.from(JSON.stringify(record));
    expect(
      readBankRecord({ topic: 'bank', key, value, headers: {}, partition: 0, offset: 0, timestampMs: 0 }),
    ).toMatchObject({
      kind: 'part',
      part: 0,
      revision: {
        contentId: 'incident-42/video-1',
        frames: [{ timeMs: 500, quality: 85, hash: Uint8Array.from({ length: 32 }, (_, at) => at) }],
      },
    });
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['no content id', '/contentId', { contentId: undefined }],
    ['a bank in capitals', '/bank', { bank: 'News' }],
    ['revision 0', '/revision', { revision: 0 }],
    ['a part before the first', '/part', { part: -1 }],
    ['no parts', '/parts', { parts: 0 }],
    ['a label without a letter', '/labels/0', { labels: [''] }],
    ['another kind', '/kind', { kind: 'audio' }],
    ['a negative duration', '/durationMs', { durationMs: -1 }],
    ['no frames', '/frames', { frames: undefined }],
    ['a misspelt field', '/addedat', { addedat: 'x' }],
  ])('are refused with %s', (_what, pointer, changes) => {
    expect(records.faults(nearMiss('bank', changes)).map((fault) => fault.pointer)).toContain(pointer);
  });

  it('have keys that differ wherever content or part does, whatever stands in the id', () => {
    const keys = [bankRecordKey('a', 1), bankRecordKey('a', 11), bankRecordKey('a#1', 1), bankRecordKey('a#1', 0)];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('additions and contents', () => {
  it('take a uri or hashes, and every fact may be left out', () => {
    expect(additions.faults({})).toEqual([]);
    expect(additions.faults({ uri: 'file:///a', labels: ['x'], bank: 'news', contentId: 'c' })).toEqual([]);
    expect(additions.faults({ frames: [{ timeMs: 0, hash: '0'.repeat(64), quality: 9 }] })).toEqual([]);
  });

  it.each([
    ['/uri', { uri: 'gopher://a' }],
    ['/frames', { frames: [] }],
    ['/sha256', { sha256: 'X' }],
    ['/labels', { labels: Array.from({ length: 17 }, () => 'x') }],
    ['/name', { name: 'x' }],
  ])('are refused at %s', (pointer, addition) => {
    expect(additions.faults(addition).map((fault) => fault.pointer)).toContain(pointer);
  });

  it('are told as the API promises', () => {
    expect(validatorOf(BankContent, 'the content', 'internal').faults(contentOf())).toEqual([]);
  });
});
