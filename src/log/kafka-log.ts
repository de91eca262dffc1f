/**
 * The log on Apache Kafka: many partitions, many processes, one cluster. See docs/specs/kafka-log.md.
 *
 * kafkajs speaks the protocol and keeps the membership in the group; reading, writing, transactions and progress are the
 * files in kafka/, because that is where the client loses, doubles or delays records.
 */
import { setMaxListeners } from 'node:events';
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import { createClient } from './kafka/client.ts';
import type { KafkaConnection } from './kafka/connection.ts';
import type { KafkaLogEvents } from './kafka/events.ts';
import { createCluster } from './kafka/internals.ts';
import { type Delivery, KafkaConsumer } from './kafka/kafka-consumer.ts';
import { KafkaTail } from './kafka/kafka-tail.ts';
import { PartitionWriter } from './kafka/partition-writer.ts';
import { partitionOfKey } from './kafka/partitioner.ts';
import { readPage } from './kafka/read-page.ts';
import { topicNameOf, topicNamesOf } from './kafka/topic-names.ts';
import { Wire } from './kafka/wire.ts';
import {
  type ConsumeOptions,
  type Consumer,
  type Log,
  type LogRecord,
  type NewRecord,
  type PartitionEnd,
  type Position,
  type Tail,
  type TailOptions,
  type Topic,
  topics,
} from './log.ts';

export interface KafkaLogOptions {
  readonly connection: KafkaConnection;
  /** Topics are named `<prefix>.<topic>.v1`. */
  readonly prefix: string;
  readonly delivery: Delivery;
  readonly sessionTimeoutMs?: number;
  readonly events: KafkaLogEvents;
}

export interface KafkaLog extends Log {
  /** Stops at once, as a crash would: the group is not left, what was under way may or may not have been done. */
  abandon(): Promise<void>;
}

/** Brokers that do not answer for so long make the log unwritable for /readyz; shorter outages are nobody's business. */
const troubleMsMax = 5_000;

