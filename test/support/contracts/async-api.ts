/** The AsyncAPI 3.0 document, from the contracts and the plan of the topics; docs/asyncapi.json holds it for other teams. */
import { deadLetterRecord } from '../../../src/admit/dead-letters.ts';
import { settings } from '../../../src/config/settings.ts';
import { readPackageVersion } from '../../../src/config/version.ts';
import { BankRecord, bankRecordKey } from '../../../src/contracts/bank.ts';
import { cloudEventHeaders, eventTypes } from '../../../src/contracts/cloud-events.ts';
import { StreamId, UploadId } from '../../../src/contracts/common.ts';
import { Decision } from '../../../src/contracts/decision.ts';
import { Fingerprint, StreamDecision } from '../../../src/contracts/stream.ts';
import { UploadEvent } from '../../../src/contracts/upload.ts';
import { planTopics } from '../../../src/log/kafka/topic-plan.ts';
import type { Topic } from '../../../src/log/log.ts';
import { type GoldenEvent, goldenEvents } from '../golden-events.ts';
import { cloudEventHeadersSchema, deadLetterHeadersSchema, type JsonSchema, plainSchema } from './event-schemas.ts';

const bindingVersion = '0.5.0';
const hourMs = 3_600_000;
const time = '2026-11-22T10:00:00.000Z';

const abouts: Readonly<Record<Topic, string>> = {
  uploads:
    'What is to be decided. Keyed by uploadId, or by stream.id for segments of a live stream, with the murmur2 partitioner of Kafka.',
  decisions: 'What was decided, in the partition of its upload. Read committed; the highest revision counts.',
  'stream-decisions':
    'What was decided of live streams, in the partition of their segments. Read committed; the highest revision counts.',
  fingerprints: 'What Floodgate has seen of the segments of live streams, to go on from. Floodgate alone reads it.',
  bank: 'Known content, compacted; a record without a value removes its part. Floodgate alone writes here.',
  'dead-letters': 'Upload events that cannot be interpreted, kept whole, with code, origin and attempt.',
};

export function asyncApiDocument(): JsonSchema {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Floodgate',
      version: readPackageVersion(),
      description:
        'Upload services publish uploads, Floodgate publishes decisions, enforcement services act on them. CloudEvents ' +
        '1.0 in binary mode; uploads are accepted in structured mode too. Consumers ignore fields that they do not know; ' +
        'a change that they could not read makes a new topic.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      kafka: {
        host: '{brokers}',
        protocol: 'kafka',
        description: 'Your cluster.',
        variables: { brokers: { default: 'localhost:9092', description: 'host:port' } },
      },
    },
    channels: channels(),
    operations: operations(),
    components: { messages: messages() },
  };
}

function channels(): JsonSchema {
  const plan = planTopics({
    prefix: settings.kafkaTopicPrefix.fallback,
    uploadsRetentionMs: settings.uploadsRetentionHours.fallback * hourMs,
    decisionsRetentionMs: settings.decisionsRetentionHours.fallback * hourMs,
  });
  return Object.fromEntries(
    plan.map(({ topic, name, partitions, replication, settings: planned }) => {
      const numbers = ['retention.ms', 'delete.retention.ms', 'max.message.bytes'];
      const configuration = planned.flatMap(({ key, value }): [string, unknown][] => {
        if (key === 'cleanup.policy') return [[key, [value]]];
        return numbers.includes(key) ? [[key, Number(value)]] : [];
      });
      const kafka = {
        topic: name,
        partitions,
        replicas: replication,
        topicConfiguration: Object.fromEntries(configuration),
        bindingVersion,
      };
      const message = { $ref: `#/components/messages/${topic}` };
      return [
        topic,
        { address: name, description: abouts[topic], messages: { [topic]: message }, bindings: { kafka } },
      ];
    }),
  );
}

