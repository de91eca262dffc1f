/** Known content as of a position in the bank log: what is active, by id, by number and by SHA-256. */
import { limits } from '../config/limits.ts';
import type { BankContent } from '../contracts/bank.ts';
import { FloodgateError } from '../errors.ts';
import type { HammingIndex } from '../kernel/hamming-index.ts';
import type { KnownContent } from '../match/known-content.ts';
import type { BankChange, BankRevision } from './bank-records.ts';
import { createKnownFrames, type KnownFrames } from './known-frames.ts';
import { createPendingParts } from './pending-parts.ts';

export interface ActiveContent {
  readonly number: number;
  readonly known: KnownContent;
  readonly summary: BankContent;
  readonly parts: number;
  readonly slots: Uint32Array;
}

export interface BankTable {
  /** Applies one record's change. Gives what became active or was removed by it. Throws bank_full; nothing changed then. */
  apply(change: BankChange, offset: number): 'add' | 'remove' | undefined;
  find(contentId: string): ActiveContent | undefined;
  findByNumber(contentNumber: number): ActiveContent | undefined;
  findBySha256(sha256: string): readonly KnownContent[];
  /** Every content id, ascending. */
  contentIds(): readonly string[];
  readonly size: number;
  readonly frames: KnownFrames;
}

/** `frameQualityMin` is asked at each addition: frames below it are counted and left out of the index. */
export function createBankTable(index: HammingIndex, frameQualityMin: () => number): BankTable {
  const frames = createKnownFrames(index);
  const pending = createPendingParts();
  const byId = new Map<string, ActiveContent>();
  const byNumber = new Map<number, ActiveContent>();
  const bySha256 = new Map<string, Set<ActiveContent>>();
  let lastNumber = 0;
  let sortedIds: string[] | undefined;

  const drop = (active: ActiveContent): void => {
    frames.remove(active.number, active.slots);
    byId.delete(active.known.contentId);
    byNumber.delete(active.number);
    const sharing = bySha256.get(active.known.sha256 ?? '');
    sharing?.delete(active);
    if (sharing?.size === 0) bySha256.delete(active.known.sha256 ?? '');
  };
  const activate = (revision: BankRevision, offset: number): void => {
    const before = byId.get(revision.contentId);
    if (before === undefined && byId.size >= limits.bankContentsMax) {
      throw new FloodgateError('bank_full', `The bank holds ${byId.size} contents, as many as it may.`);
    }
    const active = indexRevision(frames, revision, lastNumber + 1, offset, frameQualityMin());
    lastNumber += 1;
    if (before !== undefined) drop(before);
    byId.set(revision.contentId, active);
    byNumber.set(active.number, active);
    if (revision.sha256 !== undefined) {
      const sharing = bySha256.get(revision.sha256) ?? new Set();
      bySha256.set(revision.sha256, sharing.add(active));
    }
  };

  return {
    frames,
    apply(change, offset) {
      if (change.kind === 'tombstone') {
        pending.forget(change.contentId, change.part);
        const active = byId.get(change.contentId);
        // A tombstone beyond the last part cleans up after a longer revision; it says nothing of this one.
        if (active === undefined || change.part >= active.parts) return undefined;
        drop(active);
        sortedIds = undefined;
        return 'remove';
      }
      const complete = pending.add(change.part, change.revision);
      if (complete === undefined) return undefined;
      activate(complete, offset);
      sortedIds = undefined;
      return 'add';
    },
    find: (contentId) => byId.get(contentId),
    findByNumber: (contentNumber) => byNumber.get(contentNumber),
    findBySha256: (sha256) => [...(bySha256.get(sha256) ?? [])].map((active) => active.known),
    contentIds() {
      sortedIds ??= [...byId.keys()].sort();
      return sortedIds;
    },
    get size() {
      return byId.size;
    },
  };
}

function indexRevision(
  frames: KnownFrames,
  revision: BankRevision,
  number: number,
  offset: number,
  frameQualityMin: number,
): ActiveContent {
  const searchable = revision.frames.filter((frame) => frame.quality >= frameQualityMin);
  const slots = frames.add(number, searchable, revision.framesPerSecond);
  const { contentId, bank, labels, kind, sha256, durationMs, framesPerSecond } = revision;
  const known = { contentId, bank, labels, kind, revision: revision.revision, durationMs, framesPerSecond, sha256 };
  const summary: BankContent = {
    contentId,
    bank,
    revision: revision.revision,
    labels: [...labels],
    kind,
    ...(sha256 === undefined ? {} : { sha256 }),
    durationSeconds: durationMs / 1000,
    framesPerSecond,
    framesIndexed: searchable.length,
    framesLowQuality: revision.frames.length - searchable.length,
    addedAt: revision.addedAt,
    bankPosition: offset,
  };
  return { number, known, summary, parts: revision.parts, slots };
}