/** Connects, and looks the topics up. Throws log_failed when the brokers or a topic cannot be reached. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const client = createClient(options.connection, options.events.warned);
  const connect = () =>
    new Wire(
      (maxAgeMs) => createCluster(client.kafka, maxAgeMs),
      topicNamesOf(options.prefix),
      options.events.requestTimedOut,
    );
  const wire = connect();
  try {
    const opening = { what: 'opening the log', signal: AbortSignal.timeout(limits.kafkaOpenMsMax) };
    const clusterId = await wire.persist(() => wire.clusterId(), opening);
    const partitions = new Map<Topic, number>();
    for (const topic of topics) {
      partitions.set(topic, (await wire.partitionsOf(topicNameOf(options.prefix, topic))).length);
    }
    return new ClusteredLog({ ...options, client, connect, wire, partitions, id: `${clusterId}/${options.prefix}` });
  } catch (thrown) {
    await wire.close();
    throw thrown;
  }
}

interface Parts extends KafkaLogOptions {
  readonly client: ReturnType<typeof createClient>;
  readonly connect: () => Wire;
  readonly wire: Wire;
  readonly partitions: ReadonlyMap<Topic, number>;
  readonly id: string;
}

class ClusteredLog implements KafkaLog {
  readonly id: string;
  readonly #parts: Parts;
  readonly #writers = new Map<string, PartitionWriter>();
  readonly #readers = new Set<{ close(): Promise<void> }>();
  readonly #groups = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #trouble = new Map<object, number>();
  #failure: FloodgateError | null = null;
  #closed: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.id = parts.id;
    this.#parts = parts;
    // One for each partition that is written to.
    setMaxListeners(0, this.#stopping.signal);
  }

  async append(records: readonly NewRecord[]): Promise<Position[]> {
    this.#assertOpen();
    assertFits(records);
    const lanes = new Map<PartitionWriter, { partition: number; places: number[] }>();
    for (const [place, record] of records.entries()) {
      const partition = partitionOfKey(record.key, this.#parts.partitions.get(record.topic) ?? 1);
      const writer = this.#writerOf(record.topic, partition);
      const lane = lanes.get(writer) ?? { partition, places: [] };
      lane.places.push(place);
      lanes.set(writer, lane);
    }
    const positions: Position[] = new Array(records.length);
    await Promise.all(
      [...lanes].map(async ([writer, { partition, places }]) => {
        const offsets = await writer.write(
          places.map((place) => records[place]).filter((record) => record !== undefined),
        );
        for (const [index, place] of places.entries()) positions[place] = { partition, offset: offsets[index] ?? 0 };
      }),
    );
    return positions;
  }

  async consume({ topic, group, onAssigned = async () => {} }: ConsumeOptions): Promise<Consumer> {
    this.#assertOpen();
    const key = `${topic} ${group}`;
    if (this.#groups.has(key)) throw new FloodgateError('conflict', `group ${group} already consumes ${topic}`);
    this.#groups.add(key);
    const { client, sessionTimeoutMs = limits.kafkaSessionTimeoutMs, ...parts } = this.#parts;
    const reader = {};
    const consumer = await KafkaConsumer.join({
      ...parts,
      kafka: client.kafka,
      topic,
      group,
      sessionTimeoutMs,
      onAssigned,
      onFailure: (error) => this.#fail(error),
      onTrouble: (sinceMs) => this.#noteTrouble(reader, sinceMs),
      onClose: () => {
        this.#groups.delete(key);
        this.#trouble.delete(reader);
      },
    });
    return this.#adopted(consumer);
  }

  async tail(options: TailOptions): Promise<Tail> {
    this.#assertOpen();
    const reader = {};
    const tail = new KafkaTail({
      ...options,
      prefix: this.#parts.prefix,
      wire: this.#parts.connect(),
      ends: () => this.ends(options.topic),
      onFailure: (error) => this.#fail(error),
      onTrouble: (sinceMs) => this.#noteTrouble(reader, sinceMs),
      onWarning: this.#parts.events.warned,
      onClose: () => this.#trouble.delete(reader),
    });
    this.#readers.add(tail);
    await tail.start();
    return this.#adopted(tail);
  }

  async read(topic: Topic, from: Position, max: number): Promise<LogRecord[]> {
    const ends = await this.ends(topic);
    const end = ends.find(({ partition }) => partition === from.partition);
    if (end === undefined) return [];
    const { prefix, connect } = this.#parts;
    const start = { ...from, offset: Math.max(from.offset, end.startOffset) };
    return readPage({
      wire: connect(),
      prefix,
      topic,
      from: start,
      max,
      endOffset: end.endOffset,
      ...this.#patience(),
    });
  }

  async ends(topic: Topic): Promise<readonly PartitionEnd[]> {
    this.#assertOpen();
    const { wire, prefix } = this.#parts;
    const name = topicNameOf(prefix, topic);
    return wire.persist(
      async () => {
        const partitions = await wire.partitionsOf(name);
        const [starts, ends] = [await wire.offsets(name, partitions, -2), await wire.offsets(name, partitions, -1)];
        return partitions.map((partition) => {
          const endOffset = ends.get(partition) ?? 0;
          return { partition, startOffset: Math.min(starts.get(partition) ?? 0, endOffset), endOffset };
        });
      },
      { what: `looking up ${name}`, ...this.#patience() },
    );
  }

  unwritable(): string | null {
    if (this.#failure !== null) return this.#failure.message;
    const sinceMs = Math.min(...this.#trouble.values());
    const troubleMs = performance.now() - sinceMs;
    return troubleMs > troubleMsMax ? `the brokers have not answered for ${Math.round(troubleMs / 1000)} s` : null;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async abandon(): Promise<void> {
    this.#failure ??= new FloodgateError('log_failed', 'the log was abandoned');
    this.#parts.client.sever();
    this.#stopping.abort();
    for (const reader of this.#readers) if (reader instanceof KafkaConsumer) reader.abandon();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    const { client, wire } = this.#parts;
    // Requests that nobody answers end then, and what waits for them.
    const patience = setTimeout(() => client.sever(), limits.kafkaCloseMsMax);
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    this.#failure ??= new FloodgateError('log_failed', 'the log is closed');
    await wire.close();
    clearTimeout(patience);
    client.sever();
  }

  /** A reader that was begun while the log was closed ends at once. */
  async #adopted<R extends { close(): Promise<void> }>(reader: R): Promise<R> {
    this.#readers.add(reader);
    if (this.#stopping.signal.aborted) {
      await reader.close();
      this.#assertOpen();
    }
    return reader;
  }

  #writerOf(topic: Topic, partition: number): PartitionWriter {
    const key = `${topic}/${partition}`;
    const { wire, prefix } = this.#parts;
    const writer =
      this.#writers.get(key) ??
      new PartitionWriter({ wire, topic: topicNameOf(prefix, topic), partition, ...this.#patience() });
    this.#writers.set(key, writer);
    return writer;
  }

  #patience(): { signal: AbortSignal; patienceMs: number } {
    return { signal: this.#stopping.signal, patienceMs: limits.kafkaAppendMsMax };
  }

  #fail(error: FloodgateError): void {
    if (this.#failure !== null) return;
    this.#failure = new FloodgateError('log_failed', `the log has failed: ${error.message}`, { cause: error });
    this.#stopping.abort();
    // Whoever waits for records must hear of it, instead of waiting for ever.
    for (const reader of this.#readers) void reader.close();
  }

  #noteTrouble(reader: object, sinceMs: number | null): void {
    if (sinceMs === null) this.#trouble.delete(reader);
    else this.#trouble.set(reader, sinceMs);
  }

  #assertOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#stopping.signal.aborted) throw new FloodgateError('log_failed', 'the log is closing');
  }
}

function assertFits(records: readonly NewRecord[]): void {
  const large = records.find((record) => (record.value?.length ?? 0) > limits.recordBytesMax);
  if (large === undefined) return;
  const facts = `${large.value?.length} bytes, and ${limits.recordBytesMax} are allowed`;
  throw new FloodgateError('payload_too_large', `a record for ${large.topic} has ${facts}`);
}
