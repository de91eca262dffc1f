/**
 * The parts of kafkajs that this log is built on: its wire protocol, connections and cluster metadata.
 *
 * kafkajs's producer and consumer lose records on a leader move, wedge after a failed transaction and let one slow
 * partition hold back all others; none of that can be mended from outside (docs/specs/kafka-log.md). Below them lies a
 * sound implementation of the protocol. It is not documented, so kafkajs is pinned to the version this was written for,
 * and this is the only file that knows its layout.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import kafkajs from 'kafkajs';

const load = createRequire(import.meta.url);

/** The version whose layout this file knows; package.json pins it. */
export const kafkajsVersion = '2.2.4';
showEmptiedBatches();

export interface WireMessage {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface WireRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | null | (Buffer | null)[]>>;
  readonly isControlRecord: boolean;
  readonly batchContext: {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly producerId: string;
    readonly inTransaction: boolean;
  };
}

export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: WireRecord[];
}

export interface PartitionRef {
  readonly topic: string;
  readonly partitions: readonly number[];
}

interface OfTopic<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

export interface CommittedOffset {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string | null;
}

export interface ProducerIdentity {
  readonly transactionalId?: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** One broker. Each call is one request; errors are kafkajs's (see fault.ts). */
export interface WireBroker {
  readonly nodeId: string;
  fetch(request: {
    isolationLevel: 0 | 1;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly OfTopic<{ partition: number; fetchOffset: string; maxBytes: number }>[];
  }): Promise<{ responses: readonly { topicName: string; partitions: readonly FetchedPartition[] }[] }>;
  listOffsets(request: {
    isolationLevel: 0 | 1;
    topics: readonly OfTopic<{ partition: number; timestamp: number }>[];
  }): Promise<{ responses: readonly OfTopic<{ partition: number; offset: string }>[] }>;
  produce(
    request: Partial<ProducerIdentity> & {
      acks: -1;
      timeout: number;
      topicData: readonly OfTopic<{ partition: number; firstSequence: number; messages: readonly WireMessage[] }>[];
    },
  ): Promise<{ topics: readonly { partitions: readonly { partition: number; baseOffset: string }[] }[] }>;
  findGroupCoordinator(of: { readonly groupId: string; readonly coordinatorType: 0 | 1 }): Promise<{
    coordinator: { nodeId: number };
  }>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly OfTopic<{ partition: number }>[];
  }): Promise<{ responses: readonly OfTopic<CommittedOffset>[] }>;
  offsetCommit(request: {
    groupId: string;
    memberId: string;
    groupGenerationId: number;
    topics: readonly OfTopic<{ partition: number; offset: string; metadata: string }>[];
  }): Promise<unknown>;
  initProducerId(request: { transactionalId?: string | undefined; transactionTimeout: number }): Promise<{
    producerId: string;
    producerEpoch: number;
  }>;
  addPartitionsToTxn(request: ProducerIdentity & { topics: readonly PartitionRef[] }): Promise<unknown>;
  addOffsetsToTxn(request: ProducerIdentity & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    request: ProducerIdentity & {
      groupId: string;
      topics: readonly OfTopic<{ partition: number; offset: string; metadata: string }>[];
    },
  ): Promise<unknown>;
  endTxn(request: ProducerIdentity & { transactionResult: boolean }): Promise<unknown>;
}

export interface WireCluster {
  readonly brokerPool: { readonly metadata: { readonly clusterId: string | null } | null };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(of: { readonly nodeId: number | string }): Promise<WireBroker>;
  getNodeIds(): readonly string[];
}

/** Opens connections of its own: requests on one connection are answered one after the other. */
export function createCluster(kafka: InstanceType<typeof kafkajs.Kafka>, metadataMaxAge: number): WireCluster {
  const create = Object.getOwnPropertySymbols(kafka).find(({ description }) => description?.endsWith('createCluster'));
  if (create === undefined) throw new Error(`kafkajs is not version ${kafkajsVersion}: it has no createCluster`);
  const own = kafka as unknown as Record<symbol, (options: object) => WireCluster>;
  return (own[create] as (options: object) => WireCluster)({ metadataMaxAge, allowAutoTopicCreation: false });
}

