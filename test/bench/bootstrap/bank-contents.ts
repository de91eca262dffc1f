/** Made-up known content in the numbers of a shared industry database. The same seed gives the same bank. */
import { type BankEntry, recordsOfRevision } from '../../../src/bank/bank-records.ts';
import { createRandom } from '../../../src/demo/random.ts';
import type { NewRecord } from '../../../src/log/log.ts';

const hashBytes = 32;
const frameMs = 1000;
const spread = 3;

export interface BankSize {
  readonly contents: number;
  /** All of them distinct. */
  readonly hashes: number;
}

/** The records of all contents, so many contents at a time. Frames of a content are `hashes / contents`, give or take. */
export function* recordsOfBank(
  { contents, hashes }: BankSize,
  seed: number,
  perBatch: number,
): Generator<NewRecord[], undefined> {
  const random = createRandom(seed);
  let hashesLeft = hashes;
  for (let from = 0; from < contents; from += perBatch) {
    const batch: NewRecord[] = [];
    for (let content = from; content < Math.min(contents, from + perBatch); content++) {
      const contentsLeft = contents - content;
      const fair = Math.round(hashesLeft / contentsLeft);
      // Every content after this one is left at least one.
      const drawn = Math.max(1, Math.min(fair + random.whole(-spread, spread), hashesLeft - contentsLeft + 1));
      const count = contentsLeft === 1 ? hashesLeft : drawn;
      hashesLeft -= count;
      const addedAt = new Date(Date.UTC(2026, 0, 1) + content * 1000).toISOString();
      batch.push(...recordsOfRevision(entryOf(content, count, random), 1, 0, addedAt));
    }
    yield batch;
  }
  return undefined;
}

function entryOf(content: number, count: number, random: ReturnType<typeof createRandom>): BankEntry {
  const sha256 = Buffer.from(drawBytes(hashBytes, random)).toString('hex');
  return {
    contentId: `sha256:${sha256.slice(0, 32)}`,
    bank: 'shared',
    labels: [`release-${content % 50}`],
    kind: count === 1 ? 'image' : 'video',
    sha256,
    durationMs: (count - 1) * frameMs,
    framesPerSecond: count === 1 ? 0 : 1,
    frames: Array.from({ length: count }, (_, at) => ({
      timeMs: at * frameMs,
      quality: 90,
      hash: drawBytes(hashBytes, random),
    })),
  };
}

function drawBytes(count: number, random: ReturnType<typeof createRandom>): Uint8Array {
  const words = Uint32Array.from({ length: count / 4 }, () => random.between(0, 2 ** 32));
  return new Uint8Array(words.buffer);
}
