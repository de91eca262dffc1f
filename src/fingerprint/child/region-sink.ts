/**
 * Looks at parts of the frames that a sampler emits: at the known views of each frame at once, for the bank; at the
 * regions of an upload when its frames have been sampled, since what surrounds a picture shows over several of them.
 */
import { limits } from '../../config/limits.ts';
import type { Hasher } from '../../kernel/hasher.ts';
import { affineOf, knownViews, regionOfView } from '../../match/region.ts';
import type { SampledFrame, SamplingMode, ViewHash } from '../fingerprinter.ts';
import type { FrameSink } from './frame-sink.ts';
import { detectRegions, type UploadRegion } from './regions/detect-regions.ts';
import { spreadOrder } from './sampling.ts';

interface KeptFrame {
  readonly timeMs: number;
  readonly base: Uint8Array;
}

/** Side of the pictures in which regions are detected, pixels. */
const detectedSide = 128;

export class RegionSink implements FrameSink {
  readonly #sink: FrameSink;
  readonly #hasher: Hasher;
  readonly #regions: boolean;
  readonly #views: boolean;
  #kept: KeptFrame[] = [];
  /** Every so many frames one is kept; grows when there are more than can be. */
  #stride = 1;
  #emitted = 0;

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

  emitRegions(...batch: Parameters<FrameSink['emitRegions']>): void {
    this.#sink.emitRegions(...batch);
  }

  /** The frame must be the one that the hasher has just hashed. */
  emit(frame: SampledFrame, aspect: number): void {
    if (this.#regions || this.#views) this.#hasher.makeBase();
    this.#sink.emit(this.#looked(frame, aspect), aspect);
    if (this.#regions) this.#keep(frame.timeMs);
  }

  /** Emits the regions of the frames that were kept: the likely ones of all frames, then the others. */
  async finish(): Promise<void> {
    if (!this.#regions || this.#kept.length === 0 || this.stopped) return;
    const regions = detectRegions(this.#pictures(), detectedSide);
    for (const tier of [1, 2] as const) {
      const ofTier = regions.filter((each) => each.tier === tier);
      for (const at of spreadOrder(this.#kept.length)) {
        const kept = this.#kept[at];
        if (kept !== undefined && !this.stopped) this.#look(kept, ofTier);
        await this.breathe();
      }
    }
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

  #keep(timeMs: number): void {
    if (this.#emitted % this.#stride === 0) this.#kept.push({ timeMs, base: this.#hasher.copyBase() });
    this.#emitted += 1;
    if (this.#kept.length <= limits.regionFramesMax) return;
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  #pictures(): Uint8Array[] {
    const step = Math.max(1, this.#kept.length / limits.detectionFramesMax);
    const count = Math.min(this.#kept.length, limits.detectionFramesMax);
    return Array.from({ length: count }, (_, at) => {
      const kept = this.#kept[Math.floor(at * step)];
      if (kept !== undefined) this.#hasher.loadBase(kept.base);
      return this.#hasher.thumbnail(detectedSide);
    });
  }

  #look({ timeMs, base }: KeptFrame, regions: readonly UploadRegion[]): void {
    this.#hasher.loadBase(base);
    const looked = regions.flatMap(({ region, tier }) => {
      // Regions of an upload stand upright, so its proportions do not matter.
      const { hashes, quality } = this.#hasher.hashRegionDihedral(affineOf(region, 1));
      return quality === 0 ? [] : [{ region, tier, quality, hashes }];
    });
    if (looked.length > 0) this.#sink.emitRegions({ timeMs, regions: looked });
  }
}
