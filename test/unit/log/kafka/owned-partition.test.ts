import { describe, expect, it } from 'vitest';
import { limits } from '../../../../src/config/limits.ts';
import type { WireRecord } from '../../../../src/log/kafka/internals.ts';
import { OwnedPartition, type Publisher } from '../../../../src/log/kafka/owned-partition.ts';
import { SettledOffsets } from '../../../../src/log/kafka/settled-offsets.ts';
import { codeOf, settlementOf } from '../../../support/log-records.ts';

function wireRecord(offset: number, value = 'x'): WireRecord {
  const batchContext = { firstOffset: `${offset}`, lastOffsetDelta: 0, producerId: '-1', inTransaction: false };
  const [key, bytes] = [Buffer.from(`k${offset}`), Buffer.from(value)];
  return {
    offset: `${offset}`,
    timestamp: '1000',
    key,
    value: bytes,
    headers: {},
    isControlRecord: false,
    batchContext,
  };
}

interface Published {
  readonly offsets: number[];
  readonly committed: number;
  readonly metadata: string;
}

function ownedPartition(settled = new SettledOffsets(0), fail: () => void = () => undefined) {
  const published: Published[] = [];
  const publisher: Publisher = {
    takeOver: async () => settled,
    publish: async (batch, _before, after) => {
      await Promise.resolve();
      fail();
      const offsets = batch.map(({ record }) => record.offset);
      published.push({ offsets, committed: after.committed, metadata: after.metadata() });
    },
    close: async () => undefined,
  };
  const owned = new OwnedPartition(3, () => publisher);
  const take = (offsets: readonly number[], nextOffset: number, value?: string) =>
    owned.take(
      { partition: 3, records: offsets.map((each) => wireRecord(each, value)), nextOffset, endOffset: nextOffset },
      'uploads',
    );
  return { owned, published, take };
}

