/** The fetcher at a cluster that is played: where leaders are, what they answer, and when. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Fetched, Fetcher } from '../../../../src/log/kafka/fetcher.ts';
import type { FetchedPartition, WireBroker, WireRecord } from '../../../../src/log/kafka/internals.ts';
import type { Wire } from '../../../../src/log/kafka/wire.ts';
import { until } from '../../../support/kafka/group-worker.ts';

const protocol = (type: string) => Object.assign(new Error(type), { type });

function wireRecord(offset: number): WireRecord {
  const batchContext = { firstOffset: `${offset}`, lastOffsetDelta: 0, producerId: '-1', inTransaction: false };
  return {
    offset: `${offset}`,
    timestamp: '0',
    key: null,
    value: null,
    headers: {},
    isControlRecord: false,
    batchContext,
  };
}

/** Each partition has records up to `ends`; answers take a moment, and one record comes with each. */
class PlayedCluster {
  readonly leaders = new Map<number, number>();
  readonly ends = new Map<number, number>();
  readonly failures: unknown[] = [];
  readonly asked: { nodeId: number; partitions: number[] }[] = [];
  lookups = 0;

  readonly wire = {
    leadersOf: async () => {
      this.lookups += 1;
      return new Map(this.leaders);
    },
    broker: async (nodeId: number) =>
      ({ fetch: (request: never) => this.#fetch(nodeId, request) }) as unknown as WireBroker,
    offsets: async (_topic: string, partitions: readonly number[], which: number) =>
      new Map(partitions.map((partition) => [partition, which === -2 ? 2 : (this.ends.get(partition) ?? 0)])),
    recover: async () => undefined,
    close: async () => undefined,
  } as unknown as Wire;

  async #fetch(nodeId: number, { topics }: { topics: { partitions: { partition: number; fetchOffset: string }[] }[] }) {
    const partitions = topics.flatMap((topic) => topic.partitions);
    this.asked.push({ nodeId, partitions: partitions.map(({ partition }) => partition) });
    await sleep(2);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    if (partitions.some(({ partition }) => this.leaders.get(partition) !== nodeId))
      throw protocol('NOT_LEADER_FOR_PARTITION');
    const answered = partitions.map(({ partition, fetchOffset }): FetchedPartition => {
      const end = this.ends.get(partition) ?? 0;
      const messages = Number(fetchOffset) < end ? [wireRecord(Number(fetchOffset))] : [];
      return { partition, highWatermark: `${end}`, lastStableOffset: `${end}`, abortedTransactions: [], messages };
    });
    return { responses: [{ topicName: 't', partitions: answered }] };
  }
}

describe('the fetcher', () => {
  const closing: Fetcher[] = [];
  afterEach(() => Promise.all(closing.splice(0).map((fetcher) => fetcher.close())));

  function follow(
    cluster: PlayedCluster,
    onOutOfRange = (_: number, { startOffset }: { startOffset: number }) => startOffset,
  ) {
    const told = { fetched: [] as Fetched[], failed: [] as string[], trouble: [] as (number | null)[] };
    const fetcher = new Fetcher({
      wire: cluster.wire,
      topic: 't',
      onFetched: (fetched) => told.fetched.push(fetched),
      onOutOfRange,
      onFailure: ({ message }) => told.failed.push(message),
      onTrouble: (sinceMs) => told.trouble.push(sinceMs),
    });
    closing.push(fetcher);
    return { fetcher, ...told };
  }

  // Goal: a rolling restart moved some partitions to a broker that led none, and nobody ever asked it.
  it('asks a broker that led nothing before, when some partitions move there and others stay', async () => {
    const cluster = new PlayedCluster();
    for (const partition of [0, 1]) cluster.leaders.set(partition, 1).set(partition, 1);
    cluster.ends.set(0, 3).set(1, 3);
    const { fetcher } = follow(cluster);
    fetcher.add(0, 0);
    fetcher.add(1, 0);
    await until(() => fetcher.position(0) === 3 && fetcher.position(1) === 3, 'all is read');
    cluster.leaders.set(1, 2);
    cluster.ends.set(0, 5).set(1, 5);
    await until(() => fetcher.position(0) === 5 && fetcher.position(1) === 5, 'all is read from both', 3_000);
  });

  it('waits for a leader where there is none, with one loop however often it is woken', async () => {
    const cluster = new PlayedCluster();
    for (let partition = 0; partition < 20; partition += 1) cluster.ends.set(partition, 1);
    const { fetcher, trouble } = follow(cluster);
    for (let partition = 0; partition < 20; partition += 1) fetcher.add(partition, 0);
    await sleep(300);
    expect(cluster.lookups).toBeLessThan(20);
    expect(trouble).toHaveLength(1);
    for (let partition = 0; partition < 20; partition += 1) cluster.leaders.set(partition, 1);
    await until(() => [...cluster.ends.keys()].every((partition) => fetcher.position(partition) === 1), 'all is read');
    await until(() => trouble.at(-1) === null, 'the trouble is over');
  });

  // Goal: it told of its failure as fast as it could, for ever, and kept a core busy with that.
  it('stops at what fails for good, and says so once', async () => {
    const cluster = new PlayedCluster();
    cluster.leaders.set(0, 1);
    cluster.failures.push(protocol('TOPIC_AUTHORIZATION_FAILED'), protocol('TOPIC_AUTHORIZATION_FAILED'));
    const { fetcher, failed } = follow(cluster);
    fetcher.add(0, 0);
    await until(() => failed.length > 0, 'the failure is told');
    await sleep(100);
    expect(failed).toEqual([expect.stringMatching(/TOPIC_AUTHORIZATION_FAILED/)]);
    expect(cluster.asked).toHaveLength(1);
  });

  it('returns to the oldest record that is kept, and waits where an answer is not confirmed', async () => {
    const cluster = new PlayedCluster();
    cluster.leaders.set(0, 1);
    cluster.ends.set(0, 4);
    cluster.failures.push(protocol('OFFSET_OUT_OF_RANGE'));
    const { fetcher, fetched } = follow(cluster);
    fetcher.add(0, 0);
    await until(() => fetcher.position(0) === 4, 'all is read');
    expect(fetched.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(['2', '3']);
    for (let times = 0; times < 30; times += 1) cluster.failures.push(protocol('OFFSET_OUT_OF_RANGE'));
    const before = cluster.asked.length;
    await sleep(150);
    expect(cluster.asked.length - before).toBeLessThan(10);
  });

  it('does not hand over what it asked for before a partition was removed, moved or given back', async () => {
    const cluster = new PlayedCluster();
    cluster.leaders.set(0, 1);
    cluster.ends.set(0, 1);
    const { fetcher, fetched } = follow(cluster);
    fetcher.add(0, 0);
    while (cluster.asked.length === 0) await sleep(0);
    fetcher.remove(0);
    fetcher.add(0, 1);
    await sleep(50);
    expect(fetched).toEqual([]);
    expect(fetcher.position(0)).toBe(1);
  });

  it('leaves a paused partition out, reads the others on, and takes it in again', async () => {
    const cluster = new PlayedCluster();
    for (const partition of [0, 1]) cluster.leaders.set(partition, 1);
    cluster.ends.set(0, 50).set(1, 50);
    const { fetcher } = follow(cluster);
    fetcher.add(0, 0);
    fetcher.add(1, 0);
    await until(() => (fetcher.position(0) ?? 0) > 3, 'it reads');
    fetcher.pause(0);
    expect([fetcher.isPaused(0), fetcher.pausedCount]).toEqual([true, 1]);
    await until(() => fetcher.position(1) === 50, 'the other is read');
    expect(fetcher.position(0)).toBeLessThan(50);
    fetcher.resume(0);
    await until(() => fetcher.position(0) === 50, 'it is read as well');
  });
});
