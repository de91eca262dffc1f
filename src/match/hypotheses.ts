/**
 * What the regions of an upload have in common with one known content, told apart by hypothesis: this region, in this
 * rotation or flip, shows that view. Hypotheses never mix on one line in time, for geometry is constant within a copy.
 *
 * Hits are kept as they come, in columns: a still scene has a hundred thousand of them a frame, and only those of the few
 * hypotheses that weigh most are ever looked at one by one.
 */
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import { evidenceOf } from './alignment.ts';
import type { DeepContent, ViewHits } from './deep-content.ts';
import type { FrameMatch } from './frame-match.ts';
import { knownViews } from './region.ts';

/** One region of one frame of the upload, with all its rotations and flips. */
export interface UploadView {
  readonly timeMs: number;
  /** Counts the regions of the upload. */
  readonly region: number;
  readonly quality: number;
  /** A hash of 32 bytes for each position in `dihedralNames`. */
  readonly hashes: Uint8Array;
}

export interface Hypothesis {
  readonly region: number;
  readonly dihedral: number;
  readonly view: number;
  /** Sum over frames of what the closest hit of each is worth. */
  readonly weight: number;
}

/** Hits of one frame of the upload in one content. */
interface FrameHits {
  readonly views: readonly UploadView[];
  readonly dihedrals: readonly number[];
  readonly hits: ViewHits;
}

const keysMax = limits.regionsMax * dihedralNames.length * knownViews.length;

function keyOf(region: number, dihedral: number, view: number): number {
  return (region * dihedralNames.length + dihedral) * knownViews.length + view;
}

export class HypothesisTable {
  readonly #deep: DeepContent;
  readonly #frames: FrameHits[] = [];
  readonly #weights = new Float32Array(keysMax);
  leastBits: number = limits.hashBits;

  constructor(deep: DeepContent) {
    this.#deep = deep;
  }

  /** Takes the hits of one frame: query i is rotation or flip `dihedrals[i % n]` of view floor(i / n), n of them. */
  add(views: readonly UploadView[], dihedrals: readonly number[], hits: ViewHits): void {
    if (hits.count === 0) return;
    this.#frames.push({ views, dihedrals, hits });
    const least = new Uint16Array(keysMax).fill(limits.hashBits);
    for (let hit = 0; hit < hits.count; hit++) {
      const bits = hits.distanceBits[hit] ?? limits.hashBits;
      const key = this.#keyOfHit(views, dihedrals, hits, hit);
      if (bits < (least[key] ?? 0)) least[key] = bits;
    }
    least.forEach((bits, key) => {
      if (bits === limits.hashBits) return;
      this.leastBits = Math.min(this.leastBits, bits);
      this.#weights[key] = (this.#weights[key] ?? 0) + evidenceOf(bits);
    });
  }

  /** What the heaviest hypothesis weighs: no line can score more. */
  get heaviestWeight(): number {
    return this.#weights.reduce((most, weight) => Math.max(most, weight), 0);
  }

  /** The heaviest hypotheses first. */
  heaviest(count: number): Hypothesis[] {
    const keys: number[] = [];
    this.#weights.forEach((weight, key) => {
      if (weight > 0) keys.push(key);
    });
    return keys
      .sort((a, b) => (this.#weights[b] ?? 0) - (this.#weights[a] ?? 0) || a - b)
      .slice(0, count)
      .map((key) => {
        const weight = this.#weights[key] ?? 0;
        const rest = Math.floor(key / knownViews.length);
        return {
          region: Math.floor(rest / dihedralNames.length),
          dihedral: rest % dihedralNames.length,
          view: key % knownViews.length,
          weight,
        };
      });
  }

  /** All matches of a hypothesis, grouped by frame of the upload. */
  matchesOf({ region, dihedral, view }: Hypothesis): FrameMatch[][] {
    const wanted = keyOf(region, dihedral, view);
    const { fromMs, untilMs, quality, contentNumber } = this.#deep;
    return this.#frames.flatMap(({ views, dihedrals, hits }) => {
      const matches: FrameMatch[] = [];
      for (let hit = 0; hit < hits.count; hit++) {
        if (this.#keyOfHit(views, dihedrals, hits, hit) !== wanted) continue;
        const from = views[Math.floor((hits.query[hit] ?? 0) / dihedrals.length)];
        const entry = hits.entry[hit] ?? 0;
        if (from === undefined) continue;
        matches.push({
          uploadTimeMs: from.timeMs,
          knownTimeMs: fromMs[entry] ?? 0,
          knownUntilMs: untilMs[entry] ?? 0,
          contentNumber,
          dihedral,
          distanceBits: hits.distanceBits[hit] ?? 0,
          quality: Math.min(from.quality, quality[entry] ?? 0),
          uploadHash: from.hashes.subarray(0, limits.hashBytes),
        });
      }
      return matches.length === 0 ? [] : [matches];
    });
  }

  #keyOfHit(views: readonly UploadView[], dihedrals: readonly number[], hits: ViewHits, hit: number): number {
    const query = hits.query[hit] ?? 0;
    const region = views[Math.floor(query / dihedrals.length)]?.region ?? 0;
    const dihedral = dihedrals[query % dihedrals.length] ?? 0;
    return keyOf(region, dihedral, this.#deep.view[hits.entry[hit] ?? 0] ?? 0);
  }
}
