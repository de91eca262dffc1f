/**
 * Goal: what docs/examples/ shows to other teams works as it stands: each decision is enforced once, the highest revision
 * wins, what was aborted is never seen, and a failed action is made up for.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { admit } from '../../src/admit/admit.ts';
import { builtFile, packageFile } from '../../src/config/paths.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { decisionRecord } from '../../src/flow/decision-record.ts';
import { partitionOfKey } from '../../src/log/kafka/partitioner.ts';
import { goldenEvents } from '../support/golden-events.ts';
import { describeWithKafka } from '../support/kafka/describe-with-kafka.ts';
import { sharedBroker, uniqueName } from '../support/kafka/shared-broker.ts';
import { describeWithPython, pythonWith } from '../support/python.ts';
import { runCommand } from '../support/run-command.ts';

interface Example {
  /** Command and first arguments. */
  command(): Promise<readonly string[]>;
}

const requirement = /^ {4}pip install (\S+)$/m;
const python = (file: string): Example => ({
  async command() {
    const path = packageFile(`docs/examples/${file}`);
    const [, wanted = ''] = requirement.exec(readFileSync(path, 'utf8')) ?? [];
    return [await pythonWith(wanted), path];
  },
});
const typescript = (file: string): Example => ({
  command: async () => [process.execPath, builtFile(`docs/examples/${file.replace('.ts', '.js')}`)],
});

const [first, second] = goldenEvents('decision') as unknown as [Decision, Decision];
const revised: Decision = {
  ...first,
  revision: 2,
  outcome: 'allow',
  reason: 'no_match',
  matches: [],
  decisionId: 'again',
};
const undone: Decision = { ...first, uploadId: 'aborted', decisionId: 'aborted' };
const blocked = `block ${first.uploadId} 1`;
const allowed = `allow ${first.uploadId} 2`;
const held = `review ${second.uploadId} 2`;

