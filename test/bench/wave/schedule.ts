/** When uploads arrive and what each of them is, by the seed: the same seed gives the same day. */
import { createRandom, type Random } from '../../../src/demo/random.ts';

/** edited: an edited copy of the incident. identical: its very bytes. unrelated: a clip of something else. */
export type UploadKind = 'edited' | 'identical' | 'unrelated';

/** Of twenty uploads: 50 % edited copies, 15 % identical ones, 35 % of something else. */
const shares: Readonly<Record<UploadKind, number>> = { edited: 10, identical: 3, unrelated: 7 };

export interface PlannedUpload {
  readonly kind: UploadKind;
  /** Which file of its kind, from 0. */
  readonly file: number;
}

export interface FileCounts {
  readonly edited: number;
  readonly unrelated: number;
}

/**
 * One upload after the other, without end. Every twenty have exactly the shares, in an order that the seed draws; every
 * file of a kind has its turn before one comes again.
 */
export function* drawUploads(counts: FileCounts, seed: number): Generator<PlannedUpload, never> {
  const random = createRandom(seed);
  const files = {
    edited: drawRounds(counts.edited, random),
    identical: drawRounds(1, random),
    unrelated: drawRounds(counts.unrelated, random),
  };
  const twenty = Object.entries(shares).flatMap(([kind, count]) => Array<UploadKind>(count).fill(kind as UploadKind));
  for (;;) {
    for (const kind of shuffled(twenty, random)) yield { kind, file: files[kind].next().value };
  }
}

function* drawRounds(count: number, random: Random): Generator<number, never> {
  if (count < 1) throw new Error('there is no file to draw');
  const all = Array.from({ length: count }, (_, index) => index);
  for (;;) yield* shuffled(all, random);
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const drawn = [...items];
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = random.whole(0, last);
    [drawn[last], drawn[other]] = [drawn[other] as T, drawn[last] as T];
  }
  return drawn;
}

export const arrivalKinds = ['poisson', 'even'] as const;
export type ArrivalKind = (typeof arrivalKinds)[number];

/**
 * Moments of arrival in milliseconds from the beginning, ascending and below `seconds`. As a Poisson process the uploads
 * know nothing of each other and come in bunches; evenly spaced they spare the queue.
 */
export function arrivalsMs(rate: number, seconds: number, kind: ArrivalKind, seed: number): number[] {
  const random = createRandom(seed);
  const moments: number[] = [];
  const gap = () => (kind === 'even' ? 1000 / rate : (-Math.log(1 - random.between(0, 1)) * 1000) / rate);
  for (let at = kind === 'even' ? 0 : gap(); at < seconds * 1000; at += gap()) moments.push(at);
  return moments;
}
