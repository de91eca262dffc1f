import { describe, expect, it } from 'vitest';
import { batchesOf, sizeOf, toMessage, toRecord } from '../../../../src/log/kafka/records.ts';
import { recordOf } from '../../../support/log-records.ts';

describe('records', () => {
  const bounds = { recordsMax: 3, bytesMax: 1_000 };

  it('go into batches in order, each within its bounds', () => {
    const records = Array.from({ length: 7 }, (_, place) => recordOf('uploads', `${place}`));
    expect(batchesOf(records, bounds).map((batch) => batch.map(({ key }) => key))).toEqual([
      ['0', '1', '2'],
      ['3', '4', '5'],
      ['6'],
    ]);
    const heavy = Array.from({ length: 4 }, (_, place) => recordOf('uploads', `${place}`, 'x'.repeat(400)));
    for (const batch of batchesOf(heavy, bounds)) {
      expect(batch.reduce((sum, record) => sum + sizeOf(record), 0)).toBeLessThanOrEqual(bounds.bytesMax);
    }
  });

  it('go alone where they are too large, and make no batch where there are none', () => {
    const large = recordOf('uploads', 'large', 'x'.repeat(2_000));
    const small = recordOf('uploads', 'small');
    expect(batchesOf([small, large, small], bounds).map((batch) => batch.length)).toEqual([1, 1, 1]);
    expect(batchesOf([], bounds)).toEqual([]);
  });

  it('become messages whose bytes are those of the value, also where it is a part of a larger array', () => {
    const value = new Uint8Array([0, 1, 2, 255, 4]).subarray(1, 4);
    const message = toMessage({ topic: 'uploads', key: 'k', value, headers: { a: 'b' } });
    expect([...(message.value ?? [])]).toEqual([1, 2, 255]);
    expect(toMessage(recordOf('bank', 'k', null)).value).toBeNull();
  });

  it('come back with the last value of a header that repeats, and without key, value and text where there is none', () => {
    const batchContext = { firstOffset: '7', lastOffsetDelta: 0, producerId: '-1', inTransaction: false };
    const wire = { offset: '7', timestamp: '12', key: null, value: null, isControlRecord: false, batchContext };
    const headers = { twice: [Buffer.from('1'), Buffer.from('2')], none: null, é: Buffer.from('ü') };
    expect(toRecord('uploads', 2, { ...wire, headers })).toEqual({
      topic: 'uploads',
      partition: 2,
      offset: 7,
      timestampMs: 12,
      key: '',
      value: null,
      headers: { twice: '2', none: '', é: 'ü' },
    });
  });
});
