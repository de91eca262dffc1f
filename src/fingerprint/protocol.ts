/**
 * What parent and child say to each other: one JSON object a line, over two plain pipes.
 *
 * Not Node's own IPC on purpose. A child has parsed hostile bytes and may be hostile itself; Node's channel would give it
 * V8's deserializer, internal commands that hand over handles, and a line buffer without an end. Here every line has a
 * bound and every message from a child is checked field by field before it is believed.
 */
import { type Degradation, degradations, type MediaFacts } from '../contracts/decision.ts';
import type { ErrorCode } from '../errors.ts';
import type { FingerprintResult, RegionBatch, SampledFrame, SamplingMode } from './fingerprinter.ts';
import { type Fields, isAspect, isCount, isRecord, readFrame, readRegions } from './read-frames.ts';

/** Why a job failed in the child; the rest of the codes are the parent's to give. */
export const childFailureCodes = ['unsupported', 'undecodable', 'too_large', 'internal'] as const satisfies ErrorCode[];
export type ChildFailureCode = (typeof childFailureCodes)[number];

export type ToChild =
  | { readonly kind: 'job'; readonly id: number; readonly mode: SamplingMode }
  | { readonly kind: 'stop'; readonly id: number }
  /** All that was said before a "wait" is taken, and more is wanted. */
  | { readonly kind: 'go'; readonly id: number };

export type FromChild =
  /** `videoMissing` is null when the video backend is loaded, otherwise why it is not. */
  | { readonly kind: 'ready'; readonly kernelVersion: string; readonly videoMissing: string | null }
  | ({ readonly kind: 'frame'; readonly id: number } & SampledFrame)
  | ({ readonly kind: 'regions'; readonly id: number } & RegionBatch)
  /** The child does nothing until it hears "go" or "stop"; only after it has said something. */
  | { readonly kind: 'wait'; readonly id: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: FingerprintResult }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ChildFailureCode; readonly detail: string };

/** Bytes of one message. The largest holds the regions of a frame: 8 hashes of 32 bytes each in base64. */
export const messageBytesMax = 65_536;
const detailCharsMax = 500;

export function encodeMessage(message: ToChild | FromChild): string {
  // A replacer is called for every key and takes half of the time; regions have some four hundred keys.
  if (message.kind === 'regions') return `${JSON.stringify({ ...message, regions: message.regions.map(toText) })}\n`;
  return `${JSON.stringify(message, (_key, value: unknown) => (value instanceof Uint8Array ? base64Of(value) : value))}\n`;
}

function toText({ hashes, ...region }: RegionBatch['regions'][number]): object {
  return { ...region, hashes: base64Of(hashes) };
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** Splits a stream into lines. Returns null, and stays useless, once a line is longer than a message may be. */
export function lineSplitter(): (chunk: Buffer) => readonly string[] | null {
  let rest = '';
  let broken = false;
  return (chunk) => {
    if (broken) return null;
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    broken = rest.length > messageBytesMax || lines.some((line) => line.length > messageBytesMax);
    return broken ? null : lines.map((line) => Buffer.from(line, 'latin1').toString('utf8'));
  };
}

/** The child believes its parent: only the parent holds the other end of its standard input. */
export function decodeFromParent(line: string): ToChild {
  return JSON.parse(line) as ToChild;
}

/** Returns null for anything that a sound child would not say. */
export function decodeFromChild(line: string): FromChild | null {
  try {
    const said: unknown = JSON.parse(line);
    return isRecord(said) ? readMessage(said) : null;
  } catch {
    return null;
  }
}

function readMessage(said: Fields): FromChild | null {
  if (said.kind === 'ready') return readReady(said);
  if (!isCount(said.id)) return null;
  if (said.kind === 'frame') return readFrame(said, said.id);
  if (said.kind === 'regions') return readRegions(said, said.id);
  if (said.kind === 'wait') return { kind: 'wait', id: said.id };
  if (said.kind === 'done') return readDone(said, said.id);
  if (said.kind === 'failed') return readFailed(said, said.id);
  return null;
}

function readReady(said: Fields): FromChild | null {
  const { kernelVersion, videoMissing } = said;
  if (typeof kernelVersion !== 'string') return null;
  if (videoMissing !== null && typeof videoMissing !== 'string') return null;
  return { kind: 'ready', kernelVersion, videoMissing };
}

function readDone(said: Fields, id: number): FromChild | null {
  const result = isRecord(said.result) ? said.result : {};
  const { aspect, durationMs, framesSampled, largestGapMs, complete } = result;
  const media = readMedia(result.media);
  if (!isCount(durationMs) || !isCount(framesSampled) || !isCount(largestGapMs)) return null;
  if (typeof complete !== 'boolean' || media === null) return null;
  const degraded = readDegraded(result.degraded);
  const facts = { media, durationMs, framesSampled, largestGapMs, complete, degraded };
  return { kind: 'done', id, result: isAspect(aspect) ? { ...facts, aspect } : facts };
}

function readFailed(said: Fields, id: number): FromChild | null {
  const code = childFailureCodes.find((known) => known === said.code);
  if (code === undefined || typeof said.detail !== 'string') return null;
  return { kind: 'failed', id, code, detail: said.detail.slice(0, detailCharsMax) };
}

function readMedia(said: unknown): MediaFacts | null {
  if (!isRecord(said)) return null;
  const { kind, container, codec, width, height } = said;
  if (kind !== 'image' && kind !== 'video') return null;
  return {
    kind,
    ...(isName(container) ? { container } : {}),
    ...(isName(codec) ? { codec } : {}),
    ...(isCount(width) ? { width } : {}),
    ...(isCount(height) ? { height } : {}),
  };
}

function readDegraded(said: unknown): Degradation[] {
  return Array.isArray(said) ? degradations.filter((known) => said.includes(known)) : [];
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.,-]{1,40}$/.test(value);
}
