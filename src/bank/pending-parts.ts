/**
 * Parts of revisions that are not complete yet. A revision becomes active when all its parts have been read; of one
 * content only the one that came last is waited for: the log's order says what is newest, not the number, which starts
 * again after a removal; and compaction may have taken parts of those before it.
 */
import { type BankRevision, changeOf, partRecord, wholeRevision } from './bank-records.ts';
import { pieceOf, type TableImage } from './columns.ts';

interface Pending {
  readonly generation: string;
  readonly parts: Map<number, BankRevision>;
}

export interface PendingParts {
  /** Takes a part; gives the whole revision, frames in order of parts, once it is complete. */
  add(part: number, revision: BankRevision): BankRevision | undefined;
  /** Forgets a part, by a tombstone. */
  forget(contentId: string, part: number): void;
  image(): [string, Uint8Array<ArrayBuffer>][];
}

const pieceName = 'pending';

/** None, or those that were waited for when the image was taken. */
export function createPendingParts(image?: TableImage): PendingParts {
  const pending = new Map<string, Pending>();
  const parts = {
    add(part: number, revision: BankRevision): BankRevision | undefined {
      const { contentId } = revision;
      if (revision.parts === 1) {
        if (pending.size > 0) pending.delete(contentId);
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
      return wholeRevision(
        inOrder.map(([, each]) => each),
        revision,
      );
    },
    forget(contentId: string, part: number): void {
      const waiting = pending.get(contentId);
      waiting?.parts.delete(part);
      if (waiting?.parts.size === 0) pending.delete(contentId);
    },
    image(): [string, Uint8Array<ArrayBuffer>][] {
      const waiting = [...pending.values()].flatMap((each) => [...each.parts]);
      const records = waiting.map(([part, revision]) => partRecord(revision, part));
      return [[pieceName, new Uint8Array(Buffer.from(JSON.stringify(records)))]];
    },
  };
  if (image !== undefined) {
    const records: unknown[] = JSON.parse(Buffer.from(pieceOf(image, pieceName)).toString('utf8'));
    for (const { part, revision } of records.map(changeOf)) parts.add(part, revision);
  }
  return parts;
}

/** Two writers may have given the same revision number; their parts must not mix. */
function generationOf({ revision, parts, addedAt }: BankRevision): string {
  return `${revision}/${parts}/${addedAt}`;
}
