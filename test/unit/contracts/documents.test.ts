/**
 * Goal: what other teams generate code from is what the service does. Both documents are made from the contracts;
 * UPDATE_CONTRACTS=1 writes them anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { deadLetterRecord } from '../../../src/admit/dead-letters.ts';
import { packageFile } from '../../../src/config/paths.ts';
import { topics } from '../../../src/log/log.ts';
import { asyncApiDocument } from '../../support/contracts/async-api.ts';
import { eventSchemas } from '../../support/contracts/event-schemas.ts';
import { goldenEvents, nearMiss } from '../../support/golden-events.ts';

const asyncApiPath = packageFile('docs/asyncapi.json');
const schemaPath = (name: string) => packageFile(`docs/schemas/${name}.schema.json`);
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

interface Message {
  readonly headers: object;
  readonly payload: object;
  readonly examples: readonly { readonly headers: Record<string, string>; readonly payload: unknown }[];
}

/** By another validator than ours, in strict mode: as other teams will use the schemas. */
function faultsAgainst(schema: object): (value: unknown) => string[] {
  const ajv = new Ajv2020.default({ strict: true, strictTypes: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (value) =>
    validate(value) ? [] : (validate.errors ?? []).map((each) => `${each.instancePath} ${each.message}`);
}

beforeAll(() => {
  if (process.env.UPDATE_CONTRACTS !== '1') return;
  const write = (path: string, document: object) => writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
  write(asyncApiPath, asyncApiDocument());
  for (const [name, schema] of Object.entries(eventSchemas())) write(schemaPath(name), schema);
});

describe('the JSON Schemas', () => {
  it('are the committed ones, and no others', () => {
    const names = readdirSync(packageFile('docs/schemas')).map((file) => file.replace('.schema.json', ''));
    expect(Object.fromEntries(names.map((name) => [name, readJson(schemaPath(name))]))).toEqual(eventSchemas());
  });

  const faultsBy = (name: string) => faultsAgainst(readJson(schemaPath(name)));

  it.each([
    ['upload', 'upload'],
    ['decision', 'decision'],
    ['stream-decision', 'stream-decision'],
    ['fingerprint', 'fingerprint'],
    ['bank-record', 'bank'],
  ] as const)('%s takes the golden events and refuses a near miss', (name, golden) => {
    const faults = faultsBy(name);
    expect(goldenEvents(golden).flatMap(faults)).toEqual([]);
    expect(faults(nearMiss(golden, { surplus: 1 }))).not.toEqual([]);
    expect(faults(nearMiss(golden, { uploadId: 'a b', contentId: 'a b' }))).not.toEqual([]);
  });

  it('dead-letter-headers takes what is written, and refuses another code', () => {
    const record = {
      topic: 'uploads',
      key: 'k',
      value: null,
      headers: { ce_id: 'e', a: 'b' },
      partition: 0,
      offset: 1,
    } as const;
    const burial = { code: 'invalid_json', detail: 'no', at: '2026-11-22T10:00:00Z', appVersion: '1.0.0' } as const;
    const { headers } = deadLetterRecord({ ...record, timestampMs: 0 }, burial);
    const faults = faultsBy('dead-letter-headers');
    expect(faults(headers)).toEqual([]);
    expect(faults({ ...headers, 'x-dlq-code': 'else' })).toHaveLength(1);
    expect(faults({ ...headers, 'x-dlq-attempt': 'first' })).toHaveLength(1);
  });
});

describe('the AsyncAPI document', () => {
  it('is the committed one', () => {
    expect(readJson(asyncApiPath)).toEqual(asyncApiDocument());
  });

  it('is valid AsyncAPI 3.0, its bindings and its examples too', async () => {
    const { document, diagnostics } = await new Parser().parse(readFileSync(asyncApiPath, 'utf8'));
    const faults = diagnostics
      .filter(({ severity }) => severity <= 1)
      .map(({ path, message }) => `${path.join('/')} ${message}`);
    expect(faults).toEqual([]);
    expect(document?.version()).toBe('3.0.0');
    const addresses = document
      ?.channels()
      .all()
      .map((channel) => channel.address());
    expect(addresses).toEqual(topics.map((topic) => `floodgate.${topic}.v1`));
    expect(
      document
        ?.operations()
        .all()
        .every((operation) => operation.messages().all().length === 1),
    ).toBe(true);
  }, 60_000);

  it('would not be valid with bindings that are wrong', async () => {
    const broken = JSON.parse(JSON.stringify(asyncApiDocument()));
    broken.channels.bank.bindings.kafka.partitions = 0;
    const { diagnostics } = await new Parser().parse(JSON.stringify(broken));
    const paths = diagnostics.filter(({ severity }) => severity === 0).map(({ path }) => path.join('/'));
    expect(paths).toContain('channels/bank/bindings/kafka/partitions');
  }, 60_000);

  // The parser leaves examples alone.
  it('has examples of every message that match its schemas, and an id in each', () => {
    const { messages } = readJson(asyncApiPath).components as { messages: Record<string, Message> };
    const faults = Object.values(messages).flatMap(({ headers, payload, examples }) =>
      examples.flatMap((each) => [...faultsAgainst(headers)(each.headers), ...faultsAgainst(payload)(each.payload)]),
    );
    expect(faults).toEqual([]);
    expect(Object.values(messages).map(({ examples }) => examples.length)).toEqual([4, 2, 2, 2, 2, 1]);
    const ids = Object.values(messages).flatMap(({ examples }) => examples.map(({ headers }) => headers.ce_id));
    expect(new Set(ids).size).toBe(11);
  });
});
