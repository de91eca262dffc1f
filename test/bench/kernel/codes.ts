/**
 * The codes and queries of the search rows, from a seed, and what a search has to find.
 *
 * Codes are uniform random bits: real hashes of unrelated frames lie as far apart (mean 128, deviation 8), and only
 * random ones can be had by the ten million. Queries alternate: a code with 0 to 31 bits flipped, then a random one.
 */
import { createRandom, type Random } from '../../../src/demo/random.ts';

export const hashBytes = 32;
export const radiusBits = 31;
const words = hashBytes / 4;

export function randomCodes(count: number, random: Random): Uint8Array {
  const bits = new Uint32Array(count * words);
  for (let at = 0; at < bits.length; at++) bits[at] = random.whole(0, 0xffffffff);
  return new Uint8Array(bits.buffer);
}

export function codeAt(codes: Uint8Array, at: number): Uint8Array {
  return codes.subarray(at * hashBytes, (at + 1) * hashBytes);
}

/** Even ones have a code of the bank within the radius, odd ones are random. */
export function makeQueries(codes: Uint8Array, count: number, random: Random): Uint8Array {
  const queries = randomCodes(count, random);
  const codeCount = codes.length / hashBytes;
  for (let at = 0; at < count; at += 2) {
    const near = codeAt(codes, random.whole(0, codeCount - 1)).slice();
    flipBits(near, random.whole(0, radiusBits), random);
    queries.set(near, at * hashBytes);
  }
  return queries;
}

function flipBits(code: Uint8Array, count: number, random: Random): void {
  const flipped = new Set<number>();
  while (flipped.size < count) flipped.add(random.whole(0, hashBytes * 8 - 1));
  for (const bit of flipped) code[bit >> 3] = (code[bit >> 3] ?? 0) ^ (1 << (bit & 7));
}

export type BankKind = 'uniform' | 'identical' | 'near-identical';

const titleCards = 8;
const repeatedShare = 0.05;

/**
 * A bank as films make one: of the codes, 5 % are those of eight title cards. `identical`: exactly those. `near-identical`:
 * half of them exactly those, the others with 1 to 4 bits flipped by the encoder.
 */
export function makeBank(kind: BankKind, count: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const codes = randomCodes(count, random);
  if (kind === 'uniform') return codes;
  const cards = randomCodes(titleCards, random);
  for (let repeat = 0; repeat < count * repeatedShare; repeat++) {
    const code = codeAt(cards, random.whole(0, titleCards - 1)).slice();
    if (kind === 'near-identical' && random.chance(0.5)) flipBits(code, random.whole(1, 4), random);
    codes.set(code, random.whole(0, count - 1) * hashBytes);
  }
  return codes;
}

/** Per query, the hits as position * 512 + distance, ascending. */
export type Truth = readonly (readonly number[])[];

const blockCodes = 4096;

/**
 * Every code within the radius of every query, by a loop that shares nothing with any index: three words of eight are
 * compared, and what is still within the radius is counted in full.
 */
export function findTruth(codes: Uint8Array, queries: Uint8Array): Truth {
  const bank = new Uint32Array(codes.buffer, codes.byteOffset, codes.length / 4);
  const asked = new Uint32Array(queries.buffer, queries.byteOffset, queries.length / 4);
  const truth = Array.from({ length: asked.length / words }, (): number[] => []);
  for (let from = 0; from < bank.length; from += blockCodes * words) {
    const to = Math.min(from + blockCodes * words, bank.length);
    truth.forEach((hits, query) => {
      findInBlock(bank, from, to, asked, query * words, hits);
    });
  }
  return truth;
}

function findInBlock(
  bank: Uint32Array,
  from: number,
  to: number,
  asked: Uint32Array,
  query: number,
  hits: number[],
): void {
  const a = asked[query] ?? 0;
  const b = asked[query + 1] ?? 0;
  const c = asked[query + 2] ?? 0;
  for (let at = from; at < to; at += words) {
    const first = quarters((bank[at] ?? 0) ^ a) + quarters((bank[at + 1] ?? 0) ^ b) + quarters((bank[at + 2] ?? 0) ^ c);
    if (sumOfQuarters(first) > radiusBits) continue;
    let distance = 0;
    for (let word = 0; word < words; word++) {
      distance += sumOfQuarters(quarters((bank[at + word] ?? 0) ^ (asked[query + word] ?? 0)));
    }
    if (distance <= radiusBits) hits.push((at / words) * 512 + distance);
  }
}

/** Ones of each four bits, side by side; three such words can be added before a field of four bits overflows. */
function quarters(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  return (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
}

function sumOfQuarters(fields: number): number {
  const bytes = (fields & 0x0f0f0f0f) + ((fields >>> 4) & 0x0f0f0f0f);
  return Math.imul(bytes, 0x01010101) >>> 24;
}

/** Counts what a row found against the truth. A hit counts when query, position and distance are all right. */
export class Recall {
  readonly #truth: Truth;
  #expected = 0;
  #found = 0;
  #wrong = 0;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** `hits`: query, position, distance, and so on, of the queries from `first` on. */
  count(first: number, count: number, hits: ArrayLike<number>): void {
    const expected = new Set<string>();
    for (let query = first; query < first + count; query++) {
      for (const hit of this.#truth[query] ?? []) expected.add(`${query}:${hit}`);
    }
    this.#expected += expected.size;
    for (let at = 0; at < hits.length; at += 3) {
      const hit = `${hits[at]}:${(hits[at + 1] ?? 0) * 512 + (hits[at + 2] ?? 0)}`;
      if (expected.delete(hit)) this.#found++;
      else this.#wrong++;
    }
  }

  /** Hits that are not there, that came twice, or that have another distance. */
  get wrong(): number {
    return this.#wrong;
  }

  /** 1 where nothing was to be found. */
  get share(): number {
    return this.#expected === 0 ? 1 : this.#found / this.#expected;
  }
}
