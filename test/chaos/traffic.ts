/** Uploads with ready hashes, drawn from a seed, and the producer that sends them until each is acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { createRandom } from '../../src/demo/random.ts';
import { knownHash } from '../bench/kafka/uploads.ts';
import type { SentEvent } from './verdict.ts';

/** Hashes that go into the bank and out of it while the run lasts. */
export const hotHashes = 40;

export interface ChaosEvent extends SentEvent {
  readonly value: string;
  /** Sent twice: the second is a redelivery and must change nothing. */
  readonly twice: boolean;
}

const revisions = 3;
const revisionSpacing = 40;
const groupMs = 50;

/** A tenth of the events are three revisions of one upload each; some are sent twice, some are no valid event. */
export function planEvents(count: number, seed: number): ChaosEvent[] {
  const random = createRandom(seed);
  const thrice = Math.floor(count / 10 / revisions);
  const placed: { at: number; event: ChaosEvent }[] = [];
  const place = (at: number, uploadId: string, revision: number) => {
    const eventId = `${uploadId}/${revision}`;
    const isValid = !random.chance(0.002);
    const hash = random.chance(0.5)
      ? knownHash(seed, random.whole(0, hotHashes - 1))
      : knownHash(seed + 1, random.whole(0, 1_000_000));
    const frames = [{ timeMs: 0, quality: 100, hash: Buffer.from(hash).toString('hex') }];
    const upload = { uploadId, uploadedAt: new Date(Date.UTC(2026, 0, 1)).toISOString(), content: { frames } };
    const value = JSON.stringify(isValid ? upload : { uploadId, content: 'no valid content' });
    placed.push({ at, event: { eventId, uploadId, value, twice: random.chance(0.01) } });
  };
  for (let index = 0; index < thrice; index += 1) {
    const first = random.whole(0, Math.max(0, count - revisions * revisionSpacing));
    for (let each = 0; each < revisions; each += 1) place(first + each * revisionSpacing, `thrice-${index}`, each + 1);
  }
  for (let index = 0; index < count - thrice * revisions; index += 1) place(index, `once-${index}`, 1);
  return placed.sort((a, b) => a.at - b.at).map(({ event }) => event);
}

export interface ProduceOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly perSecond: number;
  readonly onSent: (count: number) => void;
}

/** Resolves once all are acknowledged. What fails is sent again, so that some arrive more than once. */
export async function produce(events: readonly ChaosEvent[], options: ProduceOptions): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [...options.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  const startedMs = performance.now();
  let sent = 0;
  while (sent < events.length) {
    const due = Math.ceil(((performance.now() - startedMs) / 1000) * options.perSecond);
    const group = events.slice(sent, Math.max(sent, due));
    if (group.length > 0) await sendUntilAcknowledged(producer, options.topic, group);
    sent += group.length;
    options.onSent(sent);
    await sleep(groupMs);
  }
  await producer.disconnect();
}

async function sendUntilAcknowledged(
  producer: kafkajs.Producer,
  topic: string,
  group: readonly ChaosEvent[],
): Promise<void> {
  const messages = group.flatMap((event) => (event.twice ? [messageOf(event), messageOf(event)] : [messageOf(event)]));
  for (let giveUpMs = performance.now() + 120_000; performance.now() < giveUpMs; ) {
    try {
      await producer.connect();
      await producer.send({ topic, acks: -1, messages });
      return;
    } catch {
      await sleep(300);
    }
  }
  throw new Error('the broker has taken no uploads for two minutes');
}

function messageOf({ eventId, uploadId, value }: ChaosEvent): kafkajs.Message {
  const headers = {
    ce_specversion: '1.0',
    ce_id: eventId,
    ce_source: '/chaos',
    ce_type: 'io.floodgate.upload.v1',
    'content-type': 'application/json',
  };
  return { key: uploadId, value, headers };
}
