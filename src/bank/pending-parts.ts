/**
 * Parts of revisions that are not complete yet. A revision becomes active when all its parts have been read; of one
 * content only the one that came last is waited for: the log's order says what is newest, not the number, which starts
 * again after a removal; and compaction may have taken parts of those before it.
 */
import type { BankRevision } from './bank-records.ts';

interface Pending {
  readonly generation: string;
  readonly parts: Map<number, BankRevision>;
}

export interface PendingParts {
  /** Takes a part; gives the whole revision, frames in order of parts, once it is complete. */
  add(part: number, revision: BankRevision): BankRevision | undefined;
  /** Forgets a part, by a tombstone. */
  forget(contentId: string, part: number): void;
}

export function createPendingParts(): PendingParts {
  const pending = new Map<string, Pending>();
  return {
    add(part, revision) {
      const { contentId } = revision;
      if (revision.parts === 1) {
        pending.delete(contentId);
        return revision;
      }
      const generation = generationOf(revision);
      let waiting = pending.get(contentId);
      if (waiting?.generation !== generation) {
        waiting = { generation, parts: new Map() };
        pending.set(contentId, waiting);
      }
      waiting.parts.set(part, revision);
      if (waiting.parts.size < revision.parts) return undefined;
      pending.delete(contentId);
      const inOrder = [...waiting.parts].sort(([a], [b]) => a - b);
      return { ...revision, frames: inOrder.flatMap(([, { frames }]) => frames) };
    },
    forget(contentId, part) {
      const waiting = pending.get(contentId);
      waiting?.parts.delete(part);
      if (waiting?.parts.size === 0) pending.delete(contentId);
    },
  };
}

/** Two writers may have given the same revision number; their parts must not mix. */
function generationOf({ revision, parts, addedAt }: BankRevision): string {
  return `${revision}/${parts}/${addedAt}`;
}
