/**
 * Looks at parts of the frames that a sampler emits: at the known views of each frame at once, for the bank; at the
 * regions of an upload when several of its frames have been sampled, since what surrounds a picture shows over them.
 */
import { limits } from '../../config/limits.ts';
import type { Hasher } from '../../kernel/hasher.ts';
import { hashAmong, uprightDihedrals } from '../../match/form.ts';
import { affineOf, knownViews, type Region, regionOfView } from '../../match/region.ts';
import { isWithin } from '../../match/time-span.ts';
import type { SampledFrame, SamplingMode, ViewHash } from '../fingerprinter.ts';
import type { FrameSink } from './frame-sink.ts';
import { planeSide } from './regions/box.ts';
import { type KeptFrame, KeptFrames, spreadOver } from './regions/kept-frames.ts';
import { joinRegions, type ListedRegion, listRegions, type TimedPlane } from './regions/list-regions.ts';
import { spreadOrder } from './sampling.ts';

export class RegionSink implements FrameSink {
  readonly #sink: FrameSink;
  readonly #hasher: Hasher;
  readonly #regions: boolean;
  readonly #views: boolean;
  readonly #kept = new KeptFrames(limits.regionFramesMax);
  /** Frames whose regions were emitted. */
  readonly #seenMs = new Set<number>();
  /** Regions of tier 2 that were looked at, by picture: what looks the same says the same once more. */
  readonly #seenOf = new Map<number, Set<Region>>();
  #listed: readonly ListedRegion[] = [];
  #aspect = 1;

  constructor(sink: FrameSink, hasher: Hasher, mode: SamplingMode) {
    this.#sink = sink;
    this.#hasher = hasher;
    this.#regions = mode.regions === true;
    this.#views = mode.kind === 'dense' && mode.views === true;
  }

  get stopped(): boolean {
    return this.#sink.stopped;
  }

  breathe(): Promise<void> {
    return this.#sink.breathe();
  }

  settle(): Promise<void> {
    return this.#sink.settle();
  }

  emitRegions(...batch: Parameters<FrameSink['emitRegions']>): void {
    this.#sink.emitRegions(...batch);
  }

  /** The frame must be the one that the hasher has just hashed. */
  emit(frame: SampledFrame, aspect: number): void {
    if (this.#regions || this.#views) this.#hasher.makeBase();
    this.#aspect = aspect;
    this.#sink.emit(this.#looked(frame, aspect), aspect);
    if (this.#regions) this.#kept.add({ timeMs: frame.timeMs, base: this.#hasher.copyBase() });
  }

  /**
   * Emits the regions of the frames that were kept: the likely ones of all frames, then the others. A later call adds the
   * frames since, and for all frames the regions that only show in more of them.
   */
  async lookCloser(): Promise<void> {
    const kept = this.#kept.inTime;
    if (!this.#regions || this.stopped || kept.every(({ timeMs }) => this.#seenMs.has(timeMs))) return;
    const known = this.#listed.length;
    const list = listRegions(this.#pictures(kept), this.#aspect, this.#hasher);
    for (const tier of [1, 2] as const) {
      // The others are not even looked for where the likely ones decide.
      if (tier === 2) await this.settle();
      if (this.stopped) return;
      this.#listed = joinRegions(this.#listed, tier === 1 ? list.likely : list.others());
      for (const at of spreadOrder(kept.length)) {
        if (this.stopped) return;
        const frame = kept[at];
        if (frame === undefined) continue;
        const first = this.#seenMs.has(frame.timeMs) ? known : 0;
        const due = regionsFor(frame, this.#listed.slice(first), tier);
        this.#look(frame, tier === 1 ? due : this.#newTo(frame, due));
        await this.breathe();
      }
    }
    for (const { timeMs } of kept) this.#seenMs.add(timeMs);
    // What comes next is decoding.
    await this.settle();
  }

  #looked(frame: SampledFrame, aspect: number): SampledFrame {
    if (this.#views) return this.#withViews(frame, aspect);
    if (!this.#regions) return frame;
    return { ...frame, thumbnail: this.#hasher.thumbnail(limits.uploadThumbnailSide) };
  }

  #withViews(frame: SampledFrame, aspect: number): SampledFrame {
    const views: ViewHash[] = knownViews.map((_, view) => {
      const { hash, quality } = this.#hasher.hashRegion(affineOf(regionOfView(view, aspect), aspect));
      return { view, quality, hash };
    });
    return { ...frame, views, thumbnail: this.#hasher.thumbnail(limits.knownThumbnailSide) };
  }

  #pictures(kept: readonly KeptFrame[]): TimedPlane[] {
    return spreadOver(kept, limits.detectionFramesMax).map(({ timeMs, base }) => {
      this.#hasher.loadBase(base);
      return { timeMs, plane: this.#hasher.thumbnail(planeSide) };
    });
  }

  #newTo({ picture }: KeptFrame, due: readonly ListedRegion[]): ListedRegion[] {
    const seen = this.#seenOf.get(picture) ?? new Set();
    this.#seenOf.set(picture, seen);
    const left = due.filter(({ region }) => !seen.has(region));
    for (const { region } of left) seen.add(region);
    return left;
  }

  #look({ timeMs, base }: KeptFrame, regions: readonly ListedRegion[]): void {
    if (regions.length === 0) return;
    this.#hasher.loadBase(base);
    const looked = regions.flatMap(({ region, tier }) => {
      const { hashes, quality } = this.#hasher.hashRegionDihedral(affineOf(region, this.#aspect));
      return quality === 0 ? [] : [{ region, tier, quality, hashes: tier === 1 ? hashes : uprightOf(hashes) }];
    });
    if (looked.length > 0) this.#sink.emitRegions({ timeMs, aspect: this.#aspect, regions: looked });
  }
}

function uprightOf(hashes: Uint8Array): Uint8Array {
  const upright = new Uint8Array(uprightDihedrals.length * limits.hashBytes);
  uprightDihedrals.forEach((dihedral, place) => {
    upright.set(hashAmong(hashes, dihedral), place * limits.hashBytes);
  });
  return upright;
}

/** Of a tier, each region once; a region that was found in some passages is listed for each of them. */
function regionsFor({ timeMs }: KeptFrame, listed: readonly ListedRegion[], tier: 1 | 2): ListedRegion[] {
  const due = listed.filter(
    (each) => each.tier === tier && (each.within === undefined || isWithin(timeMs, each.within)),
  );
  return due.filter(({ region }, place) => due.findIndex((other) => other.region === region) === place);
}