/** Without records of aborted transactions and without control records. Source: kafkajs, after Kafka's own client. */
export const withoutAborted: (fetched: {
  messages: readonly WireRecord[];
  abortedTransactions: FetchedPartition['abortedTransactions'];
}) => WireRecord[] = load('kafkajs/src/consumer/filterAbortedMessages.js');

/** For the patch in request-queue.ts. */
export const RequestQueue: { prototype: { scheduleCheckPendingRequests: () => void } } = load(
  'kafkajs/src/network/requestQueue/index.js',
);

export interface WireConnection {
  /** The latest one; there is none before the first attempt to connect. */
  readonly socket?: Socket;
  /** What has come of an answer that is not complete, and how many bytes it takes to go on with it. */
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  connect(): Promise<boolean>;
}

/** For the patch in answer-framing.ts. */
export const Connection: { prototype: WireConnection } = load('kafkajs/src/network/connection.js');

interface WireEncoder {
  writeInt32(value: number): WireEncoder;
  writeBoolean(value: boolean): WireEncoder;
  writeUVarInt(value: number): WireEncoder;
  writeUVarIntString(value: string): WireEncoder;
  writeUVarIntArray(values: readonly WireEncoder[]): WireEncoder;
}

export interface WireDecoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readUVarIntString(): string | null;
  readUVarIntArray<T>(readOne: (decoder: WireDecoder) => T): T[] | null;
  readTaggedFields(): unknown;
}

export const Encoder: new () => WireEncoder = load('kafkajs/src/protocol/encoder.js');
export const Decoder: new (bytes: Buffer) => WireDecoder = load('kafkajs/src/protocol/decoder.js');
/** For what a broker answers: an error as fault.ts knows it. */
export const { createErrorFromCode }: { createErrorFromCode: (code: number) => Error } = load(
  'kafkajs/src/protocol/error.js',
);

/** A request that the client has no method for. */
export interface WireRequest<A> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<WireEncoder>;
  };
  readonly response: { readonly decode: (bytes: Buffer) => Promise<A>; readonly parse: (answer: A) => Promise<A> };
}

export function sendRequest<A>(broker: WireBroker, request: WireRequest<A>): Promise<A> {
  const symbols = Object.getOwnPropertySymbols(Object.getPrototypeOf(broker));
  const send = symbols.find(({ description }) => description?.endsWith('sendRequest'));
  if (send === undefined) throw new Error(`kafkajs is not version ${kafkajsVersion}: it has no sendRequest`);
  return (broker as unknown as Record<symbol, (request: WireRequest<A>) => Promise<A>>)[send]?.(request) as Promise<A>;
}

/** The newest version of a request that the broker knows; 0 where it does not say. */
export function versionMaxOf(broker: WireBroker, apiKey: number): number {
  const { versions } = broker as unknown as { versions: Readonly<Record<number, { maxVersion: number }>> | null };
  return versions?.[apiKey]?.maxVersion ?? 0;
}

export const { Kafka, CompressionTypes, CompressionCodecs, Partitioners, logLevel } = kafkajs;

interface DecodedBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly firstTimestamp: string;
  readonly records: readonly WireRecord[];
}

/**
 * Of a batch whose records compaction has removed the client shows nothing, so that nobody could tell where the next one
 * begins: after it may come the end, or all the rest of the partition, since a fetch ends with its segment. Here such a
 * batch has one control record in the place of its last. The client loads its decoders with the first fetch, and finds
 * this one then.
 */
function showEmptiedBatches(): void {
  const path = load.resolve('kafkajs/src/protocol/recordBatch/v0/decoder.js');
  const decode: (decoder: unknown) => Promise<DecodedBatch> = load(path);
  const loaded = load.cache[path];
  if (loaded === undefined) throw new Error(`kafkajs is not version ${kafkajsVersion}: it has no ${path}`);
  loaded.exports = async (decoder: unknown): Promise<DecodedBatch> => {
    const batch = await decode(decoder);
    if (batch.records.length > 0) return batch;
    const offset = String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta));
    const last = {
      offset,
      timestamp: batch.firstTimestamp,
      key: null,
      value: null,
      headers: {},
      isControlRecord: true,
    };
    return { ...batch, records: [{ ...last, batchContext: batch as unknown as WireRecord['batchContext'] }] };
  };
}
