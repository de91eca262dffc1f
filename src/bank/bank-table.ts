/** Known content as of a position in the bank log: what is active, by id, by number and by SHA-256. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { HammingIndex } from '../kernel/hamming-index.ts';
import type { DeepContent } from '../match/deep-content.ts';
import type { BankChange, BankRevision } from './bank-records.ts';
import type { TableImage } from './columns.ts';
import { type ContentFacts, type ContentRows, createContentRows } from './content-rows.ts';
import { createDeepContents, type DeepContents } from './deep-contents.ts';
import { createKnownFrames, type KnownFrames } from './known-frames.ts';
import { createPendingParts } from './pending-parts.ts';
import { createSortedIds } from './sorted-ids.ts';
import { usableViews } from './view-runs.ts';

export interface BankTable {
  /** Applies one record's change. Gives what became active or was removed by it. Throws bank_full; nothing changed then. */
  apply(change: BankChange, offset: number): 'add' | 'remove' | undefined;
  find(contentId: string): ContentFacts | undefined;
  findByNumber(contentNumber: number): ContentFacts | undefined;
  /** In the order in which they became known. */
  findBySha256(sha256: string): readonly ContentFacts[];
  /** Contents with ids above `after`, of one bank where one is named, in order of id. Not to be kept over a change. */
  list(filter: { readonly bank?: string }, after: string | undefined): Generator<ContentFacts, undefined>;
  readonly size: number;
  readonly frames: Pick<KnownFrames, 'search'>;
  readonly deep: Pick<DeepContents, 'name' | 'content' | 'hashes' | 'contents'>;
  /** The deep side of a content by its number. */
  findDeep(contentNumber: number): DeepContent | undefined;
  /** All there is as bytes, for a snapshot. Views, which hold until the next change. */
  image(): TableImage;
}

/** Facts that were unpacked and may be asked for again soon: an upload asks for the same few contents all the time. */
const unpackedMax = 4_096;

export interface BankTableOptions {
  /** Of whole frames. */
  readonly index: HammingIndex;
  /** Of views; empty. */
  readonly deepIndex: HammingIndex;
  /** Asked at each addition: frames and views below it are counted and left out of the indexes. */
  readonly frameQualityMin: () => number;
  /** limits.hotHashesMax when left out. */
  readonly hotHashesMax?: number | undefined;
}

/**
 * Empty, or as it was when the image was taken; the index of whole frames must then be that of the same moment, and the
 * deep one is filled anew. Throws snapshot_damaged.
 */
export function createBankTable(options: BankTableOptions, image?: TableImage): BankTable {
  const rows = createContentRows(image);
  const { frames, deep, add, drop: dropSearchable } = createSearchable(options, rows, image);
  const pending = createPendingParts(image);
  const sorted = createSortedIds();
  const { factsOf, forget } = keepUnpacked(rows);

  const drop = (row: number): void => {
    dropSearchable(row);
    forget(row);
  };
  const activate = (revision: BankRevision, offset: number): void => {
    const before = rows.rowOf(revision.contentId);
    if (before === undefined && rows.size >= limits.bankContentsMax) {
      throw new FloodgateError('bank_full', `The bank holds ${rows.size} contents, as many as it may.`);
    }
    add(revision, offset);
    if (before === undefined) sorted.added(revision.contentId);
    else drop(before);
  };

  return {
    frames,
    deep,
    findDeep: (contentNumber) => ifThere(rows.rowOfNumber(contentNumber), (row) => deep.content(row)),
    apply(change, offset) {
      if (change.kind === 'tombstone') {
        pending.forget(change.contentId, change.part);
        const row = rows.rowOf(change.contentId);
        // A tombstone beyond the last part cleans up after a longer revision; it says nothing of this one.
        if (row === undefined || change.part >= factsOf(row).parts) return undefined;
        drop(row);
        return 'remove';
      }
      const complete = pending.add(change.part, change.revision);
      if (complete === undefined) return undefined;
      activate(complete, offset);
      return 'add';
    },
    find: (contentId) => ifThere(rows.rowOf(contentId), factsOf),
    findByNumber: (contentNumber) => ifThere(rows.rowOfNumber(contentNumber), factsOf),
    findBySha256: (sha256) =>
      rows
        .rowsOfSha256(sha256)
        .map(factsOf)
        .sort((a, b) => a.bankPosition - b.bankPosition),
    *list({ bank }, after) {
      for (const contentId of sorted.above(after, () => rows.contentIds())) {
        const row = rows.rowOf(contentId);
        if (row === undefined || (bank !== undefined && !rows.isInBank(row, contentId, bank))) continue;
        yield rows.facts(row);
      }
      return undefined;
    },
    get size() {
      return rows.size;
    },
    image: () => new Map([...rows.image(), ...frames.image(), ...deep.image(), ...pending.image()]),
  };
}

/** A content's row with what its frames and views are found by: all of it, or nothing. */
function createSearchable(options: BankTableOptions, rows: ContentRows, image: TableImage | undefined) {
  const { index, deepIndex, frameQualityMin, hotHashesMax } = options;
  const numberOf = (row: number): number => rows.numberOf(row);
  const frames = createKnownFrames({ index, numberOf, hotHashesMax }, image);
  const deep = createDeepContents({ index: deepIndex, qualityMin: frameQualityMin, numberOf, hotHashesMax }, image);
  const drop = (row: number): void => {
    frames.remove(row);
    deep.remove(row);
    rows.drop(row);
  };
  return {
    frames,
    deep,
    drop,
    add(revision: BankRevision, offset: number): void {
      const leastQuality = frameQualityMin();
      const searchable = revision.frames.filter((frame) => frame.quality >= leastQuality);
      const viewsIndexed = usableViews(revision.views ?? new Uint8Array(0), leastQuality);
      const row = rows.add(factsOfRevision(revision, searchable.length, viewsIndexed, offset));
      try {
        frames.add(row, searchable, revision.framesPerSecond);
        deep.add(row, revision);
      } catch (error) {
        drop(row);
        throw error;
      }
    },
  };
}

/** The facts of rows, kept for a while. */
function keepUnpacked(rows: ContentRows) {
  const unpacked = new Map<number, ContentFacts>();
  return {
    forget: (row: number): void => void unpacked.delete(row),
    factsOf(row: number): ContentFacts {
      const known = unpacked.get(row);
      if (known !== undefined) return known;
      if (unpacked.size >= unpackedMax) unpacked.clear();
      const facts = rows.facts(row);
      unpacked.set(row, facts);
      return facts;
    },
  };
}

function ifThere<T>(row: number | undefined, then: (row: number) => T): T | undefined {
  return row === undefined ? undefined : then(row);
}

function factsOfRevision(
  revision: BankRevision,
  framesIndexed: number,
  viewsIndexed: number,
  bankPosition: number,
): ContentFacts {
  const { frames, aspect: _, views: __, thumbnails: ___, ...facts } = revision;
  return { ...facts, framesIndexed, framesLowQuality: frames.length - framesIndexed, viewsIndexed, bankPosition };
}
