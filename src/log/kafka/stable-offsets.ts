/**
 * Committed offsets that no open transaction is about to change (KIP-447, `require_stable`).
 *
 * A transaction is over for its coordinator before the coordinator of the group has applied it, after a restart of the
 * broker for example. Until then a plain request gives the offsets from before, and whoever concludes from them that the
 * transaction was aborted does its work twice. The client does not know this version of the request; brokers have it
 * since Kafka 2.5, and older ones are asked the plain way.
 */
import {
  type CommittedOffset,
  createErrorFromCode,
  Decoder,
  Encoder,
  type PartitionRef,
  sendRequest,
  versionMaxOf,
  type WireBroker,
  type WireDecoder,
} from './internals.ts';

const offsetFetchKey = 9;
const stableVersion = 7;

export interface OffsetsQuestion {
  readonly groupId: string;
  readonly topics: readonly PartitionRef[];
}

interface Answered extends CommittedOffset {
  readonly errorCode: number;
}

interface Answer {
  readonly errorCode: number;
  readonly responses: readonly { readonly topic: string; readonly partitions: readonly Answered[] }[];
}

/** An offset of -1 where nothing was committed. Throws UNSTABLE_OFFSET_COMMIT, which is retriable, while any is open. */
export async function fetchStableOffsets(
  broker: WireBroker,
  { groupId, topics }: OffsetsQuestion,
): Promise<readonly { readonly topic: string; readonly partitions: readonly CommittedOffset[] }[]> {
  if (versionMaxOf(broker, offsetFetchKey) < stableVersion) {
    const asked = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((partition) => ({ partition })),
    }));
    return (await broker.offsetFetch({ groupId, topics: asked })).responses;
  }
  const encode = async () => encodeQuestion({ groupId, topics });
  const request = { apiKey: offsetFetchKey, apiVersion: stableVersion, apiName: 'OffsetFetch', encode };
  return (await sendRequest(broker, { request, response: { decode: decodeAnswer, parse: refuseErrors } })).responses;
}

/** Version 7, its header's tagged fields first. Source: Kafka's OffsetFetchRequest.json. */
function encodeQuestion({ groupId, topics }: OffsetsQuestion) {
  const encoded = topics.map(({ topic, partitions }) =>
    new Encoder()
      .writeUVarIntString(topic)
      .writeUVarIntArray(partitions.map((partition) => new Encoder().writeInt32(partition)))
      .writeUVarInt(noTaggedFields),
  );
  return new Encoder()
    .writeUVarInt(noTaggedFields)
    .writeUVarIntString(groupId)
    .writeUVarIntArray(encoded)
    .writeBoolean(true)
    .writeUVarInt(noTaggedFields);
}

const noTaggedFields = 0;

async function decodeAnswer(bytes: Buffer): Promise<Answer> {
  const decoder = new Decoder(bytes);
  decoder.readTaggedFields();
  // Milliseconds for which the broker asks for a pause; it waits by itself.
  decoder.readInt32();
  const responses = decoder.readUVarIntArray(decodeTopic) ?? [];
  return { responses, errorCode: decoder.readInt16() };
}

function decodeTopic(decoder: WireDecoder): Answer['responses'][number] {
  const topic = decoder.readUVarIntString() ?? '';
  const partitions = decoder.readUVarIntArray(decodePartition) ?? [];
  decoder.readTaggedFields();
  return { topic, partitions };
}

function decodePartition(decoder: WireDecoder): Answered {
  const partition = decoder.readInt32();
  const offset = decoder.readInt64().toString();
  // Epoch of the leader, of no use here.
  decoder.readInt32();
  const metadata = decoder.readUVarIntString();
  const errorCode = decoder.readInt16();
  decoder.readTaggedFields();
  return { partition, offset, metadata, errorCode };
}

async function refuseErrors(answer: Answer): Promise<Answer> {
  const codes = [answer.errorCode, ...answer.responses.flatMap(({ partitions }) => partitions.map((p) => p.errorCode))];
  const refused = codes.find((code) => code !== 0);
  if (refused !== undefined) throw createErrorFromCode(refused);
  return answer;
}
