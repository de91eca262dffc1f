/**
 * Where each indexed hash stands: (content number, time range, quality), as linked lists in typed arrays, one list a
 * slot. 17 bytes a posting; a range stands for a run of identical frames of one content.
 */

export interface Posting {
  readonly contentNumber: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly quality: number;
}

export interface Postings {
  add(slot: number, posting: Posting): void;
  /** Takes all postings of a content out of a slot; true when the slot has none left. */
  removeContent(slot: number, contentNumber: number): boolean;
  /** Visits the postings of a slot, the newest first, until `visit` returns false. */
  visit(slot: number, visit: (posting: Posting) => boolean): void;
}

/** Marks the end of a list; lists hold index + 1, so that fresh arrays are empty lists. */
const none = 0;
const initialSize = 1024;

export function createPostings(): Postings {
  let heads = new Uint32Array(initialSize);
  let nexts = new Uint32Array(initialSize);
  let contents = new Uint32Array(initialSize);
  let froms = new Uint32Array(initialSize);
  let untils = new Uint32Array(initialSize);
  let qualities = new Uint8Array(initialSize);
  let size = 0;
  let freed = none;

  const takePlace = (): number => {
    if (freed !== none) {
      const place = freed - 1;
      freed = nexts[place] ?? none;
      return place;
    }
    if (size === nexts.length) {
      nexts = grown(nexts, size + 1);
      contents = grown(contents, size + 1);
      froms = grown(froms, size + 1);
      untils = grown(untils, size + 1);
      const larger = new Uint8Array(nexts.length);
      larger.set(qualities);
      qualities = larger;
    }
    size += 1;
    return size - 1;
  };

  return {
    add(slot, posting) {
      heads = grown(heads, slot + 1);
      const place = takePlace();
      contents[place] = posting.contentNumber;
      froms[place] = posting.fromMs;
      untils[place] = posting.untilMs;
      qualities[place] = posting.quality;
      nexts[place] = heads[slot] ?? none;
      heads[slot] = place + 1;
    },
    removeContent(slot, contentNumber) {
      let kept = none;
      let entry = heads[slot] ?? none;
      heads[slot] = none;
      while (entry !== none) {
        const next = nexts[entry - 1] ?? none;
        if (contents[entry - 1] === contentNumber) {
          nexts[entry - 1] = freed;
          freed = entry;
        } else {
          if (kept === none) heads[slot] = entry;
          else nexts[kept - 1] = entry;
          nexts[entry - 1] = none;
          kept = entry;
        }
        entry = next;
      }
      return heads[slot] === none;
    },
    visit(slot, visit) {
      let entry = heads[slot] ?? none;
      while (entry !== none) {
        const place = entry - 1;
        const posting = {
          contentNumber: contents[place] ?? 0,
          fromMs: froms[place] ?? 0,
          untilMs: untils[place] ?? 0,
          quality: qualities[place] ?? 0,
        };
        if (!visit(posting)) return;
        entry = nexts[place] ?? none;
      }
    },
  };
}

function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const larger = new Uint32Array(Math.max(array.length * 2, length));
  larger.set(array);
  return larger;
}