describe('a partition that is owned', () => {
  it('begins where its oldest unsettled record is, or at the oldest record that is kept', () => {
    expect(ownedPartition().owned.begin(new SettledOffsets(4), 0)).toBe(4);
    expect(ownedPartition().owned.begin(new SettledOffsets(4), 9)).toBe(9);
  });

  it('hands out nothing before it has begun', () => {
    const { owned, take } = ownedPartition();
    take([0, 1], 2);
    expect(owned.handOut(10)).toEqual([]);
    expect(owned.hasBegun).toBe(false);
  });

  it('hands out in order what is not settled, each once', () => {
    const { owned, take } = ownedPartition();
    const settled = new SettledOffsets(0);
    settled.add(2);
    owned.begin(settled, 0);
    take([0, 1, 2, 3], 4);
    expect(owned.handOut(2).map(({ offset }) => offset)).toEqual([0, 1]);
    expect(owned.handOut(9).map(({ offset }) => offset)).toEqual([3]);
    expect(owned.handOut(9)).toEqual([]);
  });

  it('counts offsets that no record fills as settled, so that they hold nothing back', async () => {
    const { owned, published, take } = ownedPartition();
    owned.begin(new SettledOffsets(0), 0);
    take([2, 5], 9);
    const records = owned.handOut(10);
    for (const record of records) await owned.settle([settlementOf(record)]);
    expect(published.map(({ committed }) => committed)).toEqual([5, 9]);
    expect(owned.lag(9, 5_000)).toEqual({ partition: 3, records: 0, seconds: 0 });
  });

  it('publishes one batch after the other, each on top of the one before', async () => {
    const { owned, published, take } = ownedPartition();
    owned.begin(new SettledOffsets(0), 0);
    take([0, 1, 2, 3], 4);
    const [a, b, c, d] = owned.handOut(4);
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('records are missing');
    await Promise.all([owned.settle([settlementOf(c)]), owned.settle([settlementOf(b), settlementOf(a)])]);
    expect(published.map(({ offsets, committed }) => [offsets, committed])).toEqual([
      [[2], 0],
      [[1, 0], 3],
    ]);
    expect(owned.lag(4, 3_000)).toEqual({ partition: 3, records: 1, seconds: 2 });
  });

  it('refuses what it did not hand out, what is there twice, and what was settled before', async () => {
    const { owned, published, take } = ownedPartition();
    owned.begin(new SettledOffsets(0), 0);
    take([0, 1], 2);
    const [a] = owned.handOut(1);
    if (a === undefined) throw new Error('a record is missing');
    expect(await codeOf(owned.settle([settlementOf({ ...a, offset: 1 })]))).toBe('internal');
    expect(await codeOf(owned.settle([settlementOf(a), settlementOf(a)]))).toBe('internal');
    await owned.settle([settlementOf(a)]);
    expect(await codeOf(owned.settle([settlementOf(a)]))).toBe('internal');
    expect(published).toHaveLength(1);
  });

  it('takes a batch again that could not be published', async () => {
    let failures = 1;
    const { owned, published, take } = ownedPartition(new SettledOffsets(0), () => {
      failures -= 1;
      if (failures >= 0) throw new Error('away');
    });
    owned.begin(new SettledOffsets(0), 0);
    take([0], 1);
    const [a] = owned.handOut(1);
    if (a === undefined) throw new Error('a record is missing');
    await expect(owned.settle([settlementOf(a)])).rejects.toThrow('away');
    await owned.settle([settlementOf(a)]);
    expect(published).toEqual([{ offsets: [0], committed: 1, metadata: '' }]);
  });

  it('is lost: its records say so, and nothing of it can be settled', async () => {
    const { owned, published, take } = ownedPartition();
    owned.begin(new SettledOffsets(0), 0);
    take([0, 1], 2);
    const [a] = owned.handOut(1);
    if (a === undefined) throw new Error('a record is missing');
    expect(a.lost.aborted).toBe(false);
    owned.lose();
    expect(a.lost.aborted).toBe(true);
    expect(await codeOf(owned.settle([settlementOf(a)]))).toBe('partition_lost');
    expect(owned.handOut(9)).toEqual([]);
    expect(published).toEqual([]);
  });

  it('is full by records or by bytes, and has room again at half of it', () => {
    const { owned, take } = ownedPartition();
    owned.begin(new SettledOffsets(0), 0);
    const large = 'x'.repeat(limits.kafkaBufferBytesMax / 8);
    take(
      Array.from({ length: 7 }, (_, offset) => offset),
      7,
      large,
    );
    expect(owned.isFull).toBe(false);
    take([7], 8, large);
    expect([owned.isFull, owned.hasRoom]).toEqual([true, false]);
    owned.handOut(4);
    expect([owned.isFull, owned.hasRoom]).toEqual([false, true]);
    const many = Array.from({ length: limits.kafkaBufferRecordsMax }, (_, place) => 8 + place);
    take(many, 8 + many.length, '');
    expect(owned.isFull).toBe(true);
  });

  // Goal: what is settled above unsettled records must fit the metadata of the committed offset, whatever the pattern.
  it('hands out no more than what can be written down', async () => {
    const { owned, published, take } = ownedPartition();
    owned.begin(new SettledOffsets(0), 0);
    let next = 0;
    const more = () => {
      const offsets = Array.from({ length: 1_000 }, (_, place) => next + place * 2);
      next += 2_000;
      take(offsets, next);
    };
    more();
    let working = owned.handOut(5_000);
    expect(working.length).toBeLessThan(400);
    // Every other one is settled, as badly as it can be, until nothing more is handed out.
    for (let round = 0; round < 12; round += 1) {
      const done = working.filter((_, place) => place % 2 === 1);
      const kept = working.filter((_, place) => place % 2 === 0);
      if (done.length > 0) await owned.settle(done.map((record) => settlementOf(record)));
      more();
      working = [...kept, ...owned.handOut(5_000)];
    }
    const sizes = published.map(({ metadata }) => Buffer.byteLength(metadata));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.kafkaOffsetMetadataBytesMax - '.0badcafe'.length);
    expect(published.at(-1)?.committed).toBe(0);
  });
});
