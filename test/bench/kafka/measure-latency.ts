/** From the time in an upload's event to the moment at which a plain read_committed consumer has its decision. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Rig } from './rig.ts';
import { type KnownSet, uploadRecord } from './uploads.ts';

export interface LatencyOptions {
  readonly rate: number;
  readonly seconds: number;
  readonly copyShare: number;
}

export interface Latency {
  /** One for each upload. */
  readonly ms: number[];
  readonly blocked: number;
}

const warmUpSeconds = 5;
/** Uploads go out in small groups: a timer cannot be finer. */
const groupMs = 10;

export async function measureLatency(rig: Rig, known: KnownSet, options: LatencyOptions): Promise<Latency> {
  const reader = await openReader(rig);
  const total = options.rate * (options.seconds + warmUpSeconds);
  const startedMs = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1000) * options.rate) + 1);
    const records = [];
    for (; sent < due; sent += 1) records.push(uploadRecord(known, sent, options.copyShare, 'steady'));
    if (records.length > 0) void rig.log.append(records);
    await sleep(groupMs);
  }
  await reader.waitFor(total);
  await reader.close();
  const counted = reader.seen.filter(({ index }) => index >= options.rate * warmUpSeconds);
  return {
    ms: counted.map(({ ms }) => ms),
    blocked: counted.filter(({ outcome }) => outcome === 'block').length,
  };
}

async function openReader(rig: Rig) {
  const client = new kafkajs.Kafka({ brokers: [...rig.broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 250, readUncommitted: false });
  const seen: { index: number; ms: number; outcome: string }[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [rig.topics.nameOf('decisions')], fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    partitionsConsumedConcurrently: 4,
    eachBatch: async ({ batch }) => {
      const nowMs = Date.now();
      for (const { value } of batch.messages) {
        const { uploadId, eventTime, outcome } = JSON.parse(value?.toString() ?? '{}');
        seen.push({ index: Number(uploadId.split('-')[1]), ms: nowMs - Date.parse(eventTime), outcome });
      }
    },
  });
  await joined;
  return {
    seen,
    async waitFor(count: number) {
      for (let waitedMs = 0; seen.length < count; waitedMs += 100) {
        if (waitedMs > 60_000) throw new Error(`${seen.length} of ${count} decisions after a minute`);
        await sleep(100);
      }
    },
    close: () => consumer.disconnect(),
  };
}
