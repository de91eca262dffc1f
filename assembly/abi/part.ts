/** The part that an instance plays: its first call decides, for good. */
import { layoutBase, queriesMax } from '../memory-layout';

const noPart: u32 = 0;
export const hasherPart: u32 = 1;
export const storePart: u32 = 2;
export const segmentPart: u32 = 3;
export const builderPart: u32 = 4;

let part: u32 = noPart;

export function takePart(wanted: u32): void {
  assert(part === noPart || part === wanted, 'an instance plays one part');
  assert(__heap_base <= layoutBase, 'the constants of the compiler reach into the layout');
  part = wanted;
}

export function assertPart(wanted: u32): void {
  assert(part === wanted, 'the instance was not started for this');
}

export function assertQueries(queryCount: u32): void {
  assert(queryCount >= 1 && queryCount <= queriesMax, 'a search has 1 to 64 queries');
}
