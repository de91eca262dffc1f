/**
 * What every log must do, whatever it is made of. The embedded log, the log in memory and the Kafka adapter are held to
 * the same tests, with one partition a topic. They compare positions as given and never compute them, since a broker's
 * offsets may have gaps.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Log, type Position, topics } from '../../src/log/log.ts';
import { describeConsuming } from './log-conformance-consuming.ts';
import { interleavings, playInterleaving } from './log-interleavings.ts';
import { codeOf, consumeGroup, never, pollCount, readAll, recordOf, textOf } from './log-records.ts';

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
    describeConsuming(parts);
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

/** What the parts of the suite share. */
export interface ConformanceParts {
  current(): Log;
  under(): LogUnderTest;
  reopen(how: Reopening): Promise<Log>;
  readonly quietMs: number;
}

const noPosition: Position = { partition: -1, offset: -1 };

function describeAppending({ current, reopen }: ConformanceParts): void {
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

function describeCompaction({ current, under }: ConformanceParts): void {
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

function describeTailing({ current }: ConformanceParts): void {
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

function describeClosing({ current }: ConformanceParts): void {
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