function operations(): JsonSchema {
  const operation = (action: 'send' | 'receive', topic: Topic, by: string, summary: string, group?: string) => ({
    action,
    channel: { $ref: `#/channels/${topic}` },
    summary,
    tags: [{ name: by }],
    messages: [{ $ref: `#/channels/${topic}/messages/${topic}` }],
    ...(group === undefined
      ? {}
      : { bindings: { kafka: { groupId: { type: 'string', default: group }, bindingVersion } } }),
  });
  const group = settings.kafkaGroup.fallback;
  return {
    consumeUploads: operation('receive', 'uploads', 'floodgate', 'Floodgate consumes uploads.', group),
    appendUploads: operation(
      'send',
      'uploads',
      'floodgate',
      'Floodgate appends uploads posted over HTTP, and replays.',
    ),
    publishDecisions: operation('send', 'decisions', 'floodgate', 'Floodgate publishes decisions, in transactions.'),
    readDecisions: operation('receive', 'decisions', 'floodgate', 'Floodgate reads its decisions to answer for them.'),
    publishStreamDecisions: operation('send', 'stream-decisions', 'floodgate', 'Floodgate decides live streams.'),
    readStreamDecisions: operation(
      'receive',
      'stream-decisions',
      'floodgate',
      'Floodgate reads what it decided of them.',
    ),
    publishFingerprints: operation('send', 'fingerprints', 'floodgate', 'Floodgate keeps what it saw of segments.'),
    readFingerprints: operation('receive', 'fingerprints', 'floodgate', 'Floodgate goes on with live streams.'),
    publishBank: operation('send', 'bank', 'floodgate', 'Floodgate appends what operators add and remove.'),
    followBank: operation('receive', 'bank', 'floodgate', 'Every process of Floodgate follows the bank.'),
    publishDeadLetters: operation('send', 'dead-letters', 'floodgate', 'Floodgate keeps what it cannot interpret.'),
    readDeadLetters: operation('receive', 'dead-letters', 'floodgate', 'Floodgate lists dead letters.'),
    publishUploads: operation('send', 'uploads', 'producer', 'An upload service publishes an event per upload.'),
    enforceDecisions: operation('receive', 'decisions', 'enforcement', 'An enforcement service acts.', 'enforcement'),
    enforceStreamDecisions: operation(
      'receive',
      'stream-decisions',
      'enforcement',
      'An enforcement service acts on live streams.',
      'enforcement',
    ),
  };
}

function messages(): JsonSchema {
  const uploadKey = { ...plainSchema(UploadId) };
  return {
    uploads: message(
      'uploads',
      'An upload',
      plainSchema(UploadEvent),
      uploadKey,
      goldenEvents('upload'),
      (event, place) => ({
        id: `event-${place + 1}`,
        source: '/uploads/web',
        subject: String(event.uploadId),
        time,
      }),
    ),
    decisions: message(
      'decisions',
      'A decision',
      plainSchema(Decision),
      uploadKey,
      goldenEvents('decision'),
      (event) => ({
        id: String(event.decisionId),
        source: '/floodgate',
        subject: String(event.uploadId),
        time: String(event.decidedAt),
      }),
    ),
    'stream-decisions': message(
      'stream-decisions',
      'A decision on a live stream',
      plainSchema(StreamDecision),
      plainSchema(StreamId),
      goldenEvents('stream-decision'),
      (event) => ({
        id: String(event.decisionId),
        source: '/floodgate',
        subject: String(event.streamId),
        time: String(event.decidedAt),
      }),
    ),
    fingerprints: message(
      'fingerprints',
      'The fingerprint of a segment',
      plainSchema(Fingerprint),
      plainSchema(StreamId),
      goldenEvents('fingerprint'),
      (event) => ({
        id: String(event.eventId),
        source: '/floodgate',
        subject: String(event.uploadId),
        time: String(event.receivedAt),
      }),
    ),
    bank: message(
      'bank',
      'One part of known content',
      plainSchema(BankRecord),
      { type: 'string', description: 'contentId#part' },
      goldenEvents('bank'),
      (event) => ({
        id: `${bankRecordKey(String(event.contentId), Number(event.part))}@${event.revision}/${event.addedAt}`,
        source: '/bank',
        subject: String(event.contentId),
        time: String(event.addedAt),
      }),
    ),
    'dead-letters': {
      name: eventTypes['dead-letters'],
      title: 'A dead letter',
      contentType: 'application/octet-stream',
      headers: deadLetterHeadersSchema(),
      payload: { description: 'The value as it was; it need not be JSON.' },
      bindings: { kafka: { key: { type: 'string', description: 'As it was.' }, bindingVersion } },
      examples: [{ name: 'invalid_json', headers: deadLetterExample(), payload: '{"uploadId":' }],
    },
  };
}

function message(
  topic: Topic,
  title: string,
  payload: JsonSchema,
  key: JsonSchema,
  events: readonly GoldenEvent[],
  attributesOf: (event: GoldenEvent, place: number) => Parameters<typeof cloudEventHeaders>[1],
): JsonSchema {
  return {
    name: eventTypes[topic],
    title,
    contentType: 'application/json',
    headers: cloudEventHeadersSchema(topic),
    payload,
    bindings: { kafka: { key, bindingVersion } },
    examples: events.map((event, place) => ({
      name: `${topic}-${place + 1}`,
      headers: cloudEventHeaders(topic, attributesOf(event, place)),
      payload: event,
    })),
  };
}

function deadLetterExample(): Readonly<Record<string, string>> {
  const headers = { ce_id: 'event-1' };
  const value = Buffer.from('{"uploadId":');
  const record = {
    topic: 'uploads',
    key: 'upload-8c1f',
    value,
    headers,
    partition: 3,
    offset: 17,
    timestampMs: 0,
  } as const;
  const detail = 'the value is not JSON in UTF-8';
  return deadLetterRecord(record, { code: 'invalid_json', detail, at: time, appVersion: readPackageVersion() }).headers;
}
