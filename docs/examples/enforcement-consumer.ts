/**
 * An enforcement service in one file: consumes Floodgate's decisions and acts on each of them.
 *
 *   KAFKA_BROKERS=localhost:9092 ENFORCE_COMMAND=./enforce.sh node enforcement-consumer.js
 *
 * The command is run as `enforce.sh <outcome> <uploadId>` with the decision as JSON on its standard input; without one a
 * line is printed. What it keeps to, and what a service of your own must keep to as well:
 *
 * - It reads committed records only: those of an aborted transaction were never decided.
 * - It acts on a decision once, by its `decisionId`, and never goes back to a lower revision of an upload. Both hold
 *   through restarts, because what was done is written down before the offset is committed.
 * - It commits an offset after the action, never before. A crash in between repeats the action, so make it idempotent.
 * - It stops in good order on SIGTERM, and with an error when an action keeps failing; whoever restarts it goes on there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';

interface Decision {
  readonly decisionId: string;
  readonly uploadId: string;
  readonly revision: number;
  readonly outcome: 'block' | 'review' | 'allow';
  readonly reason: string;
}

/** In a service of your own this is a table, written in the transaction of the action: upload, revision, decision. */
class Enforced {
  readonly #latest = new Map<string, { readonly revision: number; readonly decisionId: string }>();
  readonly #file: number;

  constructor(path: string) {
    if (existsSync(path)) {
      for (const line of readFileSync(path, 'utf8').split('\n')) this.#remember(line);
    }
    this.#file = openSync(path, 'a');
  }

  has({ uploadId, revision, decisionId }: Decision): boolean {
    const latest = this.#latest.get(uploadId);
    return latest !== undefined && (latest.decisionId === decisionId || latest.revision >= revision);
  }

  add({ uploadId, revision, decisionId }: Decision): void {
    const line = JSON.stringify({ uploadId, revision, decisionId });
    writeSync(this.#file, `${line}\n`);
    fsyncSync(this.#file);
    this.#remember(line);
  }

  close(): void {
    closeSync(this.#file);
  }

  #remember(line: string): void {
    try {
      const { uploadId, revision, decisionId } = JSON.parse(line) as Decision;
      this.#latest.set(uploadId, { revision, decisionId });
    } catch {
      // The last line may be torn by a crash. Its action is then done once more.
    }
  }
}

const { KAFKA_BROKERS = 'localhost:9092', ENFORCE_COMMAND } = process.env;
const { DECISIONS_TOPIC = 'floodgate.decisions.v1', CONSUMER_GROUP = 'enforcement' } = process.env;
const attemptsMax = 5;

const enforced = new Enforced(process.env.STATE_FILE ?? 'enforced.jsonl');
const kafka = new kafkajs.Kafka({
  clientId: 'enforcement',
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.ERROR,
});
const consumer = kafka.consumer({
  groupId: CONSUMER_GROUP,
  // Read committed.
  readUncommitted: false,
  allowAutoTopicCreation: false,
  maxWaitTimeInMs: 250,
  // What keeps failing is for people: the process ends below, instead of trying for ever.
  retry: { restartOnFailure: async () => false },
});

/** Undefined when it cannot be read: told, and passed over, so that one record does not hold back all that follow. */
function readDecision(value: Buffer | null): Decision | undefined {
  try {
    const decision = JSON.parse(value?.toString('utf8') ?? '') as Decision;
    if (typeof decision.decisionId === 'string' && typeof decision.uploadId === 'string') return decision;
  } catch {
    // Told by the caller.
  }
  return undefined;
}

/** The side effect. Resolves when it is done; rejects when it is not. */
async function act(decision: Decision): Promise<void> {
  const { outcome, uploadId, revision, decisionId, reason } = decision;
  if (!ENFORCE_COMMAND) {
    process.stdout.write(`${JSON.stringify({ outcome, uploadId, revision, decisionId, reason })}\n`);
    return;
  }
  const child = spawn(ENFORCE_COMMAND, [outcome, uploadId], { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(decision));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${ENFORCE_COMMAND} ended with ${code}`);
}

async function actWithRetries(decision: Decision, heartbeat: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act(decision);
    } catch (error) {
      process.stderr.write(`${decision.uploadId}: attempt ${attempt}: ${error}\n`);
      if (attempt === attemptsMax) throw error;
      await sleep(100 * 2 ** attempt);
      // Otherwise the group would take this process for dead while it waits.
      await heartbeat();
    }
  }
}

async function main(): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topic: DECISIONS_TOPIC, fromBeginning: true });
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error));
  });
  const stopped = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(undefined));
  });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message, heartbeat }) => {
      const decision = readDecision(message.value);
      const place = `${topic}/${partition}/${message.offset}`;
      if (decision === undefined) process.stderr.write(`${place} is not a decision\n`);
      else if (!enforced.has(decision)) {
        await actWithRetries(decision, heartbeat).catch((error: unknown) => {
          fail(error);
          throw error;
        });
        enforced.add(decision);
      }
      // The next offset to read. One commit a record is plain; commit every second where there are many.
      await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }]);
    },
  });
  const error = await Promise.race([failed, stopped]);
  // Waits for the action that is on its way, and leaves the group, so that others take over at once.
  await consumer.disconnect();
  enforced.close();
  if (error !== undefined) throw error;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
