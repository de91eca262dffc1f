/**
 * What the regions of an upload have in common with one known content, told apart by hypothesis: this region, in this
 * form, shows that view. Hypotheses never mix on one line in time, for geometry is constant within a copy.
 *
 * Hits are kept as they come, in columns: a still scene has a hundred thousand of them a frame, and only those of the few
 * hypotheses that weigh most are ever looked at one by one.
 */
import { limits } from '../config/limits.ts';
import { evidenceOf } from './alignment.ts';
import type { DeepContent, ViewHits } from './deep-content.ts';
import { dihedralOf, type Form, formsCount } from './form.ts';
import type { FrameMatch } from './frame-match.ts';
import { knownViews } from './region.ts';

/** One region of one frame of the upload, with its rotations and flips. */
export interface UploadView {
  readonly timeMs: number;
  /** Counts the regions of the upload. */
  readonly region: number;
  readonly quality: number;
  /** 32 bytes each, for each position in `dihedralNames` or for the upright ones. */
  readonly hashes: Uint8Array;
  /** The first of them: the region as it is. */
  readonly hash: Uint8Array;
}

export interface Hypothesis {
  readonly region: number;
  readonly form: Form;
  readonly view: number;
  /** Sum over frames of what the closest hit of each is worth. */
  readonly weight: number;
}

/** Hits of one frame of the upload in one content. */
interface FrameHits {
  readonly views: readonly UploadView[];
  readonly forms: readonly Form[];
  readonly hits: ViewHits;
  /** Of each hit its hypothesis. */
  readonly keys: Int32Array;
}

const keysMax = limits.regionsMax * formsCount * knownViews.length;

function keyOf(region: number, form: Form, view: number): number {
  return (region * formsCount + form) * knownViews.length + view;
}

export class HypothesisTable {
  readonly #deep: DeepContent;
  readonly #frames: FrameHits[] = [];
  readonly #weights = new Float32Array(keysMax);
  /** Keys that weigh anything. */
  readonly #keys: number[] = [];
  leastBits: number = limits.hashBits;
  /** What the heaviest hypothesis weighs: no line can score more. */
  heaviestWeight = 0;

  constructor(deep: DeepContent) {
    this.#deep = deep;
  }

  /** Takes the hits of one frame: query i is form `forms[i % n]` of view floor(i / n), n of them. */
  add(views: readonly UploadView[], forms: readonly Form[], hits: ViewHits): void {
    if (hits.count === 0) return;
    const keys = new Int32Array(hits.count);
    const least = new Map<number, number>();
    for (let hit = 0; hit < hits.count; hit++) {
      const bits = hits.distanceBits[hit] ?? limits.hashBits;
      const key = this.#keyOfHit(views, forms, hits, hit);
      keys[hit] = key;
      if (bits < (least.get(key) ?? limits.hashBits)) least.set(key, bits);
    }
    this.#frames.push({ views, forms, hits, keys });
    for (const [key, bits] of least) {
      this.leastBits = Math.min(this.leastBits, bits);
      const before = this.#weights[key] ?? 0;
      const weight = before + evidenceOf(bits);
      if (before === 0 && weight > 0) this.#keys.push(key);
      this.#weights[key] = weight;
      this.heaviestWeight = Math.max(this.heaviestWeight, weight);
    }
  }

  /** Frames that came near: grows with every hit. */
  get frames(): number {
    return this.#frames.length;
  }

  /** The heaviest hypotheses first. */
  heaviest(count: number): Hypothesis[] {
    return [...this.#keys]
      .sort((a, b) => (this.#weights[b] ?? 0) - (this.#weights[a] ?? 0) || a - b)
      .slice(0, count)
      .map((key) => {
        const weight = this.#weights[key] ?? 0;
        const rest = Math.floor(key / knownViews.length);
        return {
          region: Math.floor(rest / formsCount),
          form: rest % formsCount,
          view: key % knownViews.length,
          weight,
        };
      });
  }

  /** All matches of a hypothesis, grouped by frame of the upload. */
  matchesOf({ region, form, view }: Hypothesis): FrameMatch[][] {
    const wanted = keyOf(region, form, view);
    const { fromMs, untilMs, quality, contentNumber } = this.#deep;
    return this.#frames.flatMap(({ views, forms, hits, keys }) => {
      const matches: FrameMatch[] = [];
      for (let hit = 0; hit < hits.count; hit++) {
        if (keys[hit] !== wanted) continue;
        const from = views[Math.floor((hits.query[hit] ?? 0) / forms.length)];
        const entry = hits.entry[hit] ?? 0;
        if (from === undefined) continue;
        matches.push({
          uploadTimeMs: from.timeMs,
          knownTimeMs: fromMs[entry] ?? 0,
          knownUntilMs: untilMs[entry] ?? 0,
          contentNumber,
          dihedral: dihedralOf(form),
          distanceBits: hits.distanceBits[hit] ?? 0,
          quality: Math.min(from.quality, quality[entry] ?? 0),
          uploadHash: from.hash,
          knownEntry: entry,
        });
      }
      return matches.length === 0 ? [] : [matches];
    });
  }

  #keyOfHit(views: readonly UploadView[], forms: readonly Form[], hits: ViewHits, hit: number): number {
    const query = hits.query[hit] ?? 0;
    const region = views[Math.floor(query / forms.length)]?.region ?? 0;
    const form = forms[query % forms.length] ?? 0;
    return keyOf(region, form, this.#deep.view[hits.entry[hit] ?? 0] ?? 0);
  }
}
