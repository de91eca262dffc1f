/** Packed views of a content to entries: of each view, frames that look the same make one, with a time from and until. */
import { limits } from '../config/limits.ts';
import { viewReader } from '../contracts/packed-frames.ts';
import { bitsBetween } from '../match/bits.ts';
import { knownViews } from '../match/region.ts';
import { runBreakMs } from './frame-runs.ts';

/** Columns, `count` long. */
export interface ViewRuns {
  readonly count: number;
  /** Of each run the packed view it begins with: its hash and its time are the run's. */
  readonly first: Uint32Array;
  readonly untilMs: Uint32Array;
  readonly view: Uint8Array;
  /** The least of the run. */
  readonly quality: Uint8Array;
}

/**
 * Views below `qualityMin` and those that this version does not know are left out. A run stays within
 * limits.viewRunBitsMax of its first hash, so that it cannot drift away.
 */
export function viewRunsOf(packed: Uint8Array, framesPerSecond: number, qualityMin: number): ViewRuns {
  const views = viewReader(packed);
  const breakMs = runBreakMs(framesPerSecond);
  const runs = {
    first: new Uint32Array(views.count),
    untilMs: new Uint32Array(views.count),
    view: new Uint8Array(views.count),
    quality: new Uint8Array(views.count),
  };
  /** The last run of each view, + 1. */
  const open = new Uint32Array(knownViews.length);
  let count = 0;
  for (const index of inOrder(views)) {
    const view = views.view(index);
    const [quality, timeMs] = [views.quality(index), views.timeMs(index)];
    if (quality < qualityMin || view >= knownViews.length) continue;
    const last = (open[view] ?? 0) - 1;
    const isRun = last >= 0 && timeMs - (runs.untilMs[last] ?? 0) <= breakMs;
    if (isRun && bitsBetween(views.hash(runs.first[last] ?? 0), views.hash(index)) <= limits.viewRunBitsMax) {
      runs.untilMs[last] = timeMs;
      runs.quality[last] = Math.min(runs.quality[last] ?? 0, quality);
      continue;
    }
    runs.first[count] = index;
    runs.untilMs[count] = timeMs;
    runs.view[count] = view;
    runs.quality[count] = quality;
    count += 1;
    open[view] = count;
  }
  return { count, ...runs };
}

function inOrder({ count, timeMs }: Pick<ReturnType<typeof viewReader>, 'count' | 'timeMs'>): Uint32Array {
  const order = new Uint32Array(count);
  let isInOrder = true;
  for (let index = 0; index < count; index++) {
    order[index] = index;
    if (index > 0 && timeMs(index) < timeMs(index - 1)) isInOrder = false;
  }
  return isInOrder ? order : order.sort((a, b) => timeMs(a) - timeMs(b) || a - b);
}

/** How many of the packed views are put in. */
export function usableViews(packed: Uint8Array, qualityMin: number): number {
  const views = viewReader(packed);
  let count = 0;
  for (let index = 0; index < views.count; index++) {
    if (views.quality(index) >= qualityMin && views.view(index) < knownViews.length) count += 1;
  }
  return count;
}
