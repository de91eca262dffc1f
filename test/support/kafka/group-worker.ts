/** A member of a group that works on records as the pipeline does: many at a time, settled in the order they are done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumedRecord, Consumer, Log } from '../../../src/log/log.ts';
import { recordOf, settlementOf } from '../log-records.ts';

export interface GroupWorker {
  readonly consumer: Consumer;
  /** Keys in the order they were settled. */
  readonly settled: string[];
  /** How often a settlement was refused because the partition had gone. */
  readonly lost: () => number;
  /** What else went wrong. */
  readonly failures: unknown[];
  /** Takes no more, finishes what it has, and leaves the group. */
  leave(): Promise<void>;
}

export interface GroupWorkerOptions {
  readonly log: Log;
  readonly group: string;
  /** Part of the outputs' values, so that they tell who made them. */
  readonly name: string;
  readonly workMs?: (record: ConsumedRecord) => number;
}

const pollMax = 40;

/** Each record gets one decision, under its own key. */
export async function startGroupWorker({
  log,
  group,
  name,
  workMs = () => Math.random() * 20,
}: GroupWorkerOptions): Promise<GroupWorker> {
  const consumer = await log.consume({ topic: 'uploads', group });
  const leaving = new AbortController();
  const settled: string[] = [];
  const failures: unknown[] = [];
  let lost = 0;
  const work = async (record: ConsumedRecord) => {
    await sleep(workMs(record));
    try {
      await consumer.settle([settlementOf(record, recordOf('decisions', record.key, name))]);
      settled.push(record.key);
    } catch (thrown) {
      if ((thrown as { code?: string }).code === 'partition_lost') lost += 1;
      else failures.push(thrown);
    }
  };
  const run = async () => {
    const working = new Set<Promise<void>>();
    while (!leaving.signal.aborted) {
      const records = await consumer.poll(pollMax, leaving.signal);
      if (records.length === 0 && !leaving.signal.aborted) throw new Error('the log has ended');
      for (const record of records) {
        const each: Promise<void> = work(record).finally(() => working.delete(each));
        working.add(each);
      }
      while (working.size >= pollMax) await Promise.race(working);
    }
    await Promise.all(working);
  };
  const ran = run().catch((thrown) => failures.push(thrown));
  return {
    consumer,
    settled,
    lost: () => lost,
    failures,
    async leave() {
      leaving.abort();
      await ran;
      await consumer.close();
    },
  };
}

/** Waits until `holds`; after `timeoutMs` it gives up with `what` was awaited. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000): Promise<void> {
  for (const giveUpMs = performance.now() + timeoutMs; ; await sleep(20)) {
    if (await holds()) return;
    if (performance.now() > giveUpMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
  }
}