function consumerSuite(example: Example): void {
  let kafka: kafkajs.Kafka;
  let producer: kafkajs.Producer;
  let command: readonly string[];
  let brokers: string[];
  let prefix: string;
  let folder: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    ({ brokers } = await sharedBroker());
    command = await example.command();
    kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  }, 400_000);

  beforeEach(async () => {
    prefix = uniqueName('examples');
    folder = mkdtempSync(join(tmpdir(), 'floodgate-test-'));
    const environment = { FLOODGATE_KAFKA_BROKERS: brokers.join(','), FLOODGATE_KAFKA_TOPIC_PREFIX: prefix };
    await runCommand(['topics', 'apply', '--replication', '1', '--partitions', '2'], { environment });
    producer = kafka.producer({ transactionalId: prefix, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
  });
  afterEach(async () => {
    await producer.disconnect();
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** As Floodgate publishes them: in one transaction. */
  async function publish(decisions: readonly Decision[], ending: 'commit' | 'abort' = 'commit'): Promise<void> {
    const transaction = await producer.transaction();
    const messages = decisions.map((decision) => {
      const { key, value, headers } = decisionRecord(decision);
      return { key, value: Buffer.from(value ?? []), headers, partition: partitionOfKey(key, 2) };
    });
    await transaction.send({ topic: `${prefix}.decisions.v1`, messages });
    await transaction[ending]();
  }

  /** The hook writes down what it is called for, and what it gets on its standard input. */
  function writeHook(exitCode: number): string {
    const path = join(folder, `hook-${exitCode}.sh`);
    const says = `printf '%s %s %s\\n' "$1" "$2" "$(sed 's/.*"revision": *\\([0-9]*\\).*/\\1/')"`;
    writeFileSync(path, `#!/bin/sh\n${says} >>"${folder}/${exitCode === 0 ? 'done' : 'failed'}"\nexit ${exitCode}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  const linesOf = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n').sort() : [];

  function start(environment: Record<string, string> = {}): { child: ChildProcess; output(): string } {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      env: {
        PATH: process.env.PATH,
        KAFKA_BROKERS: brokers.join(','),
        DECISIONS_TOPIC: `${prefix}.decisions.v1`,
        CONSUMER_GROUP: prefix,
        STATE_FILE: join(folder, 'state'),
        ENFORCE_COMMAND: writeHook(0),
        ...environment,
      },
    });
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    return { child, output: () => output };
  }

  async function stop({ child, output }: ReturnType<typeof start>): Promise<void> {
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    expect({ code, output: output() }).toEqual({ code: 0, output: expect.not.stringContaining('rror') });
  }

  const waitFor = (check: () => void) => vi.waitFor(check, { timeout: 40_000, interval: 100 });

  it('enforces each decision once, in the order of revisions, and nothing that was aborted', async () => {
    await publish([first, second]);
    await publish([undone], 'abort');
    await publish([first, revised, first, second]);
    const consumer = start();
    await waitFor(() => expect(linesOf('done')).toEqual([allowed, blocked, held]));
    const raw = await producer.transaction();
    await raw.send({ topic: `${prefix}.decisions.v1`, messages: [{ key: first.uploadId, value: 'no decision' }] });
    await raw.commit();
    await publish([{ ...first, uploadId: 'last', decisionId: 'last' }]);
    await waitFor(() => expect(linesOf('done')).toContain('block last 1'));
    await waitFor(() => expect(consumer.output()).toContain('is not a decision'));
    await stop(consumer);
    expect(linesOf('done')).toEqual([allowed, blocked, 'block last 1', held].sort());
  }, 120_000);

  it('goes on where it was after a stop, and remembers what it has done', async () => {
    await publish([first]);
    const before = start();
    await waitFor(() => expect(linesOf('done')).toEqual([blocked]));
    await stop(before);
    await publish([first, revised, first]);
    const after = start();
    await waitFor(() => expect(linesOf('done')).toEqual([allowed, blocked]));
    await stop(after);
    // With its place in the topic lost, it reads everything again.
    const anew = start({ CONSUMER_GROUP: `${prefix}-anew` });
    await publish([second]);
    await waitFor(() => expect(linesOf('done')).toEqual([allowed, blocked, held]));
    await stop(anew);
    expect(linesOf('done')).toEqual([allowed, blocked, held]);
  }, 120_000);

  it('ends when an action keeps failing, and does it after a restart', async () => {
    await publish([first]);
    const failing = start({ ENFORCE_COMMAND: writeHook(3) });
    const [code] = await once(failing.child, 'close');
    expect(code).toBe(1);
    expect(linesOf('failed')).toEqual(Array.from({ length: 5 }, () => blocked));
    const mended = start();
    await waitFor(() => expect(linesOf('done')).toEqual([blocked]));
    await stop(mended);
  }, 120_000);

  it('prints what it would do when no command is given', async () => {
    await publish([first]);
    const printing = start({ ENFORCE_COMMAND: '' });
    await waitFor(() => expect(printing.output()).toContain(`"${first.decisionId}"`));
    await stop(printing);
  }, 60_000);
}

function producerSuite(example: Example): void {
  it('publishes an upload that is admitted, in the partition of its key', async () => {
    const { brokers } = await sharedBroker();
    const [program = '', ...args] = await example.command();
    const topic = uniqueName('uploads');
    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 7 }] });
    await admin.disconnect();
    const env = { PATH: process.env.PATH, KAFKA_BROKERS: brokers.join(','), UPLOADS_TOPIC: topic };
    for (const id of ['u-1', 'u-2', 'u-3']) {
      const child = spawn(program, [...args, id, 'https://uploads.example/1.mp4', `event-${id}`], {
        env,
        stdio: 'ignore',
      });
      expect((await once(child, 'close'))[0]).toBe(0);
    }
    const seen: unknown[] = [];
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const key = String(message.key);
        const entries = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
        const headers = Object.fromEntries(entries);
        const record = {
          topic: 'uploads',
          partition,
          offset: 0,
          timestampMs: 0,
          key,
          value: message.value,
          headers,
        } as const;
        const upload = admit(record);
        expect(partition).toBe(partitionOfKey(key, 7));
        seen.push(upload.kind === 'upload' ? [upload.event.uploadId, upload.eventId] : upload.detail);
      },
    });
    await vi.waitFor(() => expect(seen).toHaveLength(3), { timeout: 20_000, interval: 50 });
    await consumer.disconnect();
    expect(seen.sort()).toEqual(['u-1', 'u-2', 'u-3'].map((id) => [id, `event-${id}`]));
  }, 400_000);
}

describeWithKafka('the examples', () => {
  describe('in TypeScript: an enforcement consumer', () => consumerSuite(typescript('enforcement-consumer.ts')));
  describe('in TypeScript: a producer', () => producerSuite(typescript('publish-upload.ts')));
  describeWithPython('in Python: an enforcement consumer', () => consumerSuite(python('enforcement_consumer.py')));
  describeWithPython('in Python: a producer', () => producerSuite(python('publish_upload.py')));
});
