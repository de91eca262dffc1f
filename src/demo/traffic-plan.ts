/** What `floodgate traffic` sends, one upload after the other: the plan, as data. The same seed plans the same uploads. */
import type { HashedFrame } from '../contracts/common.ts';
import type { Decision } from '../contracts/decision.ts';
import { createRandom, type Random } from './random.ts';

/** A file made beforehand. A copy names the content that it must be blocked as. */
export interface TrafficFile {
  readonly path: string;
  readonly role: 'copy' | 'unrelated' | 'broken';
  readonly copyOf?: string;
}

export type TrafficUpload =
  | { readonly kind: 'file'; readonly file: TrafficFile }
  | { readonly kind: 'event'; readonly role: 'unrelated' | 'near' | 'flat' | 'forbidden'; readonly content: object };

/** Out of every twenty uploads, on average. What cannot be judged is rare, and is there so that its panels move. */
const mixture = [
  ['copy', 6],
  ['unrelated', 7],
  ['hashes', 2],
  ['near', 1],
  ['broken', 2],
  ['flat', 1],
  ['forbidden', 1],
] as const;
type Kind = (typeof mixture)[number][0];

const bag: readonly Kind[] = mixture.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));

/** Between the radius of a single frame (31 bits) and that of frames which agree in time (60): worth a look, no more. */
const nearDistanceBits = 36;
const framesPerContent = 4;

export class TrafficPlan {
  readonly #random: Random;
  readonly #files: readonly TrafficFile[];
  /** What near uploads come close to. */
  readonly landmark: readonly HashedFrame[];

  constructor(files: readonly TrafficFile[], seed: number) {
    this.#random = createRandom(seed);
    this.#files = files;
    this.landmark = this.hashes();
  }

  next(): TrafficUpload {
    const kind = this.#random.pick(bag);
    switch (kind) {
      case 'copy':
      case 'unrelated':
      case 'broken':
        return { kind: 'file', file: this.#random.pick(this.#files.filter(({ role }) => role === kind)) };
      case 'hashes':
        return { kind: 'event', role: 'unrelated', content: { frames: this.hashes() } };
      case 'near':
        return { kind: 'event', role: 'near', content: { frames: [this.#near()] } };
      case 'flat':
        return { kind: 'event', role: 'flat', content: { frames: [{ ...this.#frame(0), quality: 0 }] } };
      case 'forbidden':
        // The address of cloud metadata: a service that fetched from there would give its credentials away.
        return { kind: 'event', role: 'forbidden', content: { uri: 'http://169.254.169.254/latest/meta-data/' } };
    }
  }

  /** Hashes of no picture, far from everything. */
  hashes(): HashedFrame[] {
    return Array.from({ length: framesPerContent }, (_, index) => this.#frame(index * 500));
  }

  #frame(timeMs: number): HashedFrame {
    const digits = Array.from({ length: 64 }, () => this.#random.whole(0, 15).toString(16));
    return { timeMs, hash: digits.join(''), quality: 100 };
  }

  #near(): HashedFrame {
    const frame = this.#random.pick(this.landmark);
    return { ...frame, timeMs: 0, hash: flipBits(frame.hash, nearDistanceBits) };
  }
}

/** The hash with `count` of its 256 bits turned over, spread evenly. */
export function flipBits(hash: string, count: number): string {
  let bits = BigInt(`0x${hash}`);
  for (let flipped = 0; flipped < count; flipped++) bits ^= 1n << BigInt(Math.floor((flipped * 256) / count));
  return bits.toString(16).padStart(64, '0');
}

/** Copies are blocked as what they are copies of, works that are unrelated are not; of the rest anything is right. */
export function isExpected(upload: TrafficUpload, decision: Decision): boolean {
  // In observe-only mode nothing is blocked; what would have been counts.
  const outcome = decision.observedOutcome ?? decision.outcome;
  if (upload.kind === 'event') return upload.role !== 'unrelated' || outcome !== 'block';
  if (upload.file.role === 'broken') return outcome !== 'block';
  if (upload.file.role === 'unrelated') return outcome !== 'block';
  return outcome === 'block' && decision.matches.some((match) => match.contentId === upload.file.copyOf);
}
