/** What every log must do for a group that consumes: the part of the conformance suite about handing out and settling. */
import { expect, it } from 'vitest';
import type { ConformanceParts, Reopening } from './log-conformance.ts';
import { codeOf, consumeGroup, lagOf, never, pollCount, readAll, recordOf, settlementOf } from './log-records.ts';

export function describeConsuming(parts: ConformanceParts): void {
  describePolling(parts);
  describeProgress(parts);
  describeSettling(parts);
}

function describePolling({ current, reopen, quietMs }: ConformanceParts): void {
  it('hands records out in order, at most as many as asked for, and each once', async () => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
    const first = await consumer.poll(2, never);
    expect(first.map((record) => record.key)).toEqual(['a', 'b']);
    expect((await consumer.poll(2, never)).map((record) => record.key)).toEqual(['c']);
    expect(await consumer.poll(2, AbortSignal.timeout(quietMs))).toEqual([]);
  });

  it('tells of the partition once, before it hands out the first record of it', async () => {
    const heard: string[] = [];
    const [position] = await current().append([recordOf('uploads', 'a')]);
    const onAssigned = async (partition: number) => {
      // What takes a moment here must hold the records back.
      await new Promise((resolve) => setTimeout(resolve, 20));
      heard.push(`assigned ${partition}`);
    };
    const consumer = await current().consume({ topic: 'uploads', group: 'g', onAssigned });
    for (const record of await pollCount(consumer, 1)) heard.push(`handed out ${record.key}`);
    await current().append([recordOf('uploads', 'b')]);
    for (const record of await pollCount(consumer, 1)) heard.push(`handed out ${record.key}`);
    expect(heard).toEqual([`assigned ${position?.partition}`, 'handed out a', 'handed out b']);
  });

  it('says when a record is lost: not while it is here, and once the consumer is closed', async () => {
    await current().append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(current(), 'g');
    const [a, b] = await pollCount(consumer, 2);
    if (a === undefined || b === undefined) throw new Error('records are missing');
    await consumer.settle([settlementOf(a)]);
    expect([a.lost.aborted, b.lost.aborted]).toEqual([false, false]);
    await consumer.close();
    expect(b.lost.aborted).toBe(true);
    expect(await codeOf(consumer.settle([settlementOf(b, recordOf('decisions', 'no'))]))).not.toBe('resolved');
    expect(await readAll(current(), 'decisions')).toEqual([]);
  });

  it('wakes a poll that waits when a record is appended', async () => {
    const consumer = await consumeGroup(current(), 'g');
    const polled = consumer.poll(10, never);
    await current().append([recordOf('uploads', 'late')]);
    expect((await polled).map((record) => record.key)).toEqual(['late']);
  });

  it('loses no record to a poll that was aborted', async () => {
    const consumer = await consumeGroup(current(), 'g');
    const controller = new AbortController();
    const polled = consumer.poll(10, controller.signal);
    const appended = current().append([recordOf('uploads', 'kept')]);
    controller.abort();
    const before = await polled;
    await appended;
    const after = before.length > 0 ? [] : await consumer.poll(10, never);
    expect([...before, ...after].map((record) => record.key)).toEqual(['kept']);
  });

  it.each(['close', 'crash'] as const)('hands out again after a %s what was not settled', async (how) => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(['a', 'b', 'c', 'd'].map((key) => recordOf('uploads', key)));
    const [a, , c] = await pollCount(consumer, 4);
    if (a === undefined || c === undefined) throw new Error('records are missing');
    await consumer.settle([settlementOf(c)]);
    await consumer.settle([settlementOf(a)]);
    const again = await consumeGroup(await reopen(how), 'g');
    expect((await pollCount(again, 2)).map((record) => record.key)).toEqual(['b', 'd']);
    expect(await again.poll(1, AbortSignal.timeout(quietMs))).toEqual([]);
  });
}

