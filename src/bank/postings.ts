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

/** Columns of one table, a row a posting. They grow together. */
interface Columns {
  readonly nexts: Uint32Array<ArrayBuffer>;
  readonly contents: Uint32Array<ArrayBuffer>;
  readonly froms: Uint32Array<ArrayBuffer>;
  readonly untils: Uint32Array<ArrayBuffer>;
  readonly qualities: Uint8Array<ArrayBuffer>;
}

export function createPostings(): Postings {
  let heads = new Uint32Array(initialSize);
  let columns = columnsOf(initialSize);
  let size = 0;
  let freed = none;

  const takePlace = (): number => {
    if (freed !== none) {
      const place = freed - 1;
      freed = columns.nexts[place] ?? none;
      return place;
    }
    if (size === columns.nexts.length) columns = grownColumns(columns, size * 2);
    size += 1;
    return size - 1;
  };

  return {
    add(slot, posting) {
      if (slot >= heads.length) heads = copiedInto(new Uint32Array(Math.max(heads.length * 2, slot + 1)), heads);
      const place = takePlace();
      columns.nexts[place] = heads[slot] ?? none;
      writePosting(columns, place, posting);
      heads[slot] = place + 1;
    },
    removeContent(slot, contentNumber) {
      const { nexts, contents } = columns;
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
        if (!visit(readPosting(columns, entry - 1))) return;
        entry = columns.nexts[entry - 1] ?? none;
      }
    },
  };
}

function writePosting(columns: Columns, place: number, posting: Posting): void {
  columns.contents[place] = posting.contentNumber;
  columns.froms[place] = posting.fromMs;
  columns.untils[place] = posting.untilMs;
  columns.qualities[place] = posting.quality;
}

function readPosting({ contents, froms, untils, qualities }: Columns, place: number): Posting {
  return {
    contentNumber: contents[place] ?? 0,
    fromMs: froms[place] ?? 0,
    untilMs: untils[place] ?? 0,
    quality: qualities[place] ?? 0,
  };
}

function columnsOf(rows: number): Columns {
  return {
    nexts: new Uint32Array(rows),
    contents: new Uint32Array(rows),
    froms: new Uint32Array(rows),
    untils: new Uint32Array(rows),
    qualities: new Uint8Array(rows),
  };
}

function grownColumns(columns: Columns, rows: number): Columns {
  const larger = columnsOf(rows);
  copiedInto(larger.nexts, columns.nexts);
  copiedInto(larger.contents, columns.contents);
  copiedInto(larger.froms, columns.froms);
  copiedInto(larger.untils, columns.untils);
  copiedInto(larger.qualities, columns.qualities);
  return larger;
}

function copiedInto<Column extends Uint32Array | Uint8Array>(larger: Column, column: Column): Column {
  larger.set(column);
  return larger;
}
