/** Content ids in order, sorted when somebody lists them; what is added between two pages is sorted by itself. */

export interface SortedIds {
  added(contentId: string): void;
  /**
   * Ids above `after`, ascending; an id that was removed may still be among them. `all` gives every id, and is asked
   * only when the order must be made anew.
   */
  above(after: string | undefined, all: () => string[]): Generator<string, undefined>;
}

/** The whole is sorted anew when so many have been added, or a fourth of it. */
const recentMin = 1024;

export function createSortedIds(): SortedIds {
  /** Nobody has listed anything yet while there is none. */
  let base: string[] | undefined;
  let recent = new Set<string>();
  let sortedRecent: string[] | undefined;
  return {
    added(contentId) {
      if (base === undefined || recent.has(contentId)) return;
      recent.add(contentId);
      sortedRecent = undefined;
    },
    *above(after, all) {
      if (base === undefined || recent.size > Math.max(recentMin, base.length / 4)) {
        base = all().sort();
        recent = new Set();
        sortedRecent = [];
      }
      sortedRecent ??= [...recent].sort();
      yield* merged(base, sortedRecent, after);
      return undefined;
    },
  };
}

function* merged(base: readonly string[], recent: readonly string[], after: string | undefined): Generator<string> {
  let [b, r] = [firstAbove(base, after), firstAbove(recent, after)];
  for (;;) {
    const [one, other] = [base[b], recent[r]];
    if (one === undefined && other === undefined) return;
    if (other === undefined || (one !== undefined && one <= other)) {
      b += 1;
      // What was removed and added again stands in both.
      if (one === other) r += 1;
      if (one !== undefined) yield one;
    } else {
      r += 1;
      yield other;
    }
  }
}

function firstAbove(ids: readonly string[], after: string | undefined): number {
  if (after === undefined) return 0;
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
