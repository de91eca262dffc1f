/** Known hashes and uploads for the benches on Kafka, made from a seed. */
import { createHash } from 'node:crypto';
import type { BankEntry } from '../../../src/bank/bank-records.ts';
import { recordsOfRevision } from '../../../src/bank/bank-records.ts';
import { cloudEventRecord } from '../../../src/contracts/cloud-events.ts';
import type { UploadEvent } from '../../../src/contracts/upload.ts';
import { createRandom, type Random } from '../../../src/demo/random.ts';
import type { NewRecord } from '../../../src/log/log.ts';

const hashBytes = 32;
/** Bits of a copy's hash that differ from the known one: well within the radius of the rule for pictures. */
const copyBitsMax = 20;

/** Pseudorandom, of no picture: hashes of different contents are some 128 bits apart. */
export function knownHash(seed: number, index: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${seed}/${index}`).digest());
}

export interface KnownSet {
  readonly seed: number;
  readonly hashes: number;
  readonly hashesPerContent: number;
}

/** Records of the bank, content by content. */
export function* bankRecords({ seed, hashes, hashesPerContent }: KnownSet): Generator<NewRecord[]> {
  const addedAt = new Date().toISOString();
  for (let first = 0; first < hashes; first += hashesPerContent) {
    const count = Math.min(hashesPerContent, hashes - first);
    const entry: BankEntry = {
      contentId: `known/${first / hashesPerContent}`,
      bank: 'bench',
      labels: [],
      kind: count === 1 ? 'image' : 'video',
      sha256: undefined,
      durationMs: count === 1 ? 0 : count * 1_000,
      framesPerSecond: count === 1 ? 0 : 1,
      frames: Array.from({ length: count }, (_, frame) => ({
        timeMs: frame * 1_000,
        quality: 100,
        hash: knownHash(seed, first + frame),
      })),
    };
    yield recordsOfRevision(entry, 1, 0, addedAt);
  }
}

/** One picture with one ready hash: in `copyShare` of the cases a copy of something known, otherwise of nothing. */
export function uploadRecord(known: KnownSet, index: number, copyShare: number, tag: string): NewRecord {
  const random = createRandom(known.seed * 1_000_003 + index);
  const isCopy = random.chance(copyShare);
  const hash = isCopy
    ? flipped(knownHash(known.seed, random.whole(0, known.hashes - 1)), random)
    : knownHash(known.seed + 1, index);
  return uploadOf(`${tag}-${index}`, hash);
}

/** An upload event of one picture, keyed and enveloped as a producer would. */
export function uploadOf(uploadId: string, hash: Uint8Array): NewRecord {
  const uploadedAt = new Date().toISOString();
  const event: UploadEvent = {
    uploadId,
    uploadedAt,
    content: { frames: [{ timeMs: 0, quality: 100, hash: Buffer.from(hash).toString('hex') }] },
  };
  return cloudEventRecord('uploads', uploadId, event, {
    id: `${uploadId}/1`,
    source: '/bench',
    subject: uploadId,
    time: uploadedAt,
  });
}

function flipped(hash: Uint8Array, random: Random): Uint8Array {
  const copy = new Uint8Array(hash);
  for (let count = random.whole(0, copyBitsMax); count > 0; count -= 1) {
    const bit = random.whole(0, hashBytes * 8 - 1);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return copy;
}
