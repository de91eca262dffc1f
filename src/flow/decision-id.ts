/** The deterministic id of a decision: UUIDv5 (RFC 9562, section 5.5) of the upload or stream and its revision. */
import { createHash } from 'node:crypto';

/** Floodgate's own namespace for UUIDv5. Changing it changes every decision id. */
const namespace = Buffer.from('9a1f4c0e6b7d5d0c8e2a3f5b7c9d1e2f', 'hex');

/** The same upload and revision give the same id, on every machine. */
export function decisionIdOf(uploadId: string, revision: number): string {
  return uuidOf(`${uploadId}\n${revision}`);
}

/** Never that of an upload: an upload id has no line break in it. */
export function streamDecisionIdOf(streamId: string, revision: number): string {
  return uuidOf(`stream\n${streamId}\n${revision}`);
}

function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
