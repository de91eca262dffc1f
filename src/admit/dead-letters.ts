/**
 * A record that cannot be interpreted to a dead letter, and back to the record that it was. Pure.
 *
 * The headers of the record stay as they are, but for those that a dead letter has of its own (its CloudEvents
 * attributes, its content type, its facts): these are kept as `x-original-<name>`.
 */
import { limits } from '../config/limits.ts';
import { cloudEventHeaders } from '../contracts/cloud-events.ts';
import { type DeadLetterCode, type DeadLetterFacts, deadLetterCodes } from '../contracts/dead-letter.ts';
import type { LogRecord, NewRecord } from '../log/log.ts';

/** On a replayed record: which attempt it is, and where the first one stood. */
const attemptHeader = 'x-floodgate-attempt';
const originHeader = 'x-floodgate-origin';
const originalPrefix = 'x-original-';
const factPrefix = 'x-dlq-';
const attemptMax = 1_000_000;
/** More than any sender has a use for. */
const keyCharsMax = 16_384;
/** What a header may take beside its name and value: the prefix, and its framing. */
const headerOverheadBytes = 24;

type Headers = Readonly<Record<string, string>>;

export interface Burial {
  readonly code: DeadLetterCode;
  readonly detail: string;
  /** RFC 3339. */
  readonly at: string;
  readonly appVersion: string;
}

/** What is over the limits of a record is cut, so that a dead letter can always be written; its facts say so. */
export function deadLetterRecord(record: LogRecord, { code, detail, at, appVersion }: Burial): NewRecord {
  const place = `${record.topic}/${record.partition}/${record.offset}`;
  const value = record.value === null ? null : record.value.subarray(0, limits.recordBytesMax);
  const key = record.key.slice(0, keyCharsMax);
  const headers = fittingHeaders(record.headers);
  const facts: DeadLetterFacts = {
    code,
    detail: detail.slice(0, limits.detailCharsMax),
    sourceTopic: record.topic,
    sourcePartition: record.partition,
    sourceOffset: record.offset,
    origin: record.headers[originHeader] ?? place,
    attempt: attemptOf(record.headers),
    appVersion,
    at,
    cut: value?.length !== record.value?.length || key !== record.key || headers !== record.headers,
  };
  const ownHeaders = cloudEventHeaders('dead-letters', { id: place, source: '/floodgate', time: at });
  return {
    topic: 'dead-letters',
    key,
    value,
    headers: {
      ...asOriginal(headers),
      ...ownHeaders,
      // The value is what somebody sent, and need not be JSON.
      'content-type': 'application/octet-stream',
      ...factHeaders(facts),
    },
  };
}

/** Undefined when the record is no dead letter of ours. */
export function factsOf(letter: LogRecord): DeadLetterFacts | undefined {
  const fact = (name: string) => letter.headers[factPrefix + name] ?? '';
  const code = deadLetterCodes.find((each) => each === fact('code'));
  if (code === undefined) return undefined;
  const [sourceTopic, sourcePartition, sourceOffset] = [
    fact('source-topic'),
    Number(fact('source-partition')),
    Number(fact('source-offset')),
  ];
  return {
    code,
    detail: fact('detail'),
    sourceTopic,
    sourcePartition,
    sourceOffset,
    origin: fact('origin') || `${sourceTopic}/${sourcePartition}/${sourceOffset}`,
    attempt: Math.max(1, Number(fact('attempt')) || 1),
    appVersion: fact('app-version'),
    at: fact('at'),
    cut: fact('cut') === 'true',
  };
}

/** The headers of the record as they were before it became a dead letter. */
export function originalHeaders(letter: LogRecord): Record<string, string> {
  const entries = Object.entries(letter.headers).flatMap(([name, value]) => {
    if (name.startsWith(originalPrefix)) return [[name.slice(originalPrefix.length), value]];
    return isReserved(name) ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

/** The record to append to the uploads: as it was, or with a corrected value, marked as one attempt more. */
export function replayRecord(letter: LogRecord, facts: DeadLetterFacts, value = letter.value): NewRecord {
  const marks = { [attemptHeader]: String(facts.attempt + 1), [originHeader]: facts.origin };
  return { topic: 'uploads', key: letter.key, value, headers: { ...originalHeaders(letter), ...marks } };
}

function isReserved(name: string): boolean {
  return (
    name.startsWith('ce_') || name === 'content-type' || name.startsWith('x-dlq-') || name.startsWith(originalPrefix)
  );
}

function asOriginal(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers);
  return Object.fromEntries(entries.map(([name, value]) => [isReserved(name) ? originalPrefix + name : name, value]));
}

/** "sourceTopic" becomes the header "x-dlq-source-topic". */
function factHeaders(facts: DeadLetterFacts): Record<string, string> {
  const entries = Object.entries(facts).map(([name, value]) => [
    factPrefix + name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    String(value),
  ]);
  return Object.fromEntries(entries);
}

/** A producer may send the mark of a replay, and anything in it. */
function attemptOf(headers: Headers): number {
  const attempt = Number(headers[attemptHeader] ?? 1);
  return Number.isInteger(attempt) && attempt >= 1 && attempt <= attemptMax ? attempt : 1;
}

/** All of them when they fit, and otherwise as many as do, the small ones first. */
function fittingHeaders(headers: Headers): Headers {
  const bytesOf = ([name, value]: [string, string]) =>
    headerOverheadBytes + Buffer.byteLength(name) + Buffer.byteLength(value);
  const entries = Object.entries(headers).sort((a, b) => bytesOf(a) - bytesOf(b));
  let bytes = 0;
  const fitting = entries.filter((entry) => {
    bytes += bytesOf(entry);
    return bytes <= limits.recordHeadersBytesMax;
  });
  return fitting.length === entries.length ? headers : Object.fromEntries(fitting);
}
