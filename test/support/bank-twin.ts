/** The bank's table as maps of objects and loops over everything: the slow, obvious one. */
import type { BankChange, BankRevision } from '../../src/bank/bank-records.ts';
import type { TableImage } from '../../src/bank/columns.ts';
import { bitsBetween } from '../../src/match/bits.ts';

interface TwinContent {
  readonly revision: BankRevision;
  readonly bankPosition: number;
}

export interface SeenMatch {
  readonly contentId: string | undefined;
  readonly knownTimeMs: number;
  readonly distanceBits: number;
}

export class BankTwin {
  readonly #active = new Map<string, TwinContent>();
  readonly #parts = new Map<string, Map<number, BankRevision>>();
  readonly #frameQualityMin: number;

  constructor(frameQualityMin: number) {
    this.#frameQualityMin = frameQualityMin;
  }

  apply(change: BankChange, offset: number): void {
    if (change.kind === 'tombstone') {
      const { contentId, part } = change;
      const waiting = this.#parts.get(contentId);
      waiting?.delete(part);
      if (waiting?.size === 0) this.#parts.delete(contentId);
      const active = this.#active.get(contentId);
      if (active !== undefined && part < active.revision.parts) this.#active.delete(contentId);
      return;
    }
    const { contentId, revision, parts, addedAt } = change.revision;
    let waiting = this.#parts.get(contentId);
    const [before] = waiting?.values() ?? [];
    const isOfOne = before?.revision === revision && before.parts === parts && before.addedAt === addedAt;
    if (waiting === undefined || !isOfOne) waiting = new Map();
    waiting.set(change.part, change.revision);
    this.#parts.set(contentId, waiting);
    if (waiting.size < parts) return;
    this.#parts.delete(contentId);
    const frames = [...waiting].sort(([a], [b]) => a - b).flatMap(([, each]) => each.frames);
    this.#active.set(contentId, { revision: { ...change.revision, frames }, bankPosition: offset });
  }

  /** What `BankTable.list` gives. */
  list(bank?: string): unknown[] {
    const contents = [...this.#active.values()].filter(
      (content) => bank === undefined || content.revision.bank === bank,
    );
    return contents
      .sort((a, b) => (a.revision.contentId < b.revision.contentId ? -1 : 1))
      .map(({ revision: { frames, ...facts }, bankPosition }) => {
        const framesIndexed = frames.filter((frame) => frame.quality >= this.#frameQualityMin).length;
        return {
          ...facts,
          framesIndexed,
          framesLowQuality: frames.length - framesIndexed,
          viewsIndexed: 0,
          bankPosition,
        };
      });
  }

  findBySha256(sha256: string): string[] {
    const found = [...this.#active.values()].filter(({ revision }) => revision.sha256 === sha256);
    return found.sort((a, b) => a.bankPosition - b.bankPosition).map(({ revision }) => revision.contentId);
  }

  /** Every searchable frame within the radius. The frames of a content must lie too far apart to be one range. */
  search(hash: Uint8Array, radiusBits: number): SeenMatch[] {
    return [...this.#active.values()].flatMap(({ revision: { contentId, frames } }) =>
      frames
        .filter((frame) => frame.quality >= this.#frameQualityMin)
        .map(({ hash: known, timeMs }) => ({
          contentId,
          knownTimeMs: timeMs,
          distanceBits: bitsBetween(hash, known),
        }))
        .filter((match) => match.distanceBits <= radiusBits),
    );
  }
}

export function inOrder(matches: readonly SeenMatch[]): SeenMatch[] {
  const keyOf = ({ contentId, knownTimeMs, distanceBits }: SeenMatch) => `${contentId} ${knownTimeMs} ${distanceBits}`;
  return [...matches].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** As it is read from a snapshot: every piece one array of its own. */
export function copiedImage(image: TableImage): TableImage {
  const pieces = [...image].map(([name, piece]): [string, Uint8Array<ArrayBuffer>] => {
    return [name, new Uint8Array(Buffer.concat(piece instanceof Uint8Array ? [piece] : piece))];
  });
  return new Map(pieces);
}
