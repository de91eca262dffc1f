/** Known content as of a position in the bank log: what is active, by id, by number and by SHA-256. */
import { limits } from '../config/limits.ts';
import { FloodgateError } from '../errors.ts';
import type { HammingIndex } from '../kernel/hamming-index.ts';
import type { BankChange, BankRevision } from './bank-records.ts';
import type { TableImage } from './columns.ts';
import { type ContentFacts, type ContentRows, createContentRows } from './content-rows.ts';
import { createKnownFrames, type KnownFrames } from './known-frames.ts';
import { createPendingParts } from './pending-parts.ts';
import { createSortedIds } from './sorted-ids.ts';

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
  /** All there is as bytes, for a snapshot. Views, which hold until the next change. */
  image(): TableImage;
}

/** Facts that were unpacked and may be asked for again soon: an upload asks for the same few contents all the time. */
const unpackedMax = 4_096;

/**
 * Empty, or as it was when the image was taken; the index must then be that of the same moment. `frameQualityMin` is asked
 * at each addition: frames below it are counted and left out of the index. Throws snapshot_damaged.
 */
export function createBankTable(index: HammingIndex, frameQualityMin: () => number, image?: TableImage): BankTable {
  const rows = createContentRows(image);
  const frames = createKnownFrames(index, (row) => rows.numberOf(row), image);
  const pending = createPendingParts(image);
  const sorted = createSortedIds();
  const { factsOf, forget } = keepUnpacked(rows);

  const drop = (row: number): void => {
    frames.remove(row);
    rows.drop(row);
    forget(row);
  };
  const activate = (revision: BankRevision, offset: number): void => {
    const before = rows.rowOf(revision.contentId);
    if (before === undefined && rows.size >= limits.bankContentsMax) {
      throw new FloodgateError('bank_full', `The bank holds ${rows.size} contents, as many as it may.`);
    }
    const leastQuality = frameQualityMin();
    const searchable = revision.frames.filter((frame) => frame.quality >= leastQuality);
    const row = rows.add(factsOfRevision(revision, searchable.length, offset));
    try {
      frames.add(row, searchable, revision.framesPerSecond);
    } catch (error) {
      rows.drop(row);
      throw error;
    }
    if (before === undefined) sorted.added(revision.contentId);
    else drop(before);
  };

  return {
    frames,
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
    image: () => new Map([...rows.image(), ...frames.image(), ...pending.image()]),
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

function factsOfRevision(revision: BankRevision, framesIndexed: number, bankPosition: number): ContentFacts {
  const { frames, ...facts } = revision;
  return { ...facts, framesIndexed, framesLowQuality: frames.length - framesIndexed, bankPosition };
}
