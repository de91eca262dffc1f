/**
 * The frames of known content in the kernel's index: each unique hash once, with postings of where it stands. Searches
 * give the closest matches first and say when there were more than may be reported.
 */
import { limits } from '../config/limits.ts';
import { dihedralNames } from '../contracts/common.ts';
import type { Frame } from '../contracts/packed-frames.ts';
import type { SampledFrame } from '../fingerprint/fingerprinter.ts';
import type { HammingIndex, Hits } from '../kernel/hamming-index.ts';
import type { FrameMatch } from '../match/frame-match.ts';
import type { BankSearch } from './bank.ts';
import { affordableRadius, byDistance, searchClosest } from './closest-hits.ts';
import type { TableImage } from './columns.ts';
import { runBreakMs } from './frame-runs.ts';
import { createPostings, type Posting } from './postings.ts';

export interface KnownFrames {
  /**
   * Indexes the frames of the content in a row, searchable at once. Throws bank_full when the index has no room, and has
   * then changed nothing.
   */
  add(row: number, frames: readonly Frame[], framesPerSecond: number): void;
  remove(row: number): void;
  /** See Bank. */
  search(frame: SampledFrame, wideBits: number, views?: readonly number[]): BankSearch;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

export interface KnownFramesOptions {
  readonly index: HammingIndex;
  /** The number of the content in a row. */
  readonly numberOf: (row: number) => number;
  /** limits.hotHashesMax when left out. */
  readonly hotHashesMax: number | undefined;
}

/** Empty, or as they were when the image was taken. */
export function createKnownFrames(options: KnownFramesOptions, image?: TableImage): KnownFrames {
  const { index, numberOf, hotHashesMax } = options;
  const postings = createPostings(image);

  const remove = (row: number): void => {
    for (const slot of postings.removeContent(row)) index.remove(slot);
  };

  return {
    add(row, frames, framesPerSecond) {
      try {
        for (const { hash, fromMs, untilMs, quality } of rangesOf(frames, framesPerSecond)) {
          postings.add(index.insert(hash), { row, fromMs, untilMs, quality });
        }
      } catch (error) {
        remove(row);
        throw error;
      }
    },
    remove,
    image: () => postings.image(),
    search(frame, wideBits, views = allViews) {
      const radiusBits = affordableRadius(index, wideBits, hotHashesMax);
      const queries = hashesOf(frame, views);
      const { hits, narrowed } = searchClosest((bits, hitsMax) => index.search(queries, bits, hitsMax), radiusBits);
      const matches: FrameMatch[] = [];
      let capped = narrowed;
      for (const hit of byDistance(hits)) {
        postings.visit(hits.slot[hit] ?? 0, (posting) => {
          capped ||= matches.length >= limits.matchesPerFrameMax;
          if (matches.length < limits.matchesPerFrameMax) {
            matches.push(matchOf(frame, hits, hit, posting, numberOf(posting.row), views));
          }
          return !capped;
        });
        if (matches.length >= limits.matchesPerFrameMax && capped) break;
      }
      return { matches, capped, radiusBits };
    },
  };
}

const allViews: readonly number[] = dihedralNames.map((_name, view) => view);

function hashesOf({ hashes }: SampledFrame, views: readonly number[]): Uint8Array {
  if (views.length === dihedralNames.length) return hashes;
  const chosen = new Uint8Array(views.length * limits.hashBytes);
  for (const [place, view] of views.entries()) {
    chosen.set(hashes.subarray(view * limits.hashBytes, (view + 1) * limits.hashBytes), place * limits.hashBytes);
  }
  return chosen;
}

function matchOf(
  frame: SampledFrame,
  hits: Hits,
  hit: number,
  posting: Posting,
  contentNumber: number,
  views: readonly number[],
): FrameMatch {
  return {
    uploadTimeMs: frame.timeMs,
    knownTimeMs: posting.fromMs,
    knownUntilMs: posting.untilMs,
    contentNumber,
    dihedral: views[hits.query[hit] ?? 0] ?? 0,
    distanceBits: hits.distanceBits[hit] ?? 0,
    quality: Math.min(frame.quality, posting.quality),
    uploadHash: frame.hashes.subarray(0, limits.hashBytes),
  };
}

interface FrameRange {
  readonly hash: Uint8Array;
  fromMs: number;
  untilMs: number;
  quality: number;
}

/** Runs of identical frames as ranges, so that a still hour is one posting and not thousands. */
function rangesOf(frames: readonly Frame[], framesPerSecond: number): FrameRange[] {
  const breakMs = runBreakMs(framesPerSecond);
  const ranges: FrameRange[] = [];
  for (const { hash, timeMs, quality } of inOrder(frames)) {
    const last = ranges[ranges.length - 1];
    if (last !== undefined && timeMs - last.untilMs <= breakMs && isSame(last.hash, hash)) {
      last.untilMs = timeMs;
      last.quality = Math.min(last.quality, quality);
    } else {
      ranges.push({ hash, fromMs: timeMs, untilMs: timeMs, quality });
    }
  }
  return ranges;
}

function inOrder(frames: readonly Frame[]): readonly Frame[] {
  const isInOrder = frames.every(({ timeMs }, at) => at === 0 || timeMs >= (frames[at - 1]?.timeMs ?? 0));
  return isInOrder ? frames : [...frames].sort((a, b) => a.timeMs - b.timeMs);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== b[at]) return false;
  }
  return true;
}
