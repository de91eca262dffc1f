/** One pass over a video: what has been sampled, and the walk that decodes in order of time. */
import { limits } from '../../config/limits.ts';
import { hammingDistanceBits } from '../../kernel/hash-text.ts';
import type { FingerprintResult } from '../fingerprinter.ts';
import { ContentFailure } from './failure.ts';
import type { FrameSink } from './frame-sink.ts';
import type { FrameSource, Picture } from './frame-source.ts';
import { largestGap, type Ticks } from './sampling.ts';

/** Parts of frames are looked at when there are so many more of them, and half as many more as there were. */
const stretchFrames = 8;
const stretchGrowth = 1.5;
/** And before so much is decoded that nobody looks at: a second of film takes longer than the parts of some frames. */
const longWayMs = 1_000;
const looksBeforeWaysMax = 4;

export class VideoPass {
  readonly source: FrameSource;
  readonly sink: FrameSink;
  readonly framesMax: number;
  /** Grows when packets turn up after the end that the container announced. */
  durationMs: number;
  truncated = false;
  /** Frames were wanted that were not to be decoded. */
  shed = false;
  readonly #taken = new Set<number>();
  #nextLookFrames = stretchFrames;
  #lookedFrames = 0;
  #looksBeforeWays = 0;
  /** The usual view of frames that show something, and each of them something else. */
  readonly #telling: Uint8Array[] = [];

  constructor(source: FrameSource, sink: FrameSink, framesMax: number) {
    this.source = source;
    this.sink = sink;
    this.framesMax = framesMax;
    this.durationMs = source.durationMs;
  }

  /** True when nothing more is to be sampled. */
  get ended(): boolean {
    return this.sink.stopped || this.#taken.size >= this.framesMax;
  }

  /** True when enough different pictures were seen to know a copy by; dark, flat and still ones count for little. */
  get isTelling(): boolean {
    return this.#telling.length >= limits.tellingFramesMin;
  }

  /** Moments sampled so far, ascending. */
  get sampledMs(): number[] {
    return [...this.#taken].sort((a, b) => a - b);
  }

  has(timeMs: number): boolean {
    return this.#taken.has(timeMs);
  }

  /** Hashes a picture and hands it on, unless its moment was sampled before. */
  take(picture: Picture): void {
    if (this.ended || this.#taken.has(picture.timeMs)) return;
    const { hashes, quality } = this.source.hash(picture);
    this.#taken.add(picture.timeMs);
    this.#weigh(hashes.subarray(0, limits.hashBytes), quality);
    this.durationMs = Math.max(this.durationMs, picture.timeMs);
    this.sink.emit({ timeMs: picture.timeMs, quality, hashes }, this.source.aspect);
  }

  /** Looks at parts of the frames so far when there are enough more of them: they may well decide. */
  async lookWhenDue(): Promise<void> {
    if (this.#taken.size >= this.#nextLookFrames) await this.#look();
  }

  /** The same before a long way is gone to the next frame, for whatever is new. */
  async lookBefore(wayMs: number): Promise<void> {
    const isWorthIt = wayMs >= longWayMs && this.#taken.size > this.#lookedFrames;
    if (!isWorthIt || this.#looksBeforeWays === looksBeforeWaysMax) return;
    this.#looksBeforeWays += 1;
    await this.#look();
  }

  async #look(): Promise<void> {
    const frames = this.#taken.size;
    this.#lookedFrames = frames;
    this.#nextLookFrames = Math.max(frames + stretchFrames, Math.ceil(frames * stretchGrowth));
    await this.sink.lookCloser();
  }

  #weigh(hash: Uint8Array, quality: number): void {
    if (this.isTelling || quality < limits.tellingQualityMin) return;
    const isNew = this.#telling.every((other) => hammingDistanceBits(other, hash) > limits.sameFrameBitsMax);
    if (isNew) this.#telling.push(hash.slice());
  }

  finish(): FingerprintResult {
    if (this.#taken.size === 0 && !this.sink.stopped) {
      throw new ContentFailure('undecodable', 'no frame of the video could be decoded');
    }
    const sampledMs = this.sampledMs;
    const largestGapMs = largestGap(sampledMs, this.durationMs);
    const capped = sampledMs.length >= this.framesMax && largestGapMs > limits.sparseGapMsMax;
    return {
      media: this.source.media,
      aspect: this.source.aspect,
      durationMs: this.durationMs,
      framesSampled: sampledMs.length,
      largestGapMs,
      complete: !this.sink.stopped && !this.shed,
      degraded: [
        ...(this.truncated ? (['truncated_content'] as const) : []),
        ...(this.source.faults > 0 ? (['decode_errors'] as const) : []),
        ...(capped ? (['frames_capped'] as const) : []),
        ...(this.shed ? (['frames_shed'] as const) : []),
      ],
    };
  }
}

/**
 * Which frames a walk decodes that no other needs: all; none, where a frame or two beside the moment does; or those nearest
 * to a tick, which tells frames of a steady rate as exactly as all do.
 */
export type DecodedFrames = 'all' | 'references' | 'nearest';

/** A frame nearer to a tick than this share of the usual distance between frames may be the nearest; timestamps waver. */
const nearestShare = 0.75;

/**
 * Decodes from where the source stands and takes the picture nearest to each tick.
 * Throws a SeekFault at the first damaged picture when `strict`: what follows a seek must be whole. With `looks` it stops
 * now and then to look at parts of the frames.
 */
export async function walk(
  pass: VideoPass,
  ticks: Ticks,
  how: { readonly frames: DecodedFrames; readonly strict: boolean; readonly looks?: boolean },
): Promise<void> {
  const isWanted = wantedBy(how.frames, ticks, pass.source.frameMs);
  let previous: Picture | null = null;
  while (!pass.ended && ticks.nextMs !== Number.POSITIVE_INFINITY) {
    const step = pass.source.decodeOnward(isWanted);
    if (step === 'end') return takeLast(pass, ticks, previous);
    if (step !== 'again') {
      if (step.corrupt && how.strict) throw new SeekFault();
      takeNearest(pass, ticks, previous, step);
      previous = step;
    }
    if (how.looks === true) await pass.lookWhenDue();
    await pass.sink.breathe();
  }
}

function wantedBy(frames: DecodedFrames, ticks: Ticks, frameMs: number): (timeMs: number) => boolean {
  if (frames === 'all') return () => true;
  if (frames === 'references') return () => false;
  return (timeMs) => ticks.distanceMs(timeMs) <= frameMs * nearestShare;
}

/** After a seek the decoder gave damaged pictures or none: everything has to be decoded from the start. */
export class SeekFault extends Error {
  override readonly name = 'SeekFault';
}

function takeNearest(pass: VideoPass, ticks: Ticks, previous: Picture | null, picture: Picture): void {
  while (ticks.nextMs <= picture.timeMs && !pass.ended) {
    const isPreviousNearer = previous !== null && ticks.nextMs - previous.timeMs < picture.timeMs - ticks.nextMs;
    pass.take(isPreviousNearer ? previous : picture);
    ticks.advance(picture.timeMs);
  }
}

/** The last picture stands until the end of the duration. */
function takeLast(pass: VideoPass, ticks: Ticks, last: Picture | null): void {
  if (last !== null && ticks.nextMs < Math.max(pass.durationMs, last.timeMs + 1)) pass.take(last);
}