function describeProgress({ current, reopen }: ConformanceParts): void {
  it('says from where a group resumes: the lowest record that was not settled', async () => {
    const resumedAt = async (how: Reopening) => (await consumeGroup(await reopen(how), 'g')).resumesFrom;
    const positions = await current().append(['a', 'b', 'c', 'd'].map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(current(), 'g');
    expect(consumer.resumesFrom.map(({ partition }) => partition)).toEqual([positions[0]?.partition]);
    expect(consumer.resumesFrom[0]?.offset).toBeLessThanOrEqual(positions[0]?.offset ?? -1);
    const [a, b, c] = await pollCount(consumer, 4);
    if (a === undefined || b === undefined || c === undefined) throw new Error('records are missing');
    await consumer.settle([settlementOf(a), settlementOf(c)]);
    expect(await resumedAt('close')).toEqual([positions[1]]);
    const again = await consumeGroup(current(), 'other');
    expect(again.resumesFrom[0]?.offset).toBeLessThanOrEqual(positions[0]?.offset ?? -1);
  });

  it('resumes behind everything that was settled, after a crash as well', async () => {
    const [first, second] = await current().append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const consumer = await consumeGroup(current(), 'g');
    const records = await pollCount(consumer, 2);
    await consumer.settle(records.map((record) => settlementOf(record)));
    const again = await consumeGroup(await reopen('crash'), 'g');
    expect(again.resumesFrom[0]?.partition).toBe(first?.partition);
    expect(again.resumesFrom[0]?.offset).toBeGreaterThan(second?.offset ?? Number.NaN);
  });

  it('lets groups progress on their own', async () => {
    await current().append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const [one, two] = [await consumeGroup(current(), 'one'), await consumeGroup(current(), 'two')];
    const records = await pollCount(one, 2);
    await one.settle(records.map((record) => settlementOf(record)));
    expect((await lagOf(one)).records).toBe(0);
    expect((await lagOf(two)).records).toBeGreaterThanOrEqual(2);
    expect(await pollCount(two, 2)).toHaveLength(2);
  });

  it('tells how far a group is behind', async () => {
    const consumer = await consumeGroup(current(), 'g');
    expect(await lagOf(consumer)).toEqual({ records: 0, seconds: 0 });
    await current().append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
    const records = await pollCount(consumer, 3);
    const [first, ...others] = records.map((record) => settlementOf(record));
    if (first === undefined) throw new Error('records are missing');
    await consumer.settle(others);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const lag = await lagOf(consumer);
    expect(lag.records).toBeGreaterThanOrEqual(3);
    expect(lag.seconds).toBeGreaterThan(0);
    await consumer.settle([first]);
    expect(await lagOf(consumer)).toEqual({ records: 0, seconds: 0 });
  });
}

function describeSettling({ current, reopen }: ConformanceParts): void {
  it('publishes outputs in the order given, together with the progress', async () => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const [a, b] = await pollCount(consumer, 2);
    if (a === undefined || b === undefined) throw new Error('records are missing');
    await consumer.settle([
      settlementOf(b, recordOf('decisions', 'b1'), recordOf('decisions', 'b2')),
      settlementOf(a, recordOf('decisions', 'a1'), recordOf('dead-letters', 'a2')),
    ]);
    expect((await readAll(current(), 'decisions')).map((record) => record.key)).toEqual(['b1', 'b2', 'a1']);
    expect((await readAll(current(), 'dead-letters')).map((record) => record.key)).toEqual(['a2']);
  });

  it('refuses a position that was settled before, and writes nothing of that batch', async () => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
    const [a, b, c] = await pollCount(consumer, 3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('records are missing');
    await consumer.settle([settlementOf(a), settlementOf(c)]);
    for (const twice of [a, c]) {
      const batch = [settlementOf(b, recordOf('decisions', 'no')), settlementOf(twice, recordOf('decisions', 'no'))];
      expect(await codeOf(consumer.settle(batch))).toBe('internal');
    }
    expect(await codeOf(consumer.settle([settlementOf(b, recordOf('decisions', 'no')), settlementOf(b)]))).toBe(
      'internal',
    );
    expect(await readAll(current(), 'decisions')).toEqual([]);
    await consumer.settle([settlementOf(b, recordOf('decisions', 'yes'))]);
    expect(await readAll(current(), 'decisions')).toHaveLength(1);
  });

  it('refuses a position that was never handed out', async () => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(['a', 'b'].map((key) => recordOf('uploads', key)));
    const [a] = await pollCount(consumer, 1);
    if (a === undefined) throw new Error('a record is missing');
    const unseen = settlementOf({ ...a, offset: a.offset + 1_000 }, recordOf('decisions', 'no'));
    expect(await codeOf(consumer.settle([unseen]))).toBe('internal');
    expect(await codeOf(consumer.settle([settlementOf(a, recordOf('decisions', 'no')), unseen]))).toBe('internal');
    expect(await readAll(current(), 'decisions')).toEqual([]);
  });

  it('lets a bad batch fail alone when others come at the same moment', async () => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(['a', 'b', 'c'].map((key) => recordOf('uploads', key)));
    const [a, b, c] = await pollCount(consumer, 3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('records are missing');
    await consumer.settle([settlementOf(a)]);
    const codes = await Promise.all([
      codeOf(consumer.settle([settlementOf(b, recordOf('decisions', 'b'))])),
      codeOf(consumer.settle([settlementOf(a, recordOf('decisions', 'again'))])),
      codeOf(current().append([recordOf('uploads', 'd')])),
      codeOf(consumer.settle([settlementOf(c, recordOf('decisions', 'c'))])),
    ]);
    expect(codes).toEqual(['resolved', 'internal', 'resolved', 'resolved']);
    expect((await readAll(current(), 'decisions')).map((record) => record.key).sort()).toEqual(['b', 'c']);
  });

  it('remembers many settled positions above a slow one', async () => {
    const consumer = await consumeGroup(current(), 'g');
    await current().append(Array.from({ length: 300 }, (_, place) => recordOf('uploads', `${place}`)));
    const [slow, ...others] = await pollCount(consumer, 300);
    if (slow === undefined) throw new Error('records are missing');
    const shuffled = others
      .map((record) => settlementOf(record))
      .sort((x, y) => ((x.record.offset * 7919) % 301) - ((y.record.offset * 7919) % 301));
    await Promise.all([consumer.settle(shuffled.slice(0, 150)), consumer.settle(shuffled.slice(150))]);
    const again = await consumeGroup(await reopen('crash'), 'g');
    const left = await again.poll(300, never);
    expect(left.map((record) => record.key)).toEqual([slow.key]);
    await again.settle(left.map((record) => settlementOf(record)));
    expect(await lagOf(again)).toEqual({ records: 0, seconds: 0 });
  });
}
