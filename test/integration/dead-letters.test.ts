/**
 * Goal: an event that cannot be interpreted is not lost: it is found, understood, corrected and decided, with the command
 * that an operator has, on either log.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DeadLetter, DeadLetterReplayed, DeadLetterSummary } from '../../src/contracts/dead-letter.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import { openSqliteLog } from '../../src/log/sqlite-log.ts';
import { describeWithKafka } from '../support/kafka/describe-with-kafka.ts';
import { sharedBroker, uniqueName } from '../support/kafka/shared-broker.ts';
import { jsonLines, runCommand } from '../support/run-command.ts';
import { Rig } from '../support/service-calls.ts';

interface Sent {
  readonly key: string;
  readonly value: string;
  readonly headers: Record<string, string>;
}

const frames = [{ timeMs: 0, hash: '0'.repeat(64), quality: 90 }];
const valid = (uploadId: string) =>
  JSON.stringify({ uploadId, content: { frames }, uploadedAt: '2026-11-22T10:00:00Z' });

/** Three events that fail in two ways. */
const broken: readonly Sent[] = [
  { key: 'no-json', value: '{"uploadId":', headers: { ce_id: 'e1', traceparent: '00-ab' } },
  { key: 'no-content', value: '{"uploadId":"no-content"}', headers: { ce_id: 'e2' } },
  { key: 'nothing', value: '{}', headers: { ce_id: 'e3' } },
];

function suite(serve: (rig: Rig) => Promise<string>): void {
  const rig = new Rig();
  let url = '';
  let folder = '';
  beforeAll(async () => {
    folder = await rig.folder();
    url = await serve(rig);
    await vi.waitFor(async () => expect(await list()).toHaveLength(3), { timeout: 30_000, interval: 300 });
  }, 120_000);
  afterAll(() => rig.close());

  const deadLetters = (...args: string[]) => runCommand(['dead-letters', ...args, '--url', url]);
  const list = async (...args: string[]) => jsonLines<DeadLetterSummary>(await deadLetters('list', '--json', ...args));
  const letterOf = async (key: string): Promise<DeadLetterSummary> => {
    const letter = (await list()).find((each) => each.key === key);
    if (letter === undefined) throw new Error(`there is no dead letter of ${key}`);
    return letter;
  };

  it('is listed by its code and shown with its headers and value', async () => {
    expect((await list('--code', 'invalid_event')).map(({ key }) => key).sort()).toEqual(['no-content', 'nothing']);
    expect(await list('--limit', '1')).toHaveLength(1);
    const table = await deadLetters('list');
    expect(table.stdout).toMatch(/^id +time +code +attempt +from +key +detail\n/);
    const { id, facts } = await letterOf('no-json');
    expect(facts).toMatchObject({ code: 'invalid_json', attempt: 1, cut: false });
    const shown = jsonLines<DeadLetter>(await deadLetters('show', id, '--json'));
    expect(shown).toMatchObject([{ value: '{"uploadId":', headers: { ce_id: 'e1', traceparent: '00-ab' } }]);
    expect((await deadLetters('show', id)).stdout).toContain('value, 12 bytes:\n{"uploadId":\n');
    expect((await deadLetters('show', '0-999999')).exitCode).toBe(4);
  });

  it('becomes one with an attempt more when it is replayed as it is', async () => {
    const { id, facts } = await letterOf('nothing');
    const replayed = await deadLetters('replay', id, '--json');
    expect(jsonLines<DeadLetterReplayed>(replayed)).toMatchObject([{ id, attempt: 2 }]);
    await vi.waitFor(async () => expect(await list()).toHaveLength(4), { timeout: 20_000, interval: 300 });
    const [newest] = await list();
    expect(newest).toMatchObject({ key: 'nothing', facts: { attempt: 2, origin: facts.origin } });
  });

  it('is replayed with all of its code, once each, when their number is confirmed', async () => {
    const unconfirmed = await deadLetters('replay', '--all', '--code', 'invalid_event');
    expect(unconfirmed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('give --confirm 2') });
    const { exitCode, stderr } = await deadLetters('replay', '--all', '--code', 'invalid_event', '--confirm', '2');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /^replaying \(2\)\n\S+: attempt 3, uploads.*\n\S+: attempt 2, uploads.*\n$|attempt 2.*\n.*attempt 3/,
    );
  });

  it('is decided once it is corrected, and not a second time', async () => {
    const corrected = join(folder, 'corrected.json');
    mkdirSync(folder, { recursive: true });
    writeFileSync(corrected, valid('no-json'));
    const { id } = await letterOf('no-json');
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await deadLetters('replay', id, '--value', corrected)).exitCode).toBe(0);
    }
    const decisions = async () =>
      jsonLines<Decision>(await runCommand(['decisions', '--json', '--url', url])).filter(
        ({ uploadId }) => uploadId === 'no-json',
      );
    await vi.waitFor(async () => expect(await decisions()).toHaveLength(1), { timeout: 20_000, interval: 300 });
    const after = await runCommand(['submit', 'https://uploads.invalid/x', '--id', 'later', '--url', url]);
    expect(after.stdout).toContain('later');
    expect(await decisions()).toMatchObject([{ eventId: 'e1', revision: 1 }]);
  });

  it.each([
    [['replay'], 'name dead letters'],
    [['replay', '--all'], '--all needs --code'],
    [['replay', '--all', '--code', 'invalid_json', '0-1'], 'either dead letters or --all'],
    [['replay', '0-1', '0-2', '--value', 'x'], 'name one dead letter'],
    [['list', '--code', 'other'], 'invalid_json, invalid_event'],
  ])('is not touched by %j', async (args, text) => {
    expect(await deadLetters(...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(text) });
  });
}

describe('an event that cannot be interpreted, on the embedded log,', () => {
  suite(async (rig) => {
    const folder = await rig.folder();
    mkdirSync(join(folder, 'log'), { recursive: true });
    const log = await openSqliteLog({ path: join(folder, 'log', 'floodgate.sqlite') });
    await log.append(broken.map((each) => ({ ...each, topic: 'uploads', value: Buffer.from(each.value) })));
    await log.close();
    return (await rig.serve(folder)).url;
  });
});

describeWithKafka('an event that cannot be interpreted, on Kafka,', () => {
  suite(async (rig) => {
    const { brokers } = await sharedBroker();
    const prefix = uniqueName('letters');
    const environment = {
      FLOODGATE_KAFKA_BROKERS: brokers.join(','),
      FLOODGATE_KAFKA_TOPIC_PREFIX: prefix,
      FLOODGATE_KAFKA_GROUP: prefix,
    };
    const applied = await runCommand(['topics', 'apply', '--replication', '1', '--partitions', '2'], { environment });
    expect(applied.exitCode).toBe(0);
    const producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic: `${prefix}.uploads.v1`, messages: [...broken] });
    await producer.disconnect();
    return (await rig.serve(await rig.folder(), environment)).url;
  });
});
