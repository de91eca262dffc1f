/**
 * What every log must do, whatever it is made of. The embedded log, the log in memory and the Kafka adapter are held to
 * the same tests, with one partition a topic. They compare positions as given and never compute them, since a broker's
 * offsets may have gaps.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Log, type Position, topics } from '../../src/log/log.ts';
import { interleavings, playInterleaving } from './log-interleavings.ts';
import {
  codeOf,
  consumeGroup,
  lagOf,
  never,
  pollCount,
  readAll,
  recordOf,
  settlementOf,
  textOf,
} from './log-records.ts';

/** `crash` gives the log no chance to finish anything. */
export type Reopening = 'close' | 'crash';

export interface LogUnderTest {
  readonly log: Log;
  /** Ends the present log and opens it again on what it left. */
  reopen(how: Reopening): Promise<Log>;
  /** Runs compaction now. */
  compact?(): Promise<void>;
  dispose(): Promise<void>;
}

export interface ConformanceOptions {
  /** Whether `compact` is there: some logs cannot be made to compact at once. */
  readonly compaction: boolean;
  /** How many random interleavings to play; each opens the log a few times. */
  readonly interleavingsMax: number;
  /** A poll that has nothing for so long is taken to have no more. */
  readonly quietMs: number;
}

export function describeLogConformance(
  name: string,
  openLog: () => Promise<LogUnderTest>,
  options: ConformanceOptions,
): void {
  describe(`${name} conforms to the log port`, () => {
    let under: LogUnderTest;
    let log: Log;
    const reopen = async (how: Reopening) => {
      log = await under.reopen(how);
      return log;
    };
    beforeEach(async () => {
      under = await openLog();
      log = under.log;
    });
    afterEach(() => under.dispose());
    const parts = { current: () => log, under: () => under, reopen, quietMs: options.quietMs };
    describeAppending(parts);
    if (options.compaction) describeCompaction(parts);
    describePolling(parts);
    describeProgress(parts);
    describeSettling(parts);
    describeTailing(parts);
    describeClosing(parts);
  });
  describe(`${name} under random interleavings`, () => {
    it('loses nothing, settles nothing twice, and publishes outputs once', async () => {
      await fc.assert(
        fc.asyncProperty(interleavings, async (steps) => {
          const under = await openLog();
          try {
            await playInterleaving(under, steps, options.quietMs);
          } finally {
            await under.dispose();
          }
        }),
        // A failure is reported as far as it has been shrunk by then.
        { numRuns: options.interleavingsMax, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
      );
    }, 60_000);
  });
}

interface Parts {
  current(): Log;
  under(): LogUnderTest;
  reopen(how: Reopening): Promise<Log>;
  readonly quietMs: number;
}

const noPosition: Position = { partition: -1, offset: -1 };

function describeAppending({ current, reopen }: Parts): void {
  it('gives back what was appended, at the positions it named', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const strange = {
      topic: 'decisions',
      key: 'key é😀\u0000z',
      value: bytes,
      headers: { a: '"\n', b: '😀' },
    } as const;
    const [first, second] = await current().append([strange, recordOf('decisions', 'b', '')]);
    const records = await current().read('decisions', first ?? noPosition, 10);
    expect(records.map(({ partition, offset }) => ({ partition, offset }))).toEqual([first, second]);
    expect(records[0]).toMatchObject({ topic: 'decisions', key: strange.key, headers: strange.headers });
    expect([...(records[0]?.value ?? [])]).toEqual([...bytes]);
    expect(records[1]?.value).toHaveLength(0);
    expect(Math.abs((records[0]?.timestampMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('keeps tombstones as null', async () => {
    await current().append([recordOf('bank', 'content', null)]);
    expect((await readAll(current(), 'bank')).map((record) => record.value)).toEqual([null]);
  });

  it('keeps the order of concurrent appends of one caller, and each batch together', async () => {
    const batches = Array.from({ length: 30 }, (_, batch) =>
      current().append([recordOf('uploads', `${batch}/0`), recordOf('uploads', `${batch}/1`)]),
    );
    await Promise.all(batches);
    const keys = (await readAll(current(), 'uploads')).map((record) => record.key);
    expect(keys).toEqual(Array.from({ length: 60 }, (_, place) => `${Math.floor(place / 2)}/${place % 2}`));
  });

  it('appends to several topics at once', async () => {
    const positions = await current().append([recordOf('uploads', 'u'), recordOf('dead-letters', 'd')]);
    expect(positions).toHaveLength(2);
    expect(await readAll(current(), 'dead-letters')).toHaveLength(1);
    expect(await current().append([])).toEqual([]);
  });

  it('is still there after it was closed and after a crash, under the same id', async () => {
    const { id } = current();
    await current().append([recordOf('uploads', 'first')]);
    await reopen('close');
    await current().append([recordOf('uploads', 'second')]);
    await reopen('crash');
    expect((await readAll(current(), 'uploads')).map((record) => record.key)).toEqual(['first', 'second']);
    expect(current().id).toBe(id);
  });

  it('reads at most what was asked for, from where it was asked', async () => {
    const positions = await current().append(['a', 'b', 'c', 'd'].map((key) => recordOf('decisions', key)));
    const keysFrom = async (from: Position = noPosition, max = 10) =>
      (await current().read('decisions', from, max)).map((record) => record.key);
    expect(await keysFrom(positions[2])).toEqual(['c', 'd']);
    expect(await keysFrom(positions[0], 2)).toEqual(['a', 'b']);
    const [end, ...others] = await current().ends('decisions');
    expect(others).toEqual([]);
    expect(end).toMatchObject({ partition: positions[0]?.partition, startOffset: positions[0]?.offset });
    expect(end?.endOffset).toBeGreaterThan(positions[3]?.offset ?? Number.NaN);
    expect(await keysFrom({ partition: end?.partition ?? -1, offset: end?.endOffset ?? -1 })).toEqual([]);
  });

  it('has a partition of every topic before anything is in it', async () => {
    for (const topic of topics) {
      const ends = await current().ends(topic);
      expect(ends).toHaveLength(1);
      expect(ends[0]?.startOffset).toBe(ends[0]?.endOffset);
    }
  });
}

function describeCompaction({ current, under }: Parts): void {
  it('keeps the newest record of each key of the bank, at the offset it had', async () => {
    await current().append(['a', 'b', 'a', 'c', 'a'].map((key, place) => recordOf('bank', key, `${place}`)));
    await current().append([recordOf('bank', 'b', null)]);
    const before = await readAll(current(), 'bank');
    await under().compact?.();
    const after = await readAll(current(), 'bank');
    expect(after.map((record) => [record.key, textOf(record)])).toEqual([
      ['c', '3'],
      ['a', '4'],
      ['b', null],
    ]);
    expect(after).toEqual(before.filter((record) => after.some((kept) => kept.offset === record.offset)));
    const [next] = await current().append([recordOf('bank', 'd')]);
    expect(next?.offset).toBeGreaterThan(before.at(-1)?.offset ?? Number.NaN);
  });
}

function describePolling({ current, reopen, quietMs }: Parts): void {
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

function describeProgress({ current, reopen }: Parts): void {
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

function describeSettling({ current, reopen }: Parts): void {
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

function describeTailing({ current }: Parts): void {
  it('hands over what is there and what comes, in order', async () => {
    await current().append(['a', 'b'].map((key) => recordOf('bank', key)));
    const seen: string[] = [];
    const tail = await current().tail({ topic: 'bank', from: [], onRecord: (record) => seen.push(record.key) });
    await tail.caughtUp();
    expect(seen).toEqual(['a', 'b']);
    await current().append(['c', 'd'].map((key) => recordOf('bank', key)));
    await tail.caughtUp();
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    await tail.close();
    await current().append([recordOf('bank', 'e')]);
    expect(seen).toHaveLength(4);
  });

  it('starts where it is told to', async () => {
    const positions = await current().append(['a', 'b', 'c'].map((key) => recordOf('decisions', key)));
    const seen: string[] = [];
    const from = positions.slice(1, 2);
    const tail = await current().tail({ topic: 'decisions', from, onRecord: (record) => seen.push(record.key) });
    await tail.caughtUp(from[0]?.partition);
    expect(seen).toEqual(['b', 'c']);
    await tail.close();
  });

  it('is caught up at once on an empty topic', async () => {
    const tail = await current().tail({ topic: 'decisions', from: [], onRecord: () => undefined });
    await tail.caughtUp();
    await tail.close();
    expect(current().unwritable()).toBeNull();
  });

  it('fails the log when a record cannot be taken', async () => {
    await current().append([recordOf('bank', 'a')]);
    const tail = await current().tail({
      topic: 'bank',
      from: [],
      onRecord: () => {
        throw new Error('cannot take it');
      },
    });
    expect(await codeOf(tail.caughtUp())).toBe('log_failed');
    expect(current().unwritable()).not.toBeNull();
    expect(await codeOf(current().append([recordOf('bank', 'b')]))).toBe('log_failed');
  });
}

function describeClosing({ current }: Parts): void {
  it('ends what waits when it is closed, and takes nothing more', async () => {
    const consumer = await consumeGroup(current(), 'g');
    const polled = consumer.poll(1, never);
    const tail = await current().tail({ topic: 'bank', from: [], onRecord: () => undefined });
    await current().close();
    expect(await polled).toEqual([]);
    await tail.close();
    expect(await codeOf(current().append([recordOf('uploads', 'a')]))).toBe('log_failed');
    await current().close();
  });

  it('lets a group be consumed again after its consumer was closed', async () => {
    await current().append([recordOf('uploads', 'a')]);
    const first = await consumeGroup(current(), 'g');
    await pollCount(first, 1);
    await first.close();
    const second = await consumeGroup(current(), 'g');
    expect((await second.poll(1, never)).map((record) => record.key)).toEqual(['a']);
  });
}
