/** A broadcast over HTTP, as hashes: known content, its segments, and what is said of the stream. */
import type { Decision } from '../../src/contracts/decision.ts';
import type { Stream, StreamDecision } from '../../src/contracts/stream.ts';
import { hexOfHash } from '../../src/kernel/hash-text.ts';
import type { LogRecord } from '../../src/log/log.ts';
import { call, postJson } from './service-calls.ts';
import { knownFrames, type SegmentFrame, segmentFrames, segmentMs } from './stream-segments.ts';

const hashed = (frames: readonly SegmentFrame[]) =>
  frames.map(({ timeMs, hash }) => ({ timeMs, quality: 90, hash: hexOfHash(hash) }));

export async function addBroadcastContent(url: string): Promise<void> {
  const addition = { contentId: 'content-1', frames: hashed(knownFrames(10)), durationMs: 10 * segmentMs };
  const { status } = await postJson(`${url}/v1/bank`, addition);
  if (status !== 201) throw new Error(`known content was not added: ${status}`);
}

/** Resolves with the decision on the segment. */
export async function sendSegment(url: string, streamId: string, sequence: number): Promise<Decision> {
  const upload = {
    uploadId: `${streamId}-${sequence}`,
    content: { frames: hashed(segmentFrames(sequence)), durationMs: segmentMs },
    stream: { id: streamId, sequence },
  };
  const key = { 'idempotency-key': `event-${streamId}-${sequence}` };
  const { status, body } = await postJson<Decision>(`${url}/v1/uploads?wait=40`, upload, key);
  if (status !== 200) throw new Error(`segment ${sequence} was not decided: ${status} ${JSON.stringify(body)}`);
  return body;
}

export async function streamOf(url: string, streamId: string): Promise<Stream> {
  return (await call<Stream>(`${url}/v1/streams/${encodeURIComponent(streamId)}`)).body;
}

/** What is in the log of one stream, in the order of its revisions. */
export function streamDecisionsIn(records: readonly Pick<LogRecord, 'value'>[], streamId: string): StreamDecision[] {
  return records
    .map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString('utf8')) as StreamDecision)
    .filter((decision) => decision.streamId === streamId);
}
