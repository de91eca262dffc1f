/** JSON Schemas (2020-12) of the events, from the contracts of the source; docs/schemas/ holds them for other teams. */
import type { TSchema } from 'typebox';
import { BankRecord } from '../../../src/contracts/bank.ts';
import { eventTypes } from '../../../src/contracts/cloud-events.ts';
import { DeadLetterFacts } from '../../../src/contracts/dead-letter.ts';
import { Decision } from '../../../src/contracts/decision.ts';
import { Fingerprint, StreamDecision } from '../../../src/contracts/stream.ts';
import { UploadEvent } from '../../../src/contracts/upload.ts';
import type { Topic } from '../../../src/log/log.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

interface ObjectSchema {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** As JSON has it, without the `$id` by which the service refers to it. */
export function plainSchema(schema: TSchema): JsonSchema {
  const { $id: _, ...rest } = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  return rest;
}

const text = (description: string, more: JsonSchema = {}) => ({ type: 'string', description, ...more });

/** Headers of every event in binary mode. */
export function cloudEventHeadersSchema(topic: Topic): JsonSchema {
  return {
    type: 'object',
    required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type'],
    properties: {
      ce_specversion: { const: '1.0' },
      ce_id: text('Identifies the event; the same again is a redelivery.', { minLength: 1, maxLength: 256 }),
      ce_source: text('A URI reference to who says so.', { minLength: 1, format: 'uri-reference' }),
      ce_type: { const: eventTypes[topic] },
      ce_time: text('When it came about, RFC 3339.', { format: 'date-time' }),
      ce_subject: text('What it is about: the upload, the stream or the content.'),
      'content-type': text('Of the value.', { examples: ['application/json'] }),
    },
  };
}

/** The facts as they stand in headers: each one a text. */
export function deadLetterHeadersSchema(): JsonSchema {
  const facts = plainSchema(DeadLetterFacts) as unknown as ObjectSchema;
  const headerOf = (name: string) => `x-dlq-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const properties = Object.entries(facts.properties).map(([name, fact]) => [headerOf(name), asText(fact)]);
  const envelope = cloudEventHeadersSchema('dead-letters') as unknown as ObjectSchema;
  return {
    type: 'object',
    description: 'Besides, the headers of the record: as they were, or as x-original-<name> where the name is taken.',
    required: [...(envelope.required ?? []), ...(facts.required ?? []).map(headerOf)],
    properties: { ...envelope.properties, ...Object.fromEntries(properties) },
  };
}

function asText({ type, minimum: _, ...rest }: JsonSchema): JsonSchema {
  if (type === 'integer') return { ...rest, type: 'string', pattern: '^\\d+$' };
  if (type === 'boolean') return { ...rest, type: 'string', enum: ['true', 'false'] };
  return type === undefined ? rest : { ...rest, type };
}

/** By the name of their file. */
export function eventSchemas(): Readonly<Record<string, JsonSchema>> {
  const document = (name: string, title: string, schema: JsonSchema) => ({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:floodgate:${name}:v1`,
    title,
    ...schema,
  });
  return {
    upload: document('upload', 'Upload event', plainSchema(UploadEvent)),
    decision: document('decision', 'Decision', plainSchema(Decision)),
    'stream-decision': document('stream-decision', 'Decision on a live stream', plainSchema(StreamDecision)),
    fingerprint: document('fingerprint', 'Fingerprint of a segment', plainSchema(Fingerprint)),
    'bank-record': document('bank-record', 'Part of known content', plainSchema(BankRecord)),
    'dead-letter-headers': document('dead-letter-headers', 'Headers of a dead letter', deadLetterHeadersSchema()),
  };
}
